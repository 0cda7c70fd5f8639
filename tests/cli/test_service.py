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
from dockarmor.kernel.host.kernel import Host
from dockarmor.kernel.protocol import KernelError, Process

EMBEDDED = ("--kernel", "embedded", "--no-cache")
PACKAGING = Path(__file__).resolve().parents[2] / "packaging"
UNIT, INIT = PACKAGING / "dockarmor.service", PACKAGING / "dockarmor.init"
LOADING = ("start", "reload", "restart", "force-reload", "try-restart")


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


@pytest.mark.parametrize("action", LOADING)
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


@pytest.mark.parametrize("action", ["start", "reload", "stop"])
def test_a_container_leaves_its_hosts_policy_alone(
    folder: Path, faked_host: Any, action: str, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = Host(str(faked_host.securityfs), str(faked_host.proc), str(faked_host.sys))
    monkeypatch.setattr(chosen, "host_if_here", lambda: host)
    faked_host.profile("one")
    (faked_host.proc / "self/root").mkdir()
    (faked_host.proc / "self/root/.dockerenv").touch()
    assert main(["service", action, "--no-cache"]) == 0
    assert capsys.readouterr().err == "this is a container (docker) with its host's policy, which is left alone\n"
    assert [(faked_host.root / name).read_bytes() for name in (".replace", ".remove")] == [b"", b""]


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
        ["systemd-analyze", "--man=no", "verify", tmp_path / "dockarmor.service"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "dockarmor.service" not in done.stderr


@pytest.mark.parametrize(
    "action, status, called",
    [
        *((name, 0, f"service {name} --kernel host\n") for name in (*LOADING, "status")),
        ("stop", 0, ""),
        ("nonsense", 2, ""),
        ("", 2, ""),
    ],
)
def test_the_init_script_calls_what_there_is(tmp_path: Path, action: str, status: int, called: str) -> None:
    """On a machine without the module it does nothing: the test looks at a copy that does not ask."""
    script = tmp_path / "init"
    script.write_text(INIT.read_text().replace("[ -d /sys/module/apparmor ]", "true"))
    (tmp_path / "program").write_text('#!/bin/sh\necho "$@"\n')
    (tmp_path / "program").chmod(0o755)
    done = subprocess.run(
        ["sh", script, action],
        env={"DOCKARMOR": str(tmp_path / "program")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (status, called)


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="no shellcheck here")
def test_the_init_script_is_sound() -> None:
    assert subprocess.run(["shellcheck", INIT], capture_output=True, check=False).stdout == b""
