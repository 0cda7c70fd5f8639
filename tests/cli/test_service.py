"""service: what an init script does, on the embedded kernel."""

import configparser
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from dockarmor.cli import kernel as chosen
from dockarmor.cli.main import main
from dockarmor.kernel.embedded.kernel import Embedded
from dockarmor.kernel.protocol import KernelError, Process

EMBEDDED = ("--kernel", "embedded", "--no-cache")
UNIT = Path(__file__).resolve().parents[2] / "packaging/dockarmor.service"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DOCKARMOR_STATE", str(tmp_path / "state"))
    place = tmp_path / "apparmor.d"
    place.mkdir()
    for name in ("one", "two"):
        (place / name).write_text(f"profile {name} {{ /x r, }}\n")
    monkeypatch.setattr("dockarmor.cli.service.POLICY", str(place))
    return place


def loaded() -> set[str]:
    return {one.name for one in chosen.embedded().profiles()}


@pytest.mark.parametrize("action", ["start", "reload", "restart", "force-reload", "try-restart"])
def test_all_policy_is_loaded(folder: Path, action: str) -> None:
    assert main(["service", action, *EMBEDDED]) == 0
    assert main(["service", action, *EMBEDDED]) == 0
    assert loaded() == {"one", "two"}


def test_status_is_of_the_kernel_that_is_named(folder: Path, capsys: Any) -> None:
    assert main(["service", "status", "--kernel", "embedded"]) == 2
    assert main(["service", "start", *EMBEDDED]) == 0
    capsys.readouterr()
    assert main(["service", "status", "--kernel", "embedded"]) == 0
    assert "2 profiles are in enforce mode.\n   one\n   two\n" in capsys.readouterr().out


def test_a_bad_file_does_not_keep_the_others_from_being_loaded(folder: Path, capsys: Any) -> None:
    (folder / "bad").write_text("profile bad { nonsense, }\n")
    assert main(["service", "start", *EMBEDDED]) == 1
    assert loaded() == {"one", "two"}
    said = capsys.readouterr().err
    assert "/bad:1:" in said
    assert said.endswith(f"not loaded: 1 of 3 files, of which the kernel keeps what it had: {folder}/bad\n")


def test_files_that_bring_one_profile_go_one_by_one(
    folder: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kernel takes both in one write, and then has two profiles of one name."""
    (folder / "three").write_text("profile two { /y r, }\n")
    load, written = Embedded.load, []

    def watched(self: Embedded, blob: bytes, *, replace: bool = True) -> None:
        written.append(blob.count(b"two\0"))
        load(self, blob, replace=replace)

    monkeypatch.setattr(Embedded, "load", watched)
    assert main(["service", "start", *EMBEDDED]) == 0
    assert (max(written), len(written)) == (1, 3)
    assert capsys.readouterr().err.endswith("loaded into embedded: one, two\n")


def test_what_the_kernel_refuses_does_not_keep_the_others_out_either(
    folder: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = Embedded.load

    def picky(self: Embedded, blob: bytes, *, replace: bool = True) -> None:
        if b"two" in blob:
            raise KernelError("the policy: no", 71)
        load(self, blob, replace=replace)

    monkeypatch.setattr(Embedded, "load", picky)
    assert main(["service", "start", *EMBEDDED]) == 1
    assert loaded() == {"one"}
    assert "two: the policy: no" in capsys.readouterr().err


def test_stop_spares_who_runs_and_force_names_who_is_freed(
    folder: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    main(["service", "start", *EMBEDDED])
    monkeypatch.setattr(Embedded, "processes", lambda self: [Process(7, "one", "enforce", "/bin/busy")])
    assert main(["service", "stop", *EMBEDDED]) == 1
    assert loaded() == {"one"}
    assert "stays: one: running tasks use it" in capsys.readouterr().err
    assert main(["service", "stop", "--force", *EMBEDDED]) == 0
    assert "is unconfined: /bin/busy (7)" in capsys.readouterr().err
    assert loaded() == set()


def test_a_dry_run_changes_nothing(folder: Path) -> None:
    assert main(["service", "start", "--dry-run", *EMBEDDED]) == 0
    assert loaded() == set()


def test_the_unit_calls_what_there_is(folder: Path) -> None:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(UNIT)
    for key in ("ExecStart", "ExecReload"):
        program, *arguments = shlex.split(unit["Service"][key])
        assert Path(program).name == "dockarmor"
        at = arguments.index("--kernel")
        arguments[at + 1] = "embedded"
        assert main([*arguments, "--no-cache"]) == 0
    assert "ExecStop" not in unit["Service"]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze here")
def test_systemd_understands_the_unit(tmp_path: Path) -> None:
    text = UNIT.read_text().replace("/usr/bin/dockarmor", "/bin/true")
    (tmp_path / "dockarmor.service").write_text(text)
    done = subprocess.run(
        ["systemd-analyze", "verify", tmp_path / "dockarmor.service"], capture_output=True, text=True, check=False
    )
    assert "dockarmor.service" not in done.stderr
