"""aa-remove-unknown: what no file has goes, what others make stays."""

from pathlib import Path
from typing import Any

import pytest

from dockarmor.cli.faces.aa_remove_unknown import remove_unknown
from dockarmor.cli.faces.places import Places
from dockarmor.cli.kernel import embedded
from dockarmor.cli.main import main
from dockarmor.kernel.protocol import KernelUnavailable
from dockarmor.text.diagnostic import DiagnosticError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Four profiles and a default of Docker's are loaded; then a file goes, and a child of another."""
    monkeypatch.setenv("DOCKARMOR_STATE", str(tmp_path / "state"))
    place = tmp_path / "apparmor.d"
    place.mkdir()
    (place / "stays").write_text("profile stays { /x r, profile child { } ^hat { } profile gone { } }\n")
    (place / "goes").write_text("profile goes { /x r, profile child { } }\nprofile snap.x { }\n")
    (place / "docker").write_text("profile docker-default { }\nprofile runc flags=(unconfined) { }\n")
    assert main(["load", "--kernel", "embedded", "--no-cache", str(place)]) == 0
    for name in ("goes", "docker"):
        (place / name).unlink()
    (place / "stays").write_text("profile stays { /x r, profile child { } ^hat { } }\n")
    return place


def loaded() -> set[str]:
    return {one.name for one in embedded().profiles()}


def test_what_no_file_has_goes_children_first(folder: Path, capsys: Any) -> None:
    before = loaded()
    assert remove_unknown("aa-remove-unknown", ["-n"], Places(policy=str(folder)), embedded) == 0
    printed = capsys.readouterr()
    assert printed.out == "Would remove 'stays//gone'\nWould remove 'goes//child'\nWould remove 'goes'\n"
    assert "Keeping 'docker-default': Docker loads it" in printed.err
    assert "Keeping 'snap.x': snapd makes and loads it" in printed.err
    assert loaded() == before
    assert remove_unknown("aa-remove-unknown", [], Places(policy=str(folder)), embedded) == 0
    assert capsys.readouterr().out.startswith("Removing 'stays//gone'\n")
    assert loaded() == {"stays", "stays//child", "stays//hat", "docker-default", "runc", "snap.x"}


def test_a_file_with_a_mistake_stops_it_before_anything_goes(folder: Path) -> None:
    before = loaded()
    (folder / "bad").write_text("profile goes { nonsense, }\n")
    with pytest.raises(DiagnosticError):
        remove_unknown("aa-remove-unknown", [], Places(policy=str(folder)), embedded)
    assert loaded() == before


def test_without_apparmor_it_exits_1(folder: Path, capsys: Any) -> None:
    def none() -> Any:
        raise KernelUnavailable("no AppArmor here")

    assert remove_unknown("aa-remove-unknown", [], Places(policy=str(folder)), none) == 1
    assert capsys.readouterr().err.startswith("ERROR: Unable to read apparmorfs profiles file")


@pytest.mark.parametrize("arguments, status", [(["-h"], 0), (["--help"], 0), (["-x"], 1), (["-n", "-n"], 1)])
def test_usage(folder: Path, arguments: list[str], status: int, capsys: Any) -> None:
    assert remove_unknown("aa-remove-unknown", arguments, Places(policy=str(folder)), embedded) == status
    printed = capsys.readouterr()
    assert "usage: aa-remove-unknown" in (printed.out if status == 0 else printed.err)
