"""A guest that can run dockarmor itself, and policy for it."""

import io
import tarfile
from pathlib import Path

import pytest

from dockarmor.compile.pipeline import compile_policy
from dockarmor.kernel.lab import Lab
from dockarmor.policy.builtin import builtin_base
from dockarmor.policy.features import FeatureSet
from dockarmor.policy.read import library, read_text, require
from dockarmor.text.source import Source

POLICY = """
profile first /usr/bin/first{,.real} { file, capability, signal, profile child { /x r, } ^hat { /y r, } }
profile learning flags=(complain) { /x r, owner /y rw, deny /z w, }
profile /usr/bin/named { /x r, unix, network inet stream, }
profile free flags=(unconfined) { }
"""
#: standard library that no call of ours imports
_LEFT_OUT = ("test", "idlelib", "asyncio", "lib2to3", "tkinter", "unittest", "xml", "multiprocessing", "lib-dynload")


@pytest.fixture(scope="module")
def guest(lab_kernel: Lab, lab_tools: Path) -> Lab:
    """A guest that can run all of dockarmor: its Python has only what the agent needs."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        standard = lab_tools / "usr/lib/python3.13"
        for path in sorted(standard.rglob("*.py")):
            below = path.relative_to(standard)
            if path.is_file() and below.parts[0] not in _LEFT_OUT:
                archive.add(path, f"own/{below}")
        ours = Path(builtin_base()).parents[1]
        archive.add(ours, "own/dockarmor", filter=lambda one: None if one.name.endswith((".so", ".pyc")) else one)
    lab_kernel.put_file("/own.tar", content.getvalue())
    assert lab_kernel.run(["/bin/tar", "-xf", "/own.tar", "-C", "/"]).status == 0
    return lab_kernel


@pytest.fixture(scope="module")
def blob(lab_kernel: Lab) -> bytes:
    features = FeatureSet.from_tree("lab", lab_kernel.features())
    policy = require(read_text(Source("policy", POLICY), library(builtin_base()))).policy
    return compile_policy(policy, features).blob
