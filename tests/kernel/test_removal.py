"""What may be unloaded, and what stays."""

import pytest

from dockarmor.kernel.protocol import LoadedProfile, Process
from dockarmor.kernel.removal import everything, generated, named, top_level, unknown, users

PROFILES = [
    LoadedProfile("web", "enforce"),
    LoadedProfile("web//helper", "enforce"),
    LoadedProfile("old", "complain"),
    LoadedProfile("runc", "unconfined"),
    LoadedProfile("docker-default", "enforce"),
    LoadedProfile(":ns:web", "enforce"),
    LoadedProfile("lost//child", "enforce"),
    LoadedProfile("libvirt-12ab-34", "enforce"),
]


def task(label: str, pid: int = 7) -> Process:
    return Process(pid, label, "enforce", "/bin/x")


@pytest.mark.parametrize(
    "label, uses",
    [
        ("web", True),
        ("web//helper", True),
        ("other//&web", True),
        (":ns:other//&web", False),
        (":ns:web", False),
        ("web2", False),
        ("a//web", False),
        ("unconfined", False),
    ],
)
def test_a_task_uses_a_profile_by_any_part_of_its_label(label: str, uses: bool) -> None:
    assert bool(users("web", [task(label)])) is uses


def test_a_stack_in_a_namespace_names_it_once() -> None:
    assert users(":ns:web", [task(":ns:other//&web")])


def test_a_profile_in_use_keeps_all_that_were_named() -> None:
    removal = named(["old", "web"], PROFILES, [task("web//helper")])
    assert removal.names == ()
    assert [(one.name, one.tasks) for one in removal.in_use] == [("web", (task("web//helper"),))]


def test_force_removes_and_says_who_is_freed() -> None:
    removal = named(["old", "web"], PROFILES, [task("web//&old")], force=True)
    assert removal.names == ("old", "web")
    assert removal.freed == (task("web//&old"),)


def test_a_child_goes_with_its_parent_and_what_is_not_loaded_keeps_nothing_else() -> None:
    removal = named(["web//helper", "web", "none", "old", "old"], PROFILES, [])
    assert (removal.names, removal.missing) == (("web", "old"), ("none",))


def test_a_namespace_is_in_use_while_tasks_run_under_any_profile_in_it() -> None:
    assert named([":ns:"], PROFILES, []).names == (":ns:",)
    for label in (":ns:web", ":ns//inner:web", "web//&:ns:web"):
        assert named([":ns:"], PROFILES, [task(label)]).in_use, label
    assert not named([":ns:"], PROFILES, [task(":ns2:web")]).in_use


def test_all_at_once_spares_what_confines_nothing_and_what_is_in_use() -> None:
    removal = everything(PROFILES, [task("web"), task("docker-default")])
    assert removal.names == ("old", ":ns:web", "lost//child", "libvirt-12ab-34")
    assert {one.name: one.reason for one in removal.kept} == {
        "web": "running tasks use it",
        "runc": "it only gives a program its name, and confines nothing",
        "docker-default": "Docker loads it when the daemon starts",
    }
    assert {one.name for one in removal.in_use} == {"web", "docker-default"}


def test_not_even_force_takes_the_default_from_running_containers() -> None:
    removal = everything(PROFILES, [task("web"), task("docker-default")], force=True)
    assert "web" in removal.names
    assert removal.freed == (task("web"),)
    assert {one.name for one in removal.kept} == {"runc", "docker-default"}


def test_without_containers_the_default_goes_too() -> None:
    assert "docker-default" in everything(PROFILES, []).names


def test_what_no_file_brings_goes_but_not_what_others_make() -> None:
    removal = unknown(PROFILES, ["web", ":ns:web"], [task("old")])
    assert removal.names == ("web//helper", "lost//child")
    assert {one.name for one in removal.kept} == {"runc", "old", "docker-default", "libvirt-12ab-34"}


def test_children_go_before_their_parents() -> None:
    assert unknown(PROFILES[:2], [], []).names == ("web//helper", "web")


@pytest.mark.parametrize(
    "name",
    [
        "docker-default",
        "docker-default//child",
        "cri-containerd.apparmor.d",
        "containers-default-0.57.4",
        "crio-default",
        "snap.docker.dockerd",
        "snap-update-ns.firefox",
        "/snap/core/1/usr/lib/snapd/snap-confine",
        "lxd-c1_</var/lib/lxd>",
        "libvirt-0f3a-1",
        ":lxd-c1_<var-lib-lxd>:anything",
        "kubearmor-default-web-web",
    ],
)
def test_what_engines_make_is_known_by_its_name(name: str) -> None:
    assert generated(name)


def test_a_child_without_its_parent_stands_for_itself() -> None:
    assert [one.name for one in top_level(PROFILES)][-2:] == ["lost//child", "libvirt-12ab-34"]
