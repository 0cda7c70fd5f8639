"""Where a host is short of memory, processes or space that is said in words, and nothing is half-written."""

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from dockarmor.policy.features import builtin

#: takes half a second, and some 200 MiB
GROWING = "profile growing {\n" + "".join(f"  /**a{'?' * n}z{n} r,\n" for n in (20, 21, 22)) + "}\n"
FACE = ("apparmor_parser", "--config-file=/dev/null", "-QK", "-M", "features", "-o", "out")
BUILD = ("build", "--no-cache", "-o", "out")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DOCKARMOR_CACHE", str(tmp_path / "cache"))
    (tmp_path / "features").write_text(builtin("kernel-6.12").text())
    (tmp_path / "policy").mkdir()
    for name in ("a", "b"):
        (tmp_path / "policy" / name).write_text(GROWING.replace("growing", name))
        (tmp_path / "policy" / f"small-{name}").write_text(f"profile small-{name} {{ /x r, }}\n")
    return tmp_path


def run(*arguments: str, limits: "Callable[[], None] | None" = None) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "dockarmor", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, preexec_fn=limits)


def _little_memory() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (100 << 20, 100 << 20))


@pytest.mark.parametrize("jobs", ["-j1", "-j2"])
def test_too_little_memory(folder: Path, jobs: str) -> None:
    done = run(*BUILD, jobs, "policy", limits=_little_memory)
    assert (done.returncode, done.stderr.count("\n")) == (3, 1)
    assert done.stderr.startswith("dockarmor: this host cannot: there is not enough memory")
    done = run(*FACE, jobs, "policy", limits=_little_memory)
    assert (done.returncode, done.stderr) == (1, "apparmor_parser: Cannot allocate memory\n")
    assert not (folder / "out").exists()


@pytest.mark.parametrize(
    "command, status, said",
    [
        (BUILD, 3, "dockarmor: this host cannot: a worker process was killed by signal 9; fewer files"),
        (FACE, 10, "apparmor_parser: a worker process was killed by signal 9\n"),
    ],
)
def test_a_worker_that_the_kernel_kills(folder: Path, command: tuple[str, ...], status: int, said: str) -> None:
    """The exit status of apparmor_parser is the original's."""
    process = subprocess.Popen(
        [sys.executable, "-m", "dockarmor", *command, "-j2", "policy"], stderr=subprocess.PIPE, text=True
    )
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    began = time.monotonic()
    while not children.read_text() and time.monotonic() - began < 30:
        time.sleep(0.01)
    os.kill(int(children.read_text().split()[0]), signal.SIGKILL)
    _, words = process.communicate(timeout=60)
    assert (process.returncode, words[: len(said)]) == (status, said)
    assert not (folder / "out").exists()


@pytest.mark.parametrize("jobs", ["-j1", "-j2"])
def test_what_grows_too_large_is_in_nobodys_way(folder: Path, jobs: str) -> None:
    done = run("build", "-o", "out", jobs, "policy")
    assert (done.returncode, done.stderr.count("error[DA404]")) == (2, 2)
    assert not (folder / "out").exists()
    done = run(*FACE, jobs, "policy")
    assert (done.returncode, done.stderr.count("AppArmor parser error for policy in profile policy/")) == (1, 2)
    assert (folder / "out").read_bytes().count(b"small-") == 2


@pytest.fixture
def full(folder: Path) -> Path:
    """A disk of its own with next to no room left."""
    disk = folder / "disk"
    disk.mkdir()
    (folder / "policy/a").write_text("profile a { /x r, }\n")
    (folder / "policy/b").unlink()
    return disk


def run_on(disk: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """In a namespace of its own, where a disk of 64 KiB is mounted that has 4 KiB left; then `ls` of it."""
    script = """
mount -t tmpfs -o size=64k none "$1" || exit 99
cp -r "$1-before/." "$1"; head -c 61440 /dev/zero > "$1/else"; disk=$1; shift
"$@"; status=$?
cp -r "$disk/." "$disk-after"; exit $status
"""
    before, after = Path(f"{disk}-before"), Path(f"{disk}-after")
    before.mkdir(exist_ok=True)
    after.mkdir(exist_ok=True)
    shell = ["unshare", "-m", "sh", "-c", script, "sh", str(disk)]
    command = [*shell, sys.executable, "-m", "dockarmor", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    if done.returncode in (1, 99) and ("unshare" in done.stderr or "mount" in done.stderr):
        pytest.skip("nothing can be mounted here")
    return done


def left_on(disk: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(f"{disk}-after")): path.read_bytes()
        for path in Path(f"{disk}-after").rglob("*")
        if path.is_file() and path.name != "else"
    }


def test_a_blob_without_room_leaves_what_was_there(folder: Path, full: Path) -> None:
    (folder / "disk-before").mkdir()
    (folder / "disk-before/out").write_bytes(b"before")
    for options in (("-o", "disk/out"), ("--output-dir", "disk")):
        done = run_on(full, "build", *options, "policy/a", "policy/small-a", "policy/small-b")
        named = "disk/out" if options[0] == "-o" else "disk/"
        assert done.returncode == 3
        assert named in done.stderr
        assert "No space left on device" in done.stderr
        assert left_on(full)["out"] == b"before"
        assert not [name for name in left_on(full) if name.startswith(".")]


def test_a_cache_without_room_is_no_error(folder: Path, full: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKARMOR_CACHE", "disk/cache")
    done = run_on(full, "build", "-o", "out", "policy")
    assert (done.returncode, done.stderr.count("\n")) == (0, 1)
    assert not [name for name in left_on(full) if "/new/" in name]
    done = run_on(
        full, "apparmor_parser", "--config-file=/dev/null", "-QW", "-L", "disk/libs", "-M", "features", "policy"
    )
    assert done.returncode == 0
    assert done.stderr.count("No space left on device") == done.stderr.count("\n") == 3
    assert [name for name in left_on(full) if name.startswith("libs/") and not name.endswith(".features")] == []


def test_the_embedded_kernel_without_room_keeps_what_it_has(
    folder: Path, full: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKARMOR_STATE", "disk/state")
    done = run_on(full, "load", "--kernel", "embedded", "policy")
    assert (done.returncode, done.stderr.endswith("No space left on device; nothing changed\n")) == (1, True)
    assert set(left_on(full)) == {"state/lock"}


@pytest.mark.parametrize("out, named", [("/dev/full", "/dev/full: "), ("-", "not all could be written: ")])
def test_a_device_without_room(folder: Path, full: Path, out: str, named: str) -> None:
    command = [sys.executable, "-m", "dockarmor", "build", "-o", out, "policy/a"]
    with open("/dev/full", "wb") as device:
        done = subprocess.run(command, stdout=device, stderr=subprocess.PIPE, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (3, f"dockarmor: {named}No space left on device\n")
