"""`fmt` as its users meet it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from dockarmor import data
from dockarmor.cli.places import replace_file

UGLY = b"profile p {\n   /a   r, # caf\xe9\n}"
NICE = b"profile p {\n  /a r,  # caf\xe9\n}\n"
BAD = b"profile p {\n  sginal,\n}\n"


def fmt(
    folder: Path, *arguments: str, stdin: bytes = b"", status: int | None = 0
) -> "subprocess.CompletedProcess[bytes]":
    command = [sys.executable, "-m", "dockarmor", "fmt", *arguments]
    done = subprocess.run(command, input=stdin, capture_output=True, check=False, cwd=folder)
    assert status is None or done.returncode == status, done.stderr.decode()
    return done


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "p").write_bytes(UGLY)
    return tmp_path


def test_a_file_is_written_with_its_mode_and_then_left_alone(folder: Path) -> None:
    (folder / "p").chmod(0o640)
    assert b"1 file(s) formatted" in fmt(folder, "p").stderr
    assert (folder / "p").read_bytes() == NICE
    assert (folder / "p").stat().st_mode & 0o7777 == 0o640
    before = (folder / "p").stat()
    assert b"0 file(s) formatted" in fmt(folder, "p").stderr
    assert (folder / "p").stat().st_ino == before.st_ino
    assert os.listdir(folder) == ["p"]


def test_standard_input_goes_to_standard_output(folder: Path) -> None:
    done = fmt(folder, "-", stdin=UGLY)
    assert (done.stdout, done.stderr) == (NICE, b"")


def test_check_names_what_would_change_and_writes_nothing(folder: Path) -> None:
    (folder / "q").write_bytes(NICE)
    assert fmt(folder, "--check", "p", "q", status=1).stdout == b"p\n"
    assert (folder / "p").read_bytes() == UGLY
    assert fmt(folder, "--check", "q").stdout == b""
    assert fmt(folder, "--check", "-", stdin=UGLY, status=1).stdout == b"standard input\n"


def test_diff_is_unified_and_tells_of_the_missing_newline(folder: Path) -> None:
    done = fmt(folder, "--diff", "p", status=1)
    assert done.stdout == (
        b"--- p\n+++ p (formatted)\n@@ -1,3 +1,3 @@\n profile p {\n-   /a   r, # caf\xe9\n-}\n"
        b"\\ No newline at end of file\n+  /a r,  # caf\xe9\n+}\n"
    )
    assert (folder / "p").read_bytes() == UGLY
    assert fmt(folder, "--diff", "-", stdin=NICE).stdout == b""


def test_a_file_with_mistakes_is_left_and_the_others_are_formatted(folder: Path) -> None:
    (folder / "a-bad").write_bytes(BAD)
    done = fmt(folder, "a-bad", "nothing-there", "p", status=2)
    assert b"did you mean `signal`?" in done.stderr
    assert b"cannot read nothing-there" in done.stderr
    assert (folder / "a-bad").read_bytes() == BAD
    assert (folder / "p").read_bytes() == NICE


def test_a_folder_is_walked_without_leftovers_and_feature_sets(folder: Path) -> None:
    for name in ("deep/er/q", "x.dpkg-old", "deep/y~", "README", "abi/5.0", ".hidden/z"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(UGLY)
    done = fmt(folder, "--check", ".", status=1)
    assert done.stdout.splitlines() == [b"./p", b"./deep/er/q"]


def test_a_link_is_written_through_and_a_file_with_two_names_once(folder: Path) -> None:
    (folder / "link").symlink_to("p")
    assert b"1 file(s) formatted" in fmt(folder, "link", "p").stderr
    assert (folder / "link").is_symlink()
    assert (folder / "p").read_bytes() == NICE


def test_what_is_no_regular_file_is_refused(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    assert b"not a regular file" in fmt(folder, "pipe", status=2).stderr
    assert b"not a regular file" in fmt(folder, "/dev/zero", status=2).stderr


def test_includes_are_neither_read_in_nor_missed(folder: Path) -> None:
    text = b"include  <no/such>\nprofile x { include <none> }"
    assert fmt(folder, "-", stdin=text).stdout == b"include <no/such>\nprofile x {\n  include <none>\n}\n"


def test_json_says_of_each_file_what_was_done(folder: Path) -> None:
    (folder / "bad").write_bytes(BAD)
    (folder / "nice").write_bytes(NICE)
    done = fmt(folder, "--check", "--output", "jsonl", "p", "bad", "nice", "gone", status=2)
    items = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(one["path"], one["ok"], one["changed"], [d["code"] for d in one["diagnostics"]]) for one in items] == [
        ("p", True, True, []),
        ("bad", False, False, ["DA200"]),
        ("nice", True, False, []),
        ("gone", False, False, ["DA102"]),
    ]
    schema = json.loads((Path(data.__file__).parent / "schemas/fmt@1.json").read_text())
    assert all(set(one) == set(schema["required"]) for one in items)
    fmt(folder, "--output", "json", "-", stdin=UGLY, status=2)


def test_a_file_that_another_program_changed_meanwhile_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "p"
    file.write_bytes(b"theirs")
    with pytest.raises(OSError, match="changed meanwhile"):
        replace_file(str(file), [b"ours"], b"as it was read")
    assert (file.read_bytes(), os.listdir(tmp_path)) == (b"theirs", ["p"])
