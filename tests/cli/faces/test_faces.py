"""Faces answer under their own names, as verbs and through links, and cost little to start."""

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from dockarmor.cli.main import FACES, main

#: modules that no small question should pay for
HEAVY = ("argparse", "json", "ctypes", "subprocess", "logging", "socket", "dockarmor.rules", "dockarmor.policy")


@pytest.mark.parametrize("name", sorted(FACES))
def test_every_name_has_its_module(name: str) -> None:
    assert callable(import_module(f"dockarmor.cli.faces.{FACES[name]}").run)


@pytest.mark.parametrize("name", sorted(FACES))
def test_a_link_of_that_name_is_that_program(name: str, tmp_path: Path) -> None:
    link = tmp_path / name
    link.write_text(f"#!{sys.executable}\nfrom dockarmor.cli.main import entry\nentry()\n")
    link.chmod(0o755)
    linked = subprocess.run([link, "--help"], capture_output=True, check=False)
    verb = subprocess.run([sys.executable, "-m", "dockarmor", name, "--help"], capture_output=True, check=False)
    assert (linked.stdout, linked.stderr, linked.returncode) == (verb.stdout, verb.stderr, verb.returncode)
    assert name.encode() in linked.stdout


def test_a_name_that_is_nearly_one_is_suggested(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["aa-statu"]) == 2
    assert "Did you mean `aa-status`?" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["aa-status", "aa-enabled"])
def test_small_questions_start_light(name: str) -> None:
    code = (
        f"import sys; from dockarmor.cli.main import main; main([{name!r}]);"
        f" print(sorted(set({HEAVY!r}) & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert done.stdout.splitlines()[-1] == b"[]"
