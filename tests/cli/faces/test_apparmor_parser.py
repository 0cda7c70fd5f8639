"""apparmor_parser by name: cache, kernel, command line; side by side with the original in the other file."""

import os
import subprocess
import sys
from errno import ENAMETOOLONG, ENOENT
from pathlib import Path
from typing import Any

import pytest

from dockarmor.cli.faces import apparmor_parser, parser_options
from dockarmor.compile.compression import compressed
from dockarmor.compile.reader import read_blob
from dockarmor.policy.features import builtin

PROFILE = "profile one /bin/one {\n  include <known>\n  /x r,\n}\n"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to stand in: policy `one`, a base folder, features, a securityfs of plain files."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(parser_options, "CONFIG", os.devnull)
    (tmp_path / "base/abi").mkdir(parents=True)
    (tmp_path / "fs").mkdir()
    for name in (".load", ".replace", ".remove"):
        (tmp_path / "fs" / name).write_bytes(b"")
    (tmp_path / "base/known").write_text("/known r,\n")
    (tmp_path / "base/abi/own").write_text(builtin("kernel-6.12").text())
    (tmp_path / "one").write_text(PROFILE)
    (tmp_path / "features").write_text(builtin("kernel-6.12").text())
    return tmp_path


def parser(*arguments: str) -> int:
    given = ("--config-file=/dev/null", "-M", "features", "-b", "base", *arguments)
    return apparmor_parser.run("apparmor_parser", list(given))


def cached(*arguments: str) -> int:
    return parser("-QWk", "-L", "cache", *arguments)


def blob(place: Path) -> Path:
    return next(place.glob("cache/*/one"))


def test_what_is_compiled_is_loaded_in_one_write(place: Path, capfd: Any) -> None:
    (place / "one").write_text(PROFILE + "profile two { profile child { /y r, } }\n")
    assert parser("-rTv", "-f", "fs", "one") == 0
    names = ("one", "child", "two")
    assert capfd.readouterr().out.splitlines() == [f'Replacement succeeded for "{name}".' for name in names]
    assert (place / "fs/.replace").read_bytes().count(b"\x04\x08\x00version\x00") == 3
    assert (place / "fs/.load").read_bytes() == b""


def test_profiles_of_two_namespaces_are_two_writes(place: Path) -> None:
    (place / "one").write_text("profile :a:x { /x r, }\nprofile :b:y { /y r, }\n")
    assert parser("-aT", "-f", "fs", "one") == 0
    # A plain file keeps the longer of both; a kernel would have taken each.
    assert (place / "fs/.load").read_bytes().count(b"namespace") == 1


def test_a_kernel_that_refuses_gives_its_number(place: Path, capfd: Any) -> None:
    os.unlink("fs/.replace")
    assert parser("-r", "-f", "fs", "one") == 254  # ENOENT
    assert capfd.readouterr().err == 'apparmor_parser: Unable to replace "one".  Profile doesn\'t exist\n'


@pytest.mark.parametrize(
    ("name", "number", "words"),
    [("l" * 254, ENAMETOOLONG, "Unknown error (36): File name too long"), ("x//y", ENOENT, "Profile doesn't exist")],
)
def test_what_kernels_do_not_get_over_is_refused_before_they_have_it(
    place: Path, name: str, number: int, words: str, capfd: Any
) -> None:
    """From 6.17 on they would take nothing else afterwards. With the original's status and words."""
    (place / "fs/profiles").write_text("somebody (enforce)\n")
    (place / "one").write_text(f"profile {name} {{ /x r, }}\n")
    assert parser("-rT", "-f", "fs", "one") == 256 - number
    assert capfd.readouterr().err == f'apparmor_parser: Unable to replace "{name}".  {words}\n'
    assert parser("-QT", "-o", "blob", "one") == 0
    assert parser("-Br", "-f", "fs", "blob") == number
    assert capfd.readouterr().err == f"Could not replace profile blob : {os.strerror(number)}\n"
    assert (place / "fs/.replace").read_bytes() == b""
    (place / "one").write_text(f"profile {name[1:] if len(name) > 200 else 'somebody//child'} {{ /x r, }}\n")
    assert parser("-rT", "-f", "fs", "one") == 0
    assert (place / "fs/.replace").read_bytes() != b""


