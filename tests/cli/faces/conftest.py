"""Debian's own programs, run on the files of a faked host in a mount namespace of their own."""

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

CACHE = Path(os.environ.get("DOCKARMOR_CACHE") or Path.home() / ".cache" / "dockarmor") / "reference-parser"
#: mounts the faked folders over the real ones, then becomes the command. libapparmor looks at its own process to see
#: which label files this kernel has.
ENTER = """
mount --bind "$1/sys" /sys && mount --bind "$1/proc" /proc && shift && mkdir -p /proc/$$/attr/apparmor && exec "$@"
"""

Run = Callable[..., "subprocess.CompletedProcess[bytes]"]


@pytest.fixture
def inside(faked_host: Any) -> Run:
    """Run a command that sees the faked host's /sys and /proc. Skips where no mount namespace can be had."""
    unshare = ["unshare", "--user", "--map-root-user", "--mount"]
    try:
        possible = subprocess.run([*unshare, "true"], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        possible = False
    if not possible:
        pytest.skip("no user and mount namespaces here")

    def run(argv: Sequence[str | Path], **more: Any) -> "subprocess.CompletedProcess[bytes]":
        command = [*unshare, "sh", "-c", ENTER, "sh", faked_host.sys.parent, *argv]
        return subprocess.run([str(word) for word in command], capture_output=True, check=False, **more)

    faked_host.mount("/sys/kernel/security")
    return run


@pytest.fixture(scope="session")
def debian(shared: Path) -> Callable[[str, str], list[str]]:
    """The argv that starts a program of a Debian suite's AppArmor packages, with its own libc."""

    def argv(suite: str, program: str) -> list[str]:
        tool, root = shared / "tools/reference-parser", CACHE / f"root-{suite}"
        done = subprocess.run(["bash", tool, CACHE, suite], capture_output=True, text=True, check=False)
        found = [*root.glob(f"usr/*bin/{program}")]
        if not found:
            pytest.skip(f"no programs of Debian {suite} here: {done.stderr.strip()[-200:]}")
        loader = next(root.glob("**/ld-linux-*.so.*"))
        libraries = ":".join(str(path) for path in (root / "usr/lib/x86_64-linux-gnu", root / "lib/x86_64-linux-gnu"))
        return [str(loader), "--library-path", libraries, str(found[0])]

    return argv


@pytest.fixture
def ours() -> Callable[[str], list[str]]:
    """The argv that starts one of our faces."""
    return lambda program: [sys.executable, "-m", "dockarmor", program]
