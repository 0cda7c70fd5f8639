"""Reading with a limit that is far above what a file has."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from dockarmor.text.bounded import read_bounded, read_file


def test_it_reads_a_pipe_to_its_end(tmp_path: Path) -> None:
    with subprocess.Popen(["seq", "100000"], stdout=subprocess.PIPE) as numbers:
        assert numbers.stdout is not None
        assert read_bounded(numbers.stdout, 1 << 30).count(b"\n") == 100000


def test_a_cached_profile_is_read_where_memory_is_short(tmp_path: Path) -> None:
    """The limits of what is read are far above what machines of 128 MiB have to give at once."""
    (tmp_path / "one").write_text("profile one { /x r, }\n")
    argv = [sys.executable, "-m", "dockarmor", "load", "--kernel", "embedded", "one"]
    for _ in range(2):
        done = subprocess.run(
            argv,
            cwd=tmp_path,
            env={"DOCKARMOR_CACHE": str(tmp_path / "cache"), "DOCKARMOR_STATE": str(tmp_path / "state")},
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (120 << 20, 120 << 20)),
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "loaded into embedded: one\n")


def test_what_is_no_file_is_refused_by_its_name_and_nothing_stays_open(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    before = os.listdir("/proc/self/fd")
    for path, words in ((tmp_path, "Is a directory"), (tmp_path / "fifo", "not a regular file")):
        with pytest.raises(OSError, match=words) as caught:
            read_file(str(path), 10)
        assert caught.value.filename == str(path)
    assert os.listdir("/proc/self/fd") == before
