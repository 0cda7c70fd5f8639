"""The host kernel on the files of a faked host; a real one judges it in test_guest.py."""

import errno
import os
from typing import Any

import pytest

from dockarmor.kernel.host.kernel import Host
from dockarmor.kernel.protocol import KernelError, KernelUnavailable, LoadedProfile, Process, Query


@pytest.fixture
def host(faked_host: Any) -> Host:
    return Host(str(faked_host.securityfs), str(faked_host.proc), str(faked_host.sys))


def test_policy_is_written_to_the_file_that_says_how(host: Host, faked_host: Any) -> None:
    host.load(b"\0policy\xff")
    assert (faked_host.root / ".replace").read_bytes() == b"\0policy\xff"
    assert (faked_host.root / ".load").read_bytes() == b""
    host.load(b"more", replace=False)
    assert (faked_host.root / ".load").read_bytes() == b"more"


def test_a_profile_is_removed_by_its_name_without_a_newline(host: Host, faked_host: Any) -> None:
    host.remove("/usr/bin/caf\xe9")
    assert (faked_host.root / ".remove").read_bytes() == b"/usr/bin/caf\xe9"


def test_profiles_are_listed_with_attachment_and_hash(host: Host, faked_host: Any) -> None:
    faked_host.profile("/usr/bin/man", sha256="ab" * 32, attach="/usr/bin/man", children=("filter",))
    faked_host.profile("odd (name)", "complain", sha1="cd" * 20, attach="<unknown>")
    faked_host.profile("attaches to nothing", attach="attaches to nothing")
    assert host.profiles() == [
        LoadedProfile("/usr/bin/man", "enforce", "ab" * 32, "/usr/bin/man"),
        LoadedProfile("/usr/bin/man//filter", "enforce"),
        LoadedProfile("odd (name)", "complain", "cd" * 20),
        LoadedProfile("attaches to nothing", "enforce"),
    ]


def test_profiles_of_namespaces_have_their_namespace_in_the_name(host: Host, faked_host: Any) -> None:
    faked_host.profile(":outer:p", sha256="00")
    faked_host.profile(":outer//inner:q")
    faked_host.profile(":caf\xc3\xa9:r")
    namespaces = faked_host.root / "policy/namespaces/outer"
    beside = namespaces.parent / "café"
    for place, name, digest in (
        (namespaces, "p", "11"),
        (namespaces / "namespaces/inner", "q", "22"),
        (beside, "r", "33"),
    ):
        folder = place / f"profiles/{name}.1"
        folder.mkdir(parents=True)
        (folder / "name").write_text(f"{name}\n")
        (folder / "sha256").write_text(f"{digest}\n")
    assert {one.name: one.hash for one in host.profiles()} == {
        ":outer:p": "11",
        ":outer//inner:q": "22",
        ":caf\xc3\xa9:r": "33",
    }


def test_a_kernel_that_shows_no_folders_still_lists_its_profiles(host: Host, faked_host: Any) -> None:
    (faked_host.root / "profiles").write_text("a (enforce)\nnot a line\nb (kill)\n")
    (faked_host.root / "policy/profiles").rmdir()
    assert host.profiles() == [LoadedProfile("a", "enforce"), LoadedProfile("b", "kill")]


def test_the_bytes_that_brought_a_profile_are_read_where_they_are_kept(host: Host, faked_host: Any) -> None:
    (faked_host.profile("a") / "raw_data").write_bytes(b"raw")
    faked_host.profile("b")
    assert [host.blob_of(name) for name in ("a", "b", "c")] == [b"raw", None, None]
    (faked_host.profile("c") / "raw_data").write_bytes(b"new")
    assert [host.blob_of(name) for name in ("a", "c")] == [b"raw", b"new"]


def test_a_name_with_newlines_is_one_name_as_its_folder_says(host: Host, faked_host: Any) -> None:
    """The flat list alone does not tell where it begins, or whether its first line is a profile of its own."""
    faked_host.profile("before")
    faked_host.profile("a (kill)\nb\n", "complain", sha256="ab", children=("kid",))
    faked_host.profile("b")
    assert [(one.name, one.mode, one.hash) for one in host.profiles()] == [
        ("before", "enforce", None),
        ("a (kill)\nb\n", "complain", "ab"),
        ("a (kill)\nb\n//kid", "complain", None),
        ("b", "enforce", None),
    ]


