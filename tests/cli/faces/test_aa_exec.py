"""aa-exec where there is no AppArmor, and its command line; tests/kernel/host/test_guest_faces.py has the rest."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest


def aa_exec(*arguments: str) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(
        [sys.executable, "-m", "dockarmor", "aa-exec", *arguments], capture_output=True, check=False
    )


def test_without_a_profile_it_only_runs_the_program() -> None:
    done = aa_exec("--", sys.executable, "-c", "import sys; print(sys.argv[1:]); sys.exit(5)", "-p", "x")
    assert (done.stdout, done.returncode) == (b"['-p', 'x']\n", 5)


@pytest.mark.skipif(os.path.isdir("/sys/kernel/security/apparmor"), reason="this host has AppArmor")
def test_without_apparmor_nothing_is_run() -> None:
    done = aa_exec("-p", "x", "touch", "/nonexistent/never")
    assert done.returncode == 1
    assert done.stderr.endswith(b"aa-exec: ERROR: AppArmor interface not available\n")


def test_no_label_file_is_no_apparmor(faked_host: Any, inside: Any, debian: Any, ours: Any) -> None:
    expected = inside([*debian("sid", "aa-exec"), "-p", "x", "/bin/true"])
    found = inside([*ours("aa-exec"), "-p", "x", "/bin/true"])
    assert found.returncode == expected.returncode == 1
    assert b"aa-exec: ERROR:" in found.stderr


def test_no_word_is_no_program() -> None:
    done = aa_exec("")
    assert done.returncode == 1
    assert done.stderr.endswith(b'ERROR: Failed to execute "": No such file or directory\n')


@pytest.mark.parametrize("arguments", [[], ["-x"], ["-p"], ["--bogus"]])
def test_a_bad_command_line_exits_1_with_the_usage(arguments: list[str]) -> None:
    done = aa_exec(*arguments)
    assert (done.stdout, done.returncode) == (b"", 1)
    assert b"usage: aa-exec" in done.stderr


def test_help_is_no_error(tmp_path: Path) -> None:
    done = aa_exec("--help")
    assert (done.stderr, done.returncode) == (b"", 0)
    assert done.stdout.startswith(b"usage: aa-exec")
