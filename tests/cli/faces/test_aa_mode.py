"""aa-complain, aa-enforce, aa-disable: files first, then the kernel."""

from pathlib import Path
from typing import Any

import pytest

from dockarmor.cli import kernel as chosen
from dockarmor.cli.faces.aa_mode import change
from dockarmor.cli.faces.places import Places
from dockarmor.kernel.embedded.kernel import Embedded
from dockarmor.kernel.protocol import KernelError, KernelUnavailable, Process

MAN = """# the manual's reader
profile man /usr/{,local/}bin/man flags=(attach_disconnected) {  # keep this
  /usr/share/man/** r,
  profile filter { /x r, }
  ^hat { /y r, }
}

profile other { /z r, }
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A policy folder; the embedded kernel stands for this host's."""
    monkeypatch.setenv("DOCKARMOR_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("DOCKARMOR_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(chosen, "host", chosen.embedded)
    place = tmp_path / "apparmor.d"
    (place / "disable").mkdir(parents=True)
    (place / "force-complain").mkdir()
    (place / "usr.bin.man").write_text(MAN)
    (place / "bad").write_text("profile bad { nonsense, }\n")
    (place / "runc").write_text("profile runc /usr/sbin/runc flags=(unconfined) { userns, }\n")
    return place


def called(name: str, folder: Path, *arguments: str) -> int:
    return change(name, list(arguments), Places(policy=str(folder)))


def modes() -> dict[str, str]:
    return {one.name: one.mode for one in chosen.embedded().profiles()}


def test_a_program_finds_its_profile_by_attachment_and_its_hats_change_with_it(folder: Path, capsys: Any) -> None:
    assert called("aa-complain", folder, "/usr/local/bin/man") == 0
    assert (folder / "usr.bin.man").read_text() == MAN.replace(
        "flags=(attach_disconnected)", "flags=(attach_disconnected, complain)"
    ).replace("^hat {", "^hat flags=(complain) {")
    assert modes() == {"man": "complain", "man//filter": "enforce", "man//hat": "complain", "other": "enforce"}
    assert capsys.readouterr().out == "Setting /usr/local/bin/man to complain mode.\n"


def test_a_profile_is_found_by_its_name(folder: Path) -> None:
    called("aa-complain", folder, "--no-reload", "other")
    assert (folder / "usr.bin.man").read_text() == MAN.replace("profile other {", "profile other flags=(complain) {")
    assert modes() == {}


def test_a_file_changes_all_that_is_in_it_and_enforce_changes_it_back(folder: Path) -> None:
    file = folder / "usr.bin.man"
    called("aa-complain", folder, str(file))
    assert set(modes().values()) == {"complain"}
    assert len(modes()) == 4
    called("aa-enforce", folder, str(file))
    assert file.read_text() == MAN
    assert set(modes().values()) == {"enforce"}


def test_links_that_would_undo_it_go(folder: Path) -> None:
    for place in ("disable", "force-complain"):
        (folder / place / "usr.bin.man").symlink_to(folder / "usr.bin.man")
    called("aa-complain", folder, "--no-reload", "man")
    assert [len(list((folder / place).iterdir())) for place in ("disable", "force-complain")] == [0, 1]
    called("aa-enforce", folder, "--no-reload", "man")
    assert list((folder / "force-complain").iterdir()) == []


@pytest.mark.parametrize("name", ["aa-enforce", "aa-complain"])
def test_a_profile_that_only_names_a_program_is_not_made_to_confine_it(folder: Path, name: str, capsys: Any) -> None:
    before = (folder / "runc").read_text()
    assert called(name, folder, str(folder / "runc")) == 0
    assert (folder / "runc").read_text() == before
    assert "is in unconfined mode. Use --force" in capsys.readouterr().out
    called(name, folder, "--force", "--no-reload", str(folder / "runc"))
    assert "unconfined" not in (folder / "runc").read_text()


def test_disable_links_and_unloads(folder: Path, capsys: Any) -> None:
    called("aa-enforce", folder, "man")
    assert "man" in modes()
    assert called("aa-disable", folder, "man") == 0
    assert modes() == {}
    assert (folder / "disable/usr.bin.man").resolve() == folder / "usr.bin.man"
    assert called("aa-disable", folder, "man") == 0
    assert "Disabling man.\n" in capsys.readouterr().out


def test_who_is_freed_by_disable_is_named(folder: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    called("aa-enforce", folder, "man")
    monkeypatch.setattr(Embedded, "processes", lambda self: [Process(7, "man//filter", "enforce", "/bin/x")])
    called("aa-disable", folder, "man")
    assert "unconfined from now on: /bin/x (7)" in capsys.readouterr().err


@pytest.mark.parametrize("argument", ["nothing", "/no/such/program", "/etc/passwd"])
def test_what_has_no_profile_is_skipped(folder: Path, argument: str, capsys: Any) -> None:
    assert called("aa-complain", folder, argument) == 0
    assert f"Profile for {argument} not found, skipping" in capsys.readouterr().out


def test_explicit_options_name_what_is_meant(folder: Path) -> None:
    called("aa-complain", folder, "--no-reload", "--profile", "other", "--executable-file", "/usr/bin/man")
    text = (folder / "usr.bin.man").read_text()
    assert text.count("complain") == 3
    called("aa-enforce", folder, "--no-reload", "--profile-file", str(folder / "usr.bin.man"), "-d", str(folder))
    assert (folder / "usr.bin.man").read_text() == MAN


def test_without_a_kernel_no_file_is_touched(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> Any:
        raise KernelUnavailable("no AppArmor here")

    monkeypatch.setattr(chosen, "host", none)
    with pytest.raises(KernelUnavailable):
        called("aa-complain", folder, "man")
    assert (folder / "usr.bin.man").read_text() == MAN


def test_a_kernel_that_refuses_what_the_file_says_now_is_told_apart(
    folder: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: Any, **more: Any) -> None:
        raise KernelError("the policy: no")

    monkeypatch.setattr(Embedded, "load", refuse)
    with pytest.raises(KernelError):
        called("aa-complain", folder, "other")
    assert "profile other flags=(complain)" in (folder / "usr.bin.man").read_text()
    assert (
        capsys.readouterr().err
        == f"{folder}/usr.bin.man is changed, but not loaded: what the kernel has is as before\n"
    )


@pytest.mark.parametrize("arguments, status", [([], 2), (["--help"], 0), (["--bogus", "x"], 2)])
def test_usage(folder: Path, arguments: list[str], status: int, capsys: Any) -> None:
    assert called("aa-complain", folder, *arguments) == status