def test_confined_processes_are_listed_with_program_and_label(host: Host, faked_host: Any) -> None:
    faked_host.task(7, "a//&b (mixed)", "/bin/sh")
    faked_host.task(8, "unconfined", "/bin/sh")
    faked_host.task(9, "p (enforce)", "")
    faked_host.task(10, "old (complain)", "/gone/x (deleted)", file="attr/current")
    faked_host.task(11, "system_u:object_r:x:s0", "/bin/sh", file="attr/current")
    shell = os.path.realpath("/bin/sh")
    assert sorted(host.processes(), key=lambda one: one.pid) == [
        Process(7, "a//&b", "mixed", shell),
        Process(10, "old", "complain", "/gone/x (deleted)"),
    ]
    assert host.unconfined() == [Process(8, "unconfined", "unconfined", shell)]


def test_a_process_is_asked_for_its_label(host: Host, faked_host: Any) -> None:
    faked_host.task(7, "p (enforce)", "/bin/sh")
    faked_host.task(11, "selinux_t", "/bin/sh", file="attr/current")
    assert host.label_of(7) == ("p", "enforce")
    with pytest.raises(KernelError, match="process 8: there is no such process"):
        host.label_of(8)
    with pytest.raises(KernelError, match="not AppArmor's"):
        host.label_of(11)


def test_features_are_a_tree_of_texts(host: Host) -> None:
    assert host.features() == {"file": {"mask": "create read write"}}


def test_a_loop_of_folders_ends(host: Host, faked_host: Any) -> None:
    (faked_host.root / "features/loop").symlink_to(faked_host.root / "features")
    (faked_host.root / "policy/profiles/loop").symlink_to(faked_host.root / "policy")
    assert host.features()
    assert host.profiles() == []


@pytest.mark.parametrize("act", ["load", "remove", "profiles", "features", "access"])
def test_without_apparmor_every_call_says_what_lacks(act: str, tmp_path: Any) -> None:
    host = Host(str(tmp_path), str(tmp_path), str(tmp_path))
    arguments = {"load": (b"x",), "remove": ("x",), "access": ([Query("p", 2, b"/")],)}.get(act, ())
    with pytest.raises(KernelUnavailable, match="AppArmor is off, or securityfs is not mounted"):
        getattr(host, act)(*arguments)


def test_a_refusal_of_no_known_meaning_keeps_its_number(host: Host, faked_host: Any) -> None:
    (faked_host.root / ".replace").unlink()
    (faked_host.root / ".replace").mkdir()
    with pytest.raises(KernelError, match="the policy: Is a directory") as caught:
        host.load(b"x")
    assert caught.value.errno == errno.EISDIR


@pytest.mark.skipif(os.geteuid() != 0, reason="only root lacks capabilities one by one")
@pytest.mark.parametrize(
    "status, words",
    [
        ("CapEff:\t0000000000000000", "CAP_MAC_ADMIN"),
        ("CapEff:\t0000000200000000", "policy is locked"),
    ],
)
def test_root_is_told_what_else_lacks(host: Host, faked_host: Any, status: str, words: str) -> None:
    """A file that even root may not open for writing stands for a kernel that says no."""
    (faked_host.root / ".replace").unlink()
    (faked_host.root / ".replace").symlink_to("/sys/kernel/notes")
    (faked_host.proc / "self/status").write_text(f"Name:\tpython\n{status}\n")
    (faked_host.parameters / "lock_policy").write_text("Y\n")
    with pytest.raises(KernelError, match=words) as caught:
        host.load(b"x")
    assert caught.value.errno == errno.EACCES


def test_nothing_is_no_policy_and_no_name(host: Host) -> None:
    with pytest.raises(KernelError, match="nothing to load"):
        host.load(b"")
    with pytest.raises(KernelError, match="no profile is named"):
        host.remove("")


def test_an_answer_of_another_form_is_not_believed(host: Host, faked_host: Any) -> None:
    (faked_host.root / ".access").write_text("")
    with pytest.raises(KernelError, match="no form that is known"):
        host.access([Query("p", 2, b"/x")])
