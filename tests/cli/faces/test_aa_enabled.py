"""aa-enabled: what Debian's own says of the same host."""

from collections.abc import Callable
from typing import Any

import pytest


def _on(host: Any) -> None:
    pass


def _off(host: Any) -> None:
    (host.parameters / "enabled").write_text("N\n")


def _private(host: Any) -> None:
    _off(host)
    (host.parameters / "available").write_text("Y\n")


def _absent(host: Any) -> None:
    (host.sys / "module/apparmor").rename(host.sys / "module/other")


def _unmounted(host: Any) -> None:
    (host.proc / "mounts").write_text("")


def _strange(host: Any) -> None:
    (host.parameters / "enabled").unlink()
    (host.parameters / "enabled").symlink_to("enabled")


@pytest.mark.parametrize("state", [_on, _off, _private, _absent, _unmounted, _strange])
def test_word_and_exit_status_are_debians(
    faked_host: Any, inside: Any, debian: Any, ours: Any, state: Callable[[Any], None]
) -> None:
    state(faked_host)
    theirs = debian("sid", "aa-enabled")
    for options in ((), ("-q",), ("--quiet", "-x"), ("--exclusive",)):
        expected, found = inside([*theirs, *options]), inside([*ours("aa-enabled"), *options])
        answer = (found.stdout, found.stderr, found.returncode)
        assert answer == (expected.stdout, expected.stderr, expected.returncode), options


@pytest.mark.parametrize("options", [("-h",), ("--help",), ("-y",), ("-q", "-x", "-q"), ("-q", "--no")])
def test_help_and_bad_command_lines_exit_1_as_there(
    faked_host: Any, inside: Any, debian: Any, ours: Any, options: tuple[str, ...]
) -> None:
    expected, found = inside([*debian("sid", "aa-enabled"), *options]), inside([*ours("aa-enabled"), *options])
    assert found.returncode == expected.returncode == 1
    first = expected.stdout.splitlines()[0]
    assert found.stdout.startswith(first if b"option" in first.split(b":")[0] else b"usage: aa-enabled")
