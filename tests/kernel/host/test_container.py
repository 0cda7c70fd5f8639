"""Whose policy it is that a program in a container would change."""

from pathlib import Path
from typing import Any

import pytest

from dockarmor.kernel.host.container import container, has_own_policy
from dockarmor.kernel.host.kernel import Host


def left(faked_host: Any, name: str, text: str = "") -> None:
    """A manager left a file in the root folder of this process."""
    place: Path = faked_host.proc / "self/root" / name
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text)


@pytest.mark.parametrize(
    "name, text, kind",
    [
        ("run/systemd/container", "systemd-nspawn\n", "systemd-nspawn"),
        ("run/host/container-manager", "lxc", "lxc"),
        (".dockerenv", "", "docker"),
        ("run/.containerenv", "", "podman"),
        ("run/systemd/container", "wsl\n", None),
        ("run/other", "lxc", None),
    ],
)
def test_a_container_is_known_by_what_its_manager_left(
    faked_host: Any, name: str, text: str, kind: str | None
) -> None:
    assert container(str(faked_host.proc)) is None
    left(faked_host, name, text)
    assert container(str(faked_host.proc)) == kind


def test_or_by_how_its_first_process_was_started(faked_host: Any) -> None:
    (faked_host.proc / "1").mkdir()
    (faked_host.proc / "1/environ").write_text("A=b\0container=oci\0")
    assert container(str(faked_host.proc)) == "oci"


@pytest.mark.parametrize(
    "stacked, name, own",
    [("yes", "lxd-c1_<var-lib-lxd>", True), ("yes", "incus-x", True), ("no", "lxd-x", False), ("yes", "mine", False)],
)
def test_some_managers_give_a_container_a_policy_of_its_own(
    faked_host: Any, stacked: str, name: str, own: bool
) -> None:
    host = Host(str(faked_host.securityfs), str(faked_host.proc), str(faked_host.sys))
    assert not has_own_policy(str(faked_host.securityfs))
    assert host.belongs_to() is None
    (faked_host.root / ".ns_stacked").write_text(stacked + "\n")
    (faked_host.root / ".ns_name").write_text(name + "\n")
    left(faked_host, "run/systemd/container", "lxc\n")
    assert has_own_policy(str(faked_host.securityfs)) is own
    assert host.belongs_to() == (None if own else "lxc")
