"""The verbs that drive a real kernel, against one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dockarmor.kernel.lab import prepare
from dockarmor.kernel.protocol import KernelUnavailable

CACHE = Path(os.environ.get("DOCKARMOR_CACHE", Path.home() / ".cache" / "dockarmor"))
POLICY = "profile p {\n  file,\n  signal,\n  audit deny /etc/passwd r,\n}\n"

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module", autouse=True)
def _prepared() -> None:
    try:
        prepare(("6.12",), CACHE / "lab", lambda text: None)
    except KernelUnavailable as error:
        pytest.skip(f"no lab kernel here: {error}")


def dockarmor(*arguments: str) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(
        [sys.executable, "-m", "dockarmor", *arguments], capture_output=True, check=False, timeout=120
    )


def test_run_prints_the_command_its_status_and_the_line_that_denied(tmp_path: Path) -> None:
    policy = tmp_path / "p"
    policy.write_text(POLICY)
    done = dockarmor("run", "--kernel", "lab:6.12", "--profile", str(policy), "--", "/bin/cat", "/etc/passwd")
    assert done.returncode == 1
    assert b"exit status 1 under p on lab 6.12" in done.stderr
    text = done.stdout.decode()
    assert "RECORD  DENIED open by cat under p" in text
    assert f"audit deny /etc/passwd r,   {policy}:4:3" in text


def test_run_of_what_is_allowed_is_quiet(tmp_path: Path) -> None:
    policy = tmp_path / "p"
    policy.write_text(POLICY)
    done = dockarmor("run", "--kernel", "lab:6.12", "--profile", str(policy), "--", "/bin/echo", "hello")
    assert (done.returncode, done.stdout) == (0, b"hello\n")


def test_the_demo_has_every_verdict_from_a_real_kernel_too() -> None:
    done = subprocess.run([sys.executable, "-m", "dockarmor.cli.demo"], capture_output=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout.decode()
    assert done.stdout.count(b"lab 6.12") == 9
    assert b"DIFFER" not in done.stdout


def test_a_machine_stays_up_between_commands_and_answers_as_a_kernel_does(tmp_path: Path) -> None:
    policy = tmp_path / "p"
    policy.write_text(POLICY)
    assert dockarmor("lab", "up", "6.12").returncode == 0
    try:
        assert b"6.12   running" in dockarmor("lab", "list").stdout
        assert dockarmor("load", "--kernel", "lab:6.12", str(policy)).returncode == 0
        assert b"   p\n" in dockarmor("status", "--kernel", "lab:6.12").stdout
        asked = dockarmor("lab", "--on", "6.12", "query", "p", "file r /etc/passwd", "file r /etc/group")
        assert asked.returncode == 1
        assert [line.split()[0] for line in asked.stdout.splitlines()] == [b"DENIED", b"ALLOWED"]
        done = dockarmor("lab", "exec", "--on", "6.12", "--profile", "p", "--", "/bin/cat", "/etc/passwd")
        assert done.returncode == 1
        assert b'operation="open"' in dockarmor("lab", "events", "--on", "6.12").stdout
        assert dockarmor("unload", "--kernel", "lab:6.12", "p").returncode == 0
    finally:
        assert dockarmor("lab", "down", "6.12").returncode == 0
