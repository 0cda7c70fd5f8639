"""aa-remove-unknown beside Debian's own script, which itself runs with either apparmor_parser."""

import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dockarmor.cli.faces.aa_remove_unknown import remove_unknown
from dockarmor.cli.faces.places import Places
from dockarmor.kernel.host.kernel import Host

from .conftest import CACHE

pytestmark = pytest.mark.reference

OURS = f"{shlex.quote(sys.executable)} -m dockarmor apparmor_parser"


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    place = tmp_path / "apparmor.d"
    place.mkdir()
    (place / "stays").write_text("profile stays { /x r, profile child { /y r, } ^hat { /z r, } }\n")
    (place / "path").write_text("/usr/bin/known { /x r, }\nprofile :space:inside { /x r, }\n")
    return place


@pytest.fixture
def script(
    faked_host: Any, debian: Callable[[str, str], list[str]], policy: Path, tmp_path: Path
) -> Callable[..., "subprocess.CompletedProcess[str]"]:
    """Debian's script on the faked host, with this parser."""
    debian("sid", "aa-remove-unknown")
    text = (CACHE / "root-sid/usr/sbin/aa-remove-unknown").read_text()
    text = text.replace("/lib/apparmor/rc.apparmor.functions", f"{tmp_path}/functions")
    text = text.replace("APPARMORFS=/sys/kernel/security/apparmor", f"APPARMORFS={faked_host.root}")
    (tmp_path / "aa-remove-unknown").write_text(text)
    (tmp_path / "functions").write_text(f"PARSER={tmp_path}/parser\nPROFILE_DIRS={policy}\n")

    def run(parser: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
        (tmp_path / "parser").write_text(f'#!/bin/sh\nexec {parser} --config-file=/dev/null -M "{policy}.f" "$@"\n')
        (tmp_path / "parser").chmod(0o755)
        (tmp_path / "apparmor.d.f").write_text("file {mask {create read\n}\n}\n")
        command = ["sh", tmp_path / "aa-remove-unknown", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    return run


def ours(host: Any, policy: Path, *arguments: str) -> int:
    return remove_unknown(
        "aa-remove-unknown",
        list(arguments),
        Places(policy=str(policy)),
        lambda: Host(str(host.securityfs), str(host.proc), str(host.sys)),
    )


@pytest.mark.parametrize("arguments", [("-n",), ()])
def test_what_goes_is_debians(
    faked_host: Any, policy: Path, script: Any, debian: Any, arguments: tuple[str, ...], capsys: Any
) -> None:
    names = ("stays", "gone", "/usr/bin/known", "/usr/bin/gone", "with blank", "libvirt-0a-1", "lone//child")
    for name in names:
        faked_host.profile(name, children=("child", "lost") if name in ("stays", "gone") else ())
    faked_host.profile("mode", "complain")
    theirs = shlex.join(debian("sid", "apparmor_parser"))
    expected, with_ours = script(theirs, *arguments), script(OURS, *arguments)
    assert ours(faked_host, policy, *arguments) == expected.returncode == with_ours.returncode == 0
    assert expected.stdout == with_ours.stdout == capsys.readouterr().out
    assert expected.stdout.count("\n") == 8


def test_what_others_load_without_a_file_stays_only_here(
    faked_host: Any, policy: Path, script: Any, capsys: Any
) -> None:
    for name in ("docker-default", "snap.x.y", "gone"):
        faked_host.profile(name)
    assert ours(faked_host, policy, "-n") == 0
    assert capsys.readouterr().out == "Would remove 'gone'\n"
    assert "docker-default" in script(OURS, "-n").stdout


def test_without_a_list_of_profiles_both_exit_1(faked_host: Any, policy: Path, script: Any, capsys: Any) -> None:
    os.unlink(faked_host.root / "profiles")
    expected = script(OURS)
    assert ours(faked_host, policy) == expected.returncode == 1
    message = "ERROR: Unable to read apparmorfs profiles file"
    assert expected.stderr.splitlines()[-1] == message
    assert capsys.readouterr().err.startswith(message)


def test_a_file_with_a_mistake_stops_both(faked_host: Any, policy: Path, script: Any) -> None:
    from dockarmor.text.diagnostic import DiagnosticError

    faked_host.profile("gone")
    (policy / "bad").write_text("profile bad { nonsense, }\n")
    expected = script(OURS, "-n")
    assert (expected.returncode, expected.stdout) == (1, "")
    with pytest.raises(DiagnosticError):
        ours(faked_host, policy, "-n")