def test_the_cache_answers_until_a_source_changes(place: Path, capfd: Any) -> None:
    cached("one")
    assert capfd.readouterr().err.splitlines()[-2:] == ["Cache miss: one", f"Wrote cache: {blob(place)}"]
    first = blob(place)
    assert first.stat().st_mtime_ns == max(Path(file).stat().st_mtime_ns for file in ("one", "base/known"))
    assert (first.stat().st_mode & 0o777, first.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert (first.parent / ".features").read_bytes() == Path("features").read_bytes()
    cached("one")
    assert capfd.readouterr().err.splitlines()[-1] == f"Cache hit: {first}"
    for source in ("one", "base/known"):
        os.utime(source)
        cached("one")
        assert capfd.readouterr().err.splitlines()[1:] == ["Cache miss: one", f"Wrote cache: {first}"]
    cached("one")
    assert "Cache hit" in capfd.readouterr().err


def test_a_feature_set_that_the_policy_names_is_a_source(place: Path, capfd: Any) -> None:
    (place / "one").write_text("abi <abi/own>,\n" + PROFILE)
    cached("one")
    cached("one")
    assert "Cache hit" in capfd.readouterr().err
    later = blob(place).stat().st_ctime_ns + 10**9
    os.utime("base/abi/own", ns=(later, later))
    cached("one")
    assert "Cache miss" in capfd.readouterr().err


@pytest.mark.parametrize("damage", [b"", b"garbage", b"\x04\x08\x00version\x00\x02\x05\x00\x00\x00"])
def test_a_blob_that_is_none_or_of_another_version_is_made_anew(place: Path, damage: bytes, capfd: Any) -> None:
    cached("one")
    whole = blob(place).read_bytes()
    time = blob(place).stat().st_mtime_ns
    blob(place).write_bytes(damage)
    os.utime(blob(place), ns=(time, time))
    cached("one")
    assert blob(place).read_bytes() == whole
    assert "Cache hit" not in capfd.readouterr().err


@pytest.mark.parametrize(
    "more, kept", [((), False), (("--skip-bad-cache",), True), (("--skip-bad-cache", "-T"), False)]
)
def test_a_bad_blob_can_be_left_alone(place: Path, more: tuple[str, ...], kept: bool) -> None:
    cached("one")
    blob(place).write_bytes(b"bad")
    assert cached(*more, "one") == 0
    assert (blob(place).read_bytes() == b"bad") is kept


def test_a_blob_that_the_kernel_refuses_is_compiled_anew(place: Path, capfd: Any) -> None:
    parser("-QW", "-L", "cache", "one")
    os.unlink("fs/.load")
    assert parser("-ak", "-f", "fs", "-L", "cache", "one") == 254
    assert capfd.readouterr().err.splitlines()[1:] == [
        f"Cache hit: {blob(place)}",
        f"Could not load profile {blob(place)} : No such file or directory",
        "Cache miss: one",
        'apparmor_parser: Unable to add "one".  Profile doesn\'t exist',
    ]
    assert parser("-a", "--skip-bad-cache-rebuild", "-f", "fs", "-L", "cache", "one") == 2  # ENOENT
    assert capfd.readouterr().err.count("Unable") == 0


@pytest.mark.parametrize("option", [("-n", "space"), ("-C",)])
def test_another_namespace_or_mode_keeps_away_from_the_cache(
    place: Path, option: tuple[str, ...], capfd: Any
) -> None:
    cached("one")
    before = blob(place).read_bytes()
    cached(*option, "one")
    assert "Cache hit" not in capfd.readouterr().err
    assert blob(place).read_bytes() == before


def test_policy_that_is_forced_into_complain_mode_keeps_away_from_it_too(place: Path, capfd: Any) -> None:
    (place / "base/force-complain").mkdir()
    (place / "base/force-complain/one").symlink_to("../../one")
    cached("one")
    assert list(place.glob("cache/*/one")) == []
    assert "forcing complain mode" in capfd.readouterr().err


def test_what_a_comment_includes_does_not_hide_what_is_included(place: Path, capfd: Any) -> None:
    (place / "two").mkdir()
    (place / "one").write_text("# this includes two files\n" + PROFILE)
    cached("one")
    os.utime("two")
    capfd.readouterr()
    cached("one")
    assert "Cache hit" in capfd.readouterr().err


def test_policy_without_an_abi_rule_means_what_the_original_means_by_it(place: Path, capfd: Any) -> None:
    (place / "one").write_text("profile one { userns, }\n")
    options = ("--config-file=/dev/null", "--kernel-features", "features", "--warn=rule-not-enforced", "-S", "one")
    assert apparmor_parser.run("apparmor_parser", list(options)) == 0
    assert capfd.readouterr().err.startswith("Warning from one (one line 1): userns rules are not enforced")
    assert apparmor_parser.run("apparmor_parser", [*options, "--Werror=rule-not-enforced"]) == 1


def test_a_file_of_output_is_written_whole(place: Path) -> None:
    (place / "out").write_bytes(b"before")
    (place / "bad").write_text("profile bad { nonsense, }\n")
    assert parser("-o", "out", "bad", "one") == 1
    assert (place / "out").read_bytes().startswith(b"\x04\x08\x00version")


def test_a_file_of_output_is_written_where_no_other_may_be_made_beside(place: Path, monkeypatch: Any) -> None:
    (place / "own").mkdir()
    (place / "own/out").write_bytes(b"before")
    before = os.stat("own/out").st_ino
    monkeypatch.setattr(os, "access", lambda path, mode: path != str(place / "own"))
    assert parser("-o", "own/out", "one") == 0
    assert (place / "own/out").read_bytes().startswith(b"\x04\x08\x00version")
    assert os.stat("own/out").st_ino == before


@pytest.mark.parametrize("what", ["cut", "no blob", "sparse"])
def test_compiled_policy_that_cannot_be_had_whole_is_not_loaded(place: Path, what: str, capfd: Any) -> None:
    assert parser("-QK", "-o", "blob", "one") == 0
    whole = (place / "blob").read_bytes()
    (place / "blob").write_bytes(compressed(whole)[:-9] if what == "cut" else compressed(bytes(99)))
    if what == "sparse":
        (place / "blob").write_bytes(whole)
        os.truncate("blob", 1 << 40)
    assert parser("-Br", "-f", "fs", "blob") == 255
    assert (place / "fs/.replace").read_bytes() == b""
    assert capfd.readouterr().err.endswith("\nCannot read profile from file blob\n")


def test_hostile_places_are_no_policy(place: Path, capfd: Any) -> None:
    os.mkfifo("fifo")
    assert parser("-QT", "fifo", "/dev/zero") == 1
    assert [line.partition(": ")[2] for line in capfd.readouterr().err.splitlines()] == [
        "cannot read fifo: not a regular file",
        "cannot read /dev/zero: not a regular file",
    ]
    (place / "one").write_text("include <fifo>\n" + PROFILE)
    os.rename("fifo", "base/fifo")
    assert cached("one") == 1


def test_an_option_with_no_effect_says_so_and_what_would_be_wrong_is_refused(place: Path, capfd: Any) -> None:
    assert parser("-QT", "-O", "no-expr-simplify", "-D", "dfa-states", "-c9", "one") == 0
    assert capfd.readouterr().err.count("has no effect here") == 3
    assert parser("-qQT", "-O", "no-expr-simplify", "one") == 0
    assert capfd.readouterr().err == ""
    assert parser("-QT", "-X", "one") == 1
    assert "--readimpliesX is not supported" in capfd.readouterr().err


def test_defaults_of_a_file_are_silent_about_what_has_no_effect(place: Path, capfd: Any) -> None:
    (place / "conf").write_text("# ours\nOptimize=no-expr-simplify\nquiet\nfeatures-file=features\n")
    arguments = ["--config-file=conf", "-QT", "-b", "base", "one"]
    assert apparmor_parser.run("apparmor_parser", arguments) == 0
    assert capfd.readouterr() == ("", "")


def test_a_hit_imports_neither_parser_nor_compiler(place: Path) -> None:
    cached("one")
    heavy = ("re", "argparse", "collections", "dockarmor.text.source", "dockarmor.rules", "dockarmor.compile.batch")
    code = (
        "import sys; from dockarmor.cli.main import main;"
        " main(['apparmor_parser', '--config-file=/dev/null', *'-M features -b base -Q -L cache one'.split()]);"
        f" print(sorted(set({heavy!r}) & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, check=True)
    assert (done.stdout, done.stderr) == (b"[]\n", b"")


def test_workers_make_the_same_blobs(place: Path, capfdbinary: Any) -> None:
    for number in range(6):
        (place / f"p{number}").write_text(PROFILE.replace("one", f"p{number}"))
    names = [f"p{number}" for number in range(6)]
    made = []
    for jobs in ("-j1", "-j4"):
        assert parser("-S", jobs, *names) == 0
        made.append(capfdbinary.readouterr().out)
    assert made[0] == made[1]


def test_preprocessing_prints_all_and_says_what_cannot_be_read(place: Path, capfd: Any) -> None:
    (place / "one").write_text("profile one {\n  include <known>\n  nonsense,\n}\n")
    assert parser("-p", "one") == 1
    said = capfd.readouterr()
    assert said.out.endswith("##included <known>\n/known r,\n\n  nonsense,\n}\n")
    assert said.err == "AppArmor parser error for one in profile one at line 3: there is no rule `nonsense`\n"


def test_one_namespace_has_no_place_for_two_profiles_of_one_name(place: Path, capfd: Any) -> None:
    (place / "one").write_text("profile one { }\nprofile :own:one { }\n")
    assert parser("-QTv", "one") == 0
    assert parser("-QTq", "-n", "own", "one") == 1
    assert capfd.readouterr().err == (
        "AppArmor parser error for one in profile one at line 2: there are two profiles `one` for one namespace\n"
    )


@pytest.mark.parametrize("option", ["-C", "--complain", "--Complain"])
def test_every_spelling_of_complain_mode_is_obeyed(place: Path, option: str, capfdbinary: Any) -> None:
    assert parser("-S", option, "one") == 0
    assert [profile.mode for profile in read_blob(capfdbinary.readouterr().out).profiles] == ["complain"]


def test_an_option_of_the_defaults_that_lacks_its_value_is_refused(place: Path, capfd: Any) -> None:
    (place / "conf").write_text("base\n")
    assert apparmor_parser.run("apparmor_parser", ["--config-file=conf", "-M", "features", "-QT", "one"]) == 1
    assert capfd.readouterr().err == "apparmor_parser: option 'base' in config file requires an argument\n"


@pytest.mark.parametrize("blank", ["\x0b", "\x0c", "\x1c", "\x85", "\u2028"])
def test_lines_of_the_defaults_end_at_newlines_only(place: Path, blank: str, capfd: Any) -> None:
    (place / "conf").write_text(f"# off:{blank}names\n")
    assert apparmor_parser.run("apparmor_parser", ["--config-file=conf", "-M", "features", "-SQK", "one"]) == 1
    assert "there is no" in capfd.readouterr().err  # policy is compiled, which needs <known>


def test_defaults_are_read_whole_or_not_at_all(place: Path, capfd: Any) -> None:
    (place / "conf").write_text("#\n" * 100_000 + "names\n")
    line = ["--config-file=conf", "-M", "features", "-b", "base", "-QK", "one"]
    assert apparmor_parser.run("apparmor_parser", line) == 0
    assert capfd.readouterr().out == "one\n"
    os.truncate("conf", 1 << 40)
    assert apparmor_parser.run("apparmor_parser", line) == 1
    assert capfd.readouterr().err == "apparmor_parser: config file 'conf' has more than 1 MiB\n"


@pytest.mark.parametrize("out", ["loop", "one/x", "l" * 300, "nowhere/x", "base"])
def test_where_no_output_can_be_nothing_is_compiled(place: Path, out: str, capfd: Any) -> None:
    (place / "loop").symlink_to("loop")
    assert parser("-QK", "-o", out, "one") == 1
    assert capfd.readouterr().err == f"apparmor_parser: Could not open file {out}\n"
    assert (place / "loop").is_symlink()


@pytest.mark.parametrize("location", ["loop", "l" * 300])
def test_a_cache_that_can_be_nowhere_stops_all(place: Path, location: str, capfd: Any) -> None:
    (place / "loop").symlink_to("loop")
    assert parser("-QW", "-L", location, "one") == 1
    assert capfd.readouterr().err.startswith(f"Failed setting up policy cache ({location}): ")


def test_no_effect_is_not_told_wherever_quiet_stands(place: Path, capfd: Any) -> None:
    assert parser("-QT", "-O", "no-expr-simplify", "one", "-q") == 0
    assert capfd.readouterr().err == ""


def test_policy_that_may_not_be_read_has_a_status_of_its_own(place: Path, monkeypatch: Any, capfd: Any) -> None:
    (place / "two").write_text("profile two { }\n")
    monkeypatch.setattr(os, "access", lambda path, mode: path != "one")
    for action in ("-QTv", "-QRv", "-N", "-p"):
        assert parser(action, "one", "two") == 13  # EACCES
        said = capfd.readouterr()
        assert said.err == "Error: Could not read profile one: Permission denied.\n"
        assert "two" in said.out


@pytest.mark.parametrize("denied", ["mkdir", "stat"])
def test_a_cache_that_may_not_be_used_stops_all(place: Path, denied: str, monkeypatch: Any, capfd: Any) -> None:
    real = getattr(os, denied)

    def deny(path: Any, *rest: Any, **more: Any) -> Any:
        if str(path).startswith("cache"):
            raise PermissionError(13, os.strerror(13), path)
        return real(path, *rest, **more)

    monkeypatch.setattr(os, denied, deny)
    assert cached("one") == 1
    assert capfd.readouterr().err == "Failed setting up policy cache (cache): Permission denied\n"


@pytest.mark.parametrize(
    "options, stream, status, said",
    [
        ("-QTv", "<&-", 1, "AppArmor parser error: cannot read stdin: Bad file descriptor\n"),
        ("-N", "<&-", 1, "AppArmor parser error: cannot read stdin: Bad file descriptor\n"),
        ("-S one", ">&-", 247, "apparmor_parser: Unable to write to stdout\n"),
        ("-QTv one", ">&-", 0, ""),
    ],
)
def test_streams_that_are_closed(place: Path, options: str, stream: str, status: int, said: str) -> None:
    program = f"{sys.executable} -m dockarmor apparmor_parser --config-file=/dev/null -M features -b base"
    done = subprocess.run(f"{program} {options} {stream}", shell=True, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (status, said)


@pytest.mark.parametrize("stream", ["2> /dev/full", "2> >(exit)"])
def test_all_is_loaded_though_errors_cannot_be_told(place: Path, stream: str) -> None:
    (place / "bad").write_text("profile bad { nonsense, }\n")
    program = f"{sys.executable} -m dockarmor apparmor_parser --config-file=/dev/null -M features -b base"
    line = f"{program} -aT -f fs nothere bad one {stream}"
    assert subprocess.run(["bash", "-c", line], check=False).returncode == 1
    assert b"one" in (place / "fs/.load").read_bytes()


@pytest.mark.parametrize("closed", [True, False])
def test_all_is_loaded_though_nobody_can_be_told(place: Path, closed: bool) -> None:
    for name in ("p1", "p2"):
        (place / name).write_text(PROFILE.replace("one", name))
    if closed:
        reader, output = os.pipe()
        os.close(reader)
    else:
        output = os.open("/dev/full", os.O_WRONLY)
    program = f"{sys.executable} -m dockarmor apparmor_parser --config-file=/dev/null"
    command = f"{program} -M features -b base -aTv -f fs p1 p2"
    assert subprocess.run(command.split(), stdout=output, check=False).returncode == 0
    os.close(output)
    assert b"p2" in (place / "fs/.load").read_bytes()


def test_policy_text_does_nothing_to_a_terminal(place: Path, capfd: Any) -> None:
    (place / "twice").write_bytes(b"profile a\x1b[2J\x07 {}\nprofile a\x1b[2J\x07 {}\n")
    assert parser("-QK", "twice") == 1
    said = capfd.readouterr().err
    assert "a\\x1b[2J\\x07" in said
    assert not set(said) & {"\x1b", "\x07"}


def test_policy_for_all_that_the_kernel_can_do_is_not_pinned(place: Path) -> None:
    (place / "old").write_text(builtin("kernel-6.1").text())
    blobs = {}
    for rule in ("", "abi <kernel>,\n", "abi <abi/own>,\n"):
        (place / "one").write_text(rule + "profile one { userns, /x r, }\n")
        for pin in ([], ["--policy-features", "old"]):
            assert parser(*pin, "-QKo", "out", "one") == 0
            blobs[rule, bool(pin)] = (place / "out").read_bytes()
    assert blobs["abi <kernel>,\n", True] == blobs["abi <kernel>,\n", False] == blobs["abi <abi/own>,\n", True]
    assert blobs["", True] != blobs["", False] == blobs["abi <abi/own>,\n", False]


def test_of_parts_that_mean_nothing_the_original_says_nothing(place: Path, capfd: Any) -> None:
    """`dockarmor check` does (DA428, DA412); what stops no file there must stop none here."""
    (place / "features").write_text(builtin("kernel-6.1").text())
    (place / "one").write_text("profile p flags=(prompt) {\n  /a w -> t,\n  mount options=(ro, bind) /a -> /b,\n}\n")
    about = ("rule-not-enforced", "rule-downgraded")
    options = [f"--{option}={what}" for what in about for option in ("warn", "Werror")]
    assert parser("-QTK", "--policy-features", "features", *options, "one") == 0
    assert capfd.readouterr().err == ""
