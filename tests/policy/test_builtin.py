"""Our own base folder: what it defines, and that the reference parser takes it."""

import os
import subprocess
from pathlib import Path

import pytest

from dockarmor.policy.builtin import builtin_base
from dockarmor.policy.read import library, read_text
from dockarmor.text.render import render
from dockarmor.text.source import Source, Span

ASKED = ("PROC", "sys", "pid", "pids", "uid", "tid", "HOME", "HOMEDIRS", "multiarch", "run", "etc_ro", "etc_rw")
POLICY = "include <tunables/global>\nprofile p {\n  include <abstractions/base>\n}\n"


def test_every_variable_that_policies_expect_is_defined() -> None:
    resolved = read_text(Source("p", POLICY), library(builtin_base()))
    variables = resolved.policy.profiles[0].variables
    here = Span(Source("p", ""), 0, 0)
    assert all(variables.values(name, here) for name in ASKED)


def test_a_profile_with_our_base_resolves() -> None:
    resolved = read_text(Source("p", POLICY), library(builtin_base()))
    assert [render(found) for found in resolved.diagnostics] == []
    assert all(not placed.implied and placed.includes for placed in resolved.policy.profiles[0].rules)


@pytest.mark.reference
def test_the_reference_parser_takes_our_base(reference_parser: Path, shared: Path, tmp_path: Path) -> None:
    policy = tmp_path / "p"
    policy.write_text(POLICY)
    features = shared / "features" / "kernel-6.12"
    command = [reference_parser, "-QTK", "-M", features, "-b", builtin_base(), "-o", os.devnull, policy]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")
