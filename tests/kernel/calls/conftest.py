"""Puts this folder on the path: the tables of calls are modules beside the test that makes them."""

import sys
from pathlib import Path

import pytest

from dockarmor.kernel.lab import Lab

sys.path.insert(0, str(Path(__file__).parent))

#: what the guest's Python needs beyond the agent's own modules, to make any system call
_LIBRARY, _STANDARD = "usr/lib/x86_64-linux-gnu", "usr/lib/python3.13"
_MODULES = ("ctypes/__init__.py", "ctypes/_endian.py")


@pytest.fixture(scope="module")
def prober(lab_kernel: Lab, lab_tools: Path) -> Lab:
    """A machine in which `/lab/probe.py` can make any system call."""
    extension = next((lab_tools / _STANDARD / "lib-dynload").glob("_ctypes.*.so"))
    files = {f"/{_STANDARD}/{name}": lab_tools / _STANDARD / name for name in _MODULES}
    files[f"/{_STANDARD}/lib-dynload/{extension.name}"] = extension
    files[f"/{_LIBRARY}/libffi.so.8"] = lab_tools / _LIBRARY / "libffi.so.8"
    files["/lab/probe.py"] = Path(__file__).with_name("probe.py")
    for place, file in files.items():
        lab_kernel.put_file(place, file.read_bytes(), 0o755)
    return lab_kernel
