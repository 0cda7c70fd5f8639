"""apparmor_parser by name, side by side with Debian's: exit status, both outputs, and what is left in files."""

import os
import shlex
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from dockarmor.cli.faces import apparmor_parser
from dockarmor.cli.kernel import tree
from dockarmor.compile.compare import compare
from dockarmor.compile.reader import read_blob
from dockarmor.policy.features import builtin

from .parser_lines import FILES, NOWHERE, SAME, WORDS

pytestmark = pytest.mark.reference

Outcome = tuple[int, bytes, bytes, dict[str, bytes]]


@pytest.fixture
def theirs(debian: Callable[[str, str], list[str]]) -> str:
    loader, *rest = debian("sid", "apparmor_parser")
    return shlex.join([loader, "--argv0", "apparmor_parser", *rest])


@pytest.fixture(scope="session")
def face(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Ours, under its own name."""
    import sys

    program = tmp_path_factory.mktemp("bin") / "apparmor_parser"
    program.write_text(f"#!{sys.executable}\nfrom dockarmor.cli.main import entry\nentry()\n")
    program.chmod(0o755)
    return str(program)


def grow(place: Path, branch: Mapping[str, Any]) -> None:
    """A features folder as a kernel shows it."""
    place.mkdir()
    for name, value in branch.items():
        if isinstance(value, dict):
            grow(place / name, value)
        else:
            (place / name).write_text(f"{value}\n")


def outcome(folder: Path, program: str, line: str) -> Outcome:
    """Run a command line in a new folder with the files."""
    (folder / "features/file").mkdir(parents=True)
    (folder / "features/file/mask").write_text("create read\n")
    grow(folder / "tree", tree(builtin("kernel-6.12")))
    (folder / "fs").mkdir()
    for name in (".load", ".replace", ".remove"):
        (folder / "fs" / name).touch()
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="latin-1")
    (folder / "F").write_text(builtin("kernel-6.12").text())
    (folder / "out").write_bytes(b"\x04\x08\x00version\x00\x02\x07  \x00 and so on")
    for name in ("disable/off", "force-complain/soft"):
        (folder / "d" / name).parent.mkdir()
        (folder / "d" / name).symlink_to("../on")
    before = "" if "--config-file" in line else "--config-file=/dev/null "
    script = f"PARSER {before}{line}".replace("PARSER -", f"PARSER {before}-")
    done = subprocess.run(
        ["bash", "-c", script.replace("PARSER", program)],
        cwd=folder,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    left = {}
    for path in sorted([*folder.glob("fs/.*"), *folder.glob("[CD]/**/*"), *folder.glob("[CD]/**/.*")]):
        if path.is_file():
            kept = path.name in (".features", ".remove")
            left[f"{path.relative_to(folder)} {path.stat().st_mode:o}"] = path.read_bytes() if kept else b""
    return done.returncode, done.stdout, done.stderr.replace(os.fsencode(folder), b"."), left


def both(tmp_path: Path, theirs: str, face: str, line: str) -> tuple[Outcome, Outcome]:
    return outcome(tmp_path / "theirs", theirs, line), outcome(tmp_path / "ours", face, line)


@pytest.mark.parametrize("line", SAME)
def test_same(line: str, tmp_path: Path, theirs: str, face: str) -> None:
    reference, own = both(tmp_path, theirs, face, line)
    assert (own[0], own[1].replace(os.fsencode(tmp_path / "ours"), b"."), *own[2:]) == (
        reference[0],
        reference[1].replace(os.fsencode(tmp_path / "theirs"), b"."),
        *reference[2:],
    )


def place(line: bytes) -> bytes:
    """A message up to its words."""
    before, separator, rest = line.partition(b"at line ")
    return before + separator + rest.partition(b":")[0]


@pytest.mark.parametrize("line", WORDS)
def test_same_place_in_words_of_our_own(line: str, tmp_path: Path, theirs: str, face: str) -> None:
    reference, own = both(tmp_path, theirs, face, line)
    assert own[:2] == reference[:2]
    # Of what cannot be parsed the original says where it stopped, which is a token later.
    assert sorted(map(place, own[2].splitlines())) == sorted(map(place, reference[2].splitlines()))


@pytest.mark.parametrize("line", NOWHERE)
def test_same_status_and_a_place(line: str, tmp_path: Path, theirs: str, face: str) -> None:
    reference, own = both(tmp_path, theirs, face, line)
    assert own[:2] == reference[:2]
    assert b" at line " in own[2]


@pytest.mark.parametrize(
    "line",
    [
        "-M F -Sj1 a many",
        "-M F -Sn foo a",
        "-M F -Sn λ a",
        "-M F -SC a",
        "-M F -S classes",
        "-S --kernel-features F classes",
        "-S --kernel-features F --policy-features features classes",
        "-S --kernel-features F --override-policy-abi features classes",
        "-M F -b d -Sj1 d",
        "-M F -b d -I . -Sj1 d/soft d/on",
    ],
)
def test_blobs_mean_the_same(line: str, tmp_path: Path, theirs: str, face: str) -> None:
    reference, own = both(tmp_path, theirs, face, line)
    assert (own[0], own[2]) == (reference[0], reference[2])
    assert compare(read_blob(own[1]), read_blob(reference[1])) == []


def test_caches_are_shared(tmp_path: Path, theirs: str, face: str) -> None:
    """What one wrote the other takes, byte for byte in the same place with the same time."""
    line = "-b d -M F -QW -L C d/on b"
    reference, own = both(tmp_path, theirs, face, line)
    assert own[3].keys() == reference[3].keys()
    for writer, reader in (("theirs", face), ("ours", theirs)):
        done = subprocess.run(
            ["bash", "-c", f"{reader} --config-file=/dev/null -b d -M F -Qkv -L C d/on b"],
            cwd=tmp_path / writer,
            capture_output=True,
            check=False,
        )
        assert done.stderr.count(b"Cache hit") == 2
        for name in ("d/on", "b"):
            kept = tmp_path / writer / "C/7fc4fb32.0" / Path(name).name
            assert kept.stat().st_mtime_ns == (tmp_path / writer / name).stat().st_mtime_ns


NUMBERS = [
    "EACCES",
    "EPERM",
    "ENOENT",
    "EEXIST",
    "EPROTO",
    "ENOMEM",
    "EBADMSG",
    "EPROTONOSUPPORT",
    "EINVAL",
    "EFAULT",
]


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("action", ["-a", "-r", "-R"])
def test_refusals(action: str, number: str, tmp_path: Path, theirs: str, monkeypatch: Any, capfd: Any) -> None:
    """The original with a kernel that refuses, by strace; ours with a write that raises."""
    import errno
    import shutil

    if shutil.which("strace") is None:
        pytest.skip("no strace here")
    paths = " ".join(f"-P fs/{name}" for name in (".load", ".replace", ".remove"))
    inject = f"strace -f -o /dev/null {paths} -e trace=write -e inject=write:error={number} {theirs}"
    status, out, err, _ = outcome(tmp_path / "theirs", inject, f"-M F -f fs {action} -v b")
    outcome(tmp_path / "ours", "true", "")
    monkeypatch.chdir(tmp_path / "ours")

    def refuse(file: int, data: bytes) -> int:
        raise OSError(getattr(errno, number), os.strerror(getattr(errno, number)))

    monkeypatch.setattr(os, "write", refuse)
    arguments = f"--config-file=/dev/null -M F -f fs {action} -vT b".split()
    assert apparmor_parser.run("apparmor_parser", arguments) == status
    said = capfd.readouterr()
    assert (said.out.encode(), said.err.encode()) == (
        out,
        b"".join(line for line in err.splitlines(keepends=True) if not line.startswith(b"strace:")),
    )
