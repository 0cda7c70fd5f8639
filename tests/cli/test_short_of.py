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
