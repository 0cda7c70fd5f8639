"""What `unix peer=(…)` grants besides: the task may bind a socket without naming an address (0012-lab-classes.md)."""

import subprocess
from pathlib import Path

import pytest

from dockarmor.compile.pipeline import compile_policy
from dockarmor.kernel.lab import Lab
from dockarmor.policy.features import FeatureSet
from dockarmor.policy.read import library, read_text, require
from dockarmor.text.source import Source

pytestmark = pytest.mark.lab

RULES = {
    "peer alone": "unix peer=(label=lab-other),",
    "bind": "unix bind,",
    "bind to what the kernel chooses": "unix bind addr=auto,",
    "nothing about unix but the rest": "unix (connect, send, receive) peer=(label=lab-other),",
}
BIND = ["/usr/bin/python3", "-S", "-E", "-c", "import socket; s = socket.socket(1, 2); s.bind(''); print('bound')"]


def bound(lab: Lab, blob: bytes) -> bool:
    lab.load(blob)
    said = lab.run(BIND, profile="lab-bind").stdout
    lab.remove("lab-bind")
    return said == b"bound\n"


@pytest.mark.shared
@pytest.mark.reference
@pytest.mark.parametrize("lab_kernel", ["6.17"], indirect=True)
@pytest.mark.parametrize("name", RULES)
def test_a_socket_is_bound_without_an_address(
    lab_kernel: Lab, name: str, reference_parser: Path, shared: Path, tmp_path: Path
) -> None:
    text = f"profile lab-bind {{ file, unix (create, getattr, getopt, setopt), {RULES[name]} }}\n"
    features = FeatureSet.from_tree(lab_kernel.name, lab_kernel.features())
    ours = compile_policy(require(read_text(Source("test", text), library(str(tmp_path)))).policy, features).blob
    (tmp_path / "text").write_text(text)
    argv = [reference_parser, "-QTK", "-M", shared / "features/kernel-6.17", "-b", tmp_path]
    subprocess.run([*argv, "-o", tmp_path / "theirs", tmp_path / "text"], check=True, capture_output=True)
    theirs = (tmp_path / "theirs").read_bytes()
    granted = {"ours": bound(lab_kernel, ours), "theirs": bound(lab_kernel, theirs)}
    assert granted == dict.fromkeys(granted, name != "nothing about unix but the rest")
