"""aa-status: byte for byte what Debian's own prints, but for JSON that is none there."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from dockarmor.cli.faces.aa_status import status
from dockarmor.cli.faces.places import Places

#: command lines on which text and exit status are the original's
SAME = [
    (),
    ("--verbose",),
    ("-v",),
    ("--show=all",),
    ("--show=profiles",),
    ("--show", "processes"),
    ("--count",),
    ("--count", "--show=processes"),
    ("--count", "--json"),
    ("--count", "--pretty-json", "--show=profiles"),
    ("--profiled",),
    ("--enforced",),
    ("--complaining",),
    ("--prompt",),
    ("--kill",),
    ("--special-unconfined",),
    ("--process-mixed",),
    ("--enabled",),
    ("--enabled", "--bogus"),
    ("--filter.mode=en",),
    ("--filter.mode=mixed", "--show=processes"),
    ("--filter.mode", r"kill\|prompt"),
    ("--filter.profiles=^/usr",),
    ("--filter.profiles", "man|foo"),
    ("--filter.exe=sleep$",),
    ("--filter.pid=^2", "--json"),
    ("--json", "--show=profiles"),
    ("--pretty-json", "--show=profiles"),
    ("--json", "--filter.mode=enforce"),
    ("--pretty-json", "--filter.mode=enforce"),
    ("--pretty-json", "--filter.mode=none"),
    ("--count", "--filter.mode=complain"),
    ("--profiled", "--verbose"),
]
#: those that AppArmor 3 knows, which takes one option
SAME_3 = [(), ("--verbose",), ("--profiled",), ("--enforced",), ("--complaining",), ("--kill",), ("--enabled",)]
SAME_3 += [("--special-unconfined",), ("--process-mixed",)]
NEWER = ["sid", "trixie"]


@pytest.fixture
def busy(faked_host: Any) -> Any:
    """A host with every mode, odd names, namespaces, stacks, and programs that share a profile."""
    faked_host.profile("/usr/bin/man", children=("filter", "groff"))
    faked_host.profile("docker-default")
    faked_host.profile("with (brackets) inside")
    faked_host.profile("caf\xc3\xa9")
    faked_host.profile("foo", "complain")
    faked_host.profile("/usr/bin/sleep", "complain")
    faked_host.profile("asks", "user")
    faked_host.profile("kills", "kill")
    faked_host.profile("runc", "unconfined")
    with open(faked_host.root / "profiles", "a") as file:
        file.write(":ns1:inner (enforce)\n:ns1//ns2:deep (complain)\n")
    faked_host.task(21, "docker-default (enforce)", "/gone/nginx")
    faked_host.task(22, "docker-default (enforce)", "/gone/nginx (deleted)")
    faked_host.task(31, "docker-default//&foo (mixed)", "/gone/bash")
    faked_host.task(32, "/usr/bin/man (enforce)", "/usr/bin/man")
    faked_host.task(33, "unconfined", "/usr/bin/sleep")
    faked_host.task(34, "unconfined", "/gone/other")
    faked_host.task(35, "foo (complain)", "/gone/zsh", file="attr/current")
    faked_host.task(36, "asks (user)", "/gone/asks")
    faked_host.task(37, "kills (kill)", "/gone/kills")
    faked_host.task(38, "foo (complain)", "/gone/ash")
    faked_host.task(39, ":ns1:inner (enforce)", "/gone/a")
    faked_host.task(40, "foo (enforce)", "")
    return faked_host


@pytest.mark.parametrize("suite", NEWER)
def test_text_json_and_exit_status_are_debians(busy: Any, inside: Any, debian: Any, ours: Any, suite: str) -> None:
    theirs = debian(suite, "aa-status")
    for options in SAME:
        expected, found = inside([*theirs, *options]), inside([*ours("aa-status"), *options])
        assert found.stdout == expected.stdout, options
        assert (found.stderr, found.returncode) == (expected.stderr, expected.returncode), options


@pytest.mark.parametrize(
    "options", [("--filter.pid=[",), ("--filter.mode=[", "--filter.pid=["), ("--filter.exe=\\(",)]
)
def test_a_filter_that_is_none_is_named_as_debian_names_it(
    busy: Any, inside: Any, debian: Any, ours: Any, options: tuple[str, ...]
) -> None:
    """Only that: the original ends by freeing what it never had, and crashes."""
    expected, found = inside([*debian("sid", "aa-status"), *options]), inside([*ours("aa-status"), *options])
    assert found.stderr == expected.stderr
    assert (found.stdout, found.returncode) == (b"", 42)


def test_the_text_of_apparmor_3_is_debian_12s(busy: Any, inside: Any, debian: Any, ours: Any) -> None:
    theirs = debian("bookworm", "aa-status")
    for options in SAME_3:
        expected, found = inside([*theirs, *options]), inside([*ours("aa-status"), "--text=3", *options])
        assert found.stdout == expected.stdout, options
        assert (found.stderr, found.returncode) == (expected.stderr, expected.returncode), options


def _off(host: Any) -> None:
    (host.parameters / "enabled").write_text("N\n")


def _absent(host: Any) -> None:
    (host.sys / "module/apparmor").rename(host.sys / "module/other")


def _unmounted(host: Any) -> None:
    (host.proc / "mounts").write_text("")


def _empty(host: Any) -> None:
    (host.root / "profiles").write_text("")


def _unreadable(host: Any) -> None:
    (host.root / "profiles").unlink()
    (host.root / "profiles").symlink_to("profiles")


STATES = [_off, _absent, _unmounted, _empty, _unreadable]


@pytest.mark.parametrize("state", STATES)
def test_what_is_wrong_with_a_host_is_said_as_debian_says_it(
    busy: Any, inside: Any, debian: Any, ours: Any, state: Callable[[Any], None]
) -> None:
    state(busy)
    for options in ((), ("--json",), ("--enabled",), ("--profiled",), ("--quiet",)):
        expected = inside([*debian("sid", "aa-status"), *options])
        found = inside([*ours("aa-status"), *options])
        assert found.stdout == expected.stdout, options
        # One message of the original lacks its newline.
        assert found.stderr.rstrip() == expected.stderr.rstrip(), options
        assert found.returncode == expected.returncode, options
    for options in ((), ("--enabled",), ("--profiled",)):
        expected = inside([*debian("bookworm", "aa-status"), *options])
        found = inside([*ours("aa-status"), "--text=3", *options])
        assert (found.stdout, found.stderr.rstrip()) == (expected.stdout, expected.stderr.rstrip()), options
        assert found.returncode == expected.returncode, options


@pytest.mark.parametrize("suite", NEWER)
def test_the_parts_of_a_name_with_newlines_are_told_as_debian_tells_them(
    faked_host: Any, inside: Any, debian: Any, ours: Any, suite: str
) -> None:
    (faked_host.root / "profiles").write_text("new\nline (enforce)\nother (complain)\n")
    for options in ((), ("--quiet",), ("--profiled",)):
        expected, found = inside([*debian(suite, "aa-status"), *options]), inside([*ours("aa-status"), *options])
        assert (found.stdout, found.stderr) == (expected.stdout, expected.stderr), options
        assert found.returncode == expected.returncode == 0, options


BAD = [("--bogus",), ("--pro",), ("--json=1",), ("-x",), ("--show",), ("word",), ("--filter",), ("--p",)]


@pytest.mark.parametrize("options", BAD)
def test_a_bad_command_line_is_answered_alike_but_for_the_usage(
    busy: Any, inside: Any, debian: Any, ours: Any, options: tuple[str, ...]
) -> None:
    theirs = debian("sid", "aa-status")
    expected, found = inside([*theirs, *options]), inside([*ours("aa-status"), *options])
    assert found.returncode == expected.returncode == 1
    assert found.stderr == expected.stderr.replace(theirs[-1].encode(), b"aa-status")
    assert found.stdout.startswith(b"usage: aa-status [OPTION]")


def places(host: Any) -> Places:
    return Places(str(host.proc), str(host.sys))


def test_json_is_valid_where_the_originals_is_not(faked_host: Any, capsysbinary: Any) -> None:
    faked_host.profile('with "quotes"')
    faked_host.profile("bad \xff utf-8", "complain")
    faked_host.task(1, 'with "quotes" (enforce)', "/gone/x")
    faked_host.task(2, "bad \xff utf-8 (complain)", "/gone/x")
    for form in ("--json", "--pretty-json"):
        assert status("aa-status", [form], places(faked_host)) == 0
        found = json.loads(capsysbinary.readouterr().out)
        assert found["profiles"] == {'with "quotes"': "enforce", "bad � utf-8": "complain"}
        # One program in two modes: the original says its name twice, so that readers lose one.
        assert sorted(one["pid"] for one in found["processes"]["/gone/x"]) == ["1", "2"]


def test_what_the_kernel_attests_of_a_profile_stands_behind_its_name(faked_host: Any, capsysbinary: Any) -> None:
    faked_host.profile("/usr/bin/x", identity="signed by me")
    assert status("aa-status", ["--show=profiles"], places(faked_host)) == 0
    assert b"   /usr/bin/x (signed by me)\n" in capsysbinary.readouterr().out


@pytest.mark.parametrize("option", ["--help", "-h", "--help=legacy", "-hfilters"])
def test_help_is_on_standard_output(faked_host: Any, option: str, capsys: Any) -> None:
    assert status("aa-status", [option], places(faked_host)) == 0
    assert "--filter.mode" in capsys.readouterr().out


def test_a_name_that_would_steer_a_terminal_is_printed_as_the_original_prints_it(
    faked_host: Any, capsysbinary: Any
) -> None:
    """Byte for byte: programs read this. `dockarmor status` is the one for people."""
    faked_host.profile("x\x1b[31m")
    status("aa-status", [], places(faked_host))
    assert b"   x\x1b[31m\n" in capsysbinary.readouterr().out
