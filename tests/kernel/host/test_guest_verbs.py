"""The verbs on a real host: all of dockarmor runs inside the guest, text is compiled there, the agent looks on."""

import json
from collections.abc import Callable, Iterator

import pytest

from dockarmor.compile.pipeline import compile_policy
from dockarmor.kernel.lab import Lab
from dockarmor.kernel.lab.lab import Run
from dockarmor.policy.builtin import builtin_base
from dockarmor.policy.features import FeatureSet, builtin
from dockarmor.policy.read import library, read_text, require
from dockarmor.text.source import Source

pytestmark = pytest.mark.lab

MAIN = "import sys; sys.path[:0] = ['/own']; from dockarmor.cli.main import main; sys.exit(main(sys.argv[1:]))"
POLICY = "profile served { file, signal, profile helper { /x r, } }\n"
OUTLIVE = "(echo 0 >/sys/fs/cgroup/cgroup.procs; exec /bin/sleep 77) >/dev/null 2>&1 & sleep 0.5; echo $!"

Call = Callable[..., Run]


@pytest.fixture
def call(guest: Lab) -> Iterator[Call]:
    """One command line of dockarmor in the guest, where the kernel is found without being told."""

    def called(*arguments: str, uid: int = 0) -> Run:
        argv = ["/usr/bin/python3", "-S", "-E", "-c", MAIN, *arguments]
        return guest.run(argv, uid=uid, timeout=300)

    guest.put_file("/etc/apparmor.d/served", POLICY.encode())
    yield called
    for profile in guest.profiles():
        if "//" not in profile.name:
            guest.remove(profile.name)


def test_a_profile_lives_on_a_real_host(guest: Lab, call: Call) -> None:
    loaded = call("load", "--no-cache", "/etc/apparmor.d")
    assert (loaded.status, loaded.stderr.splitlines()[-1]) == (0, b"loaded into host: served, served//helper")
    assert [one.name for one in guest.profiles()] == ["served", "served//helper"]
    compared = call("status", "--against", "/etc/apparmor.d", "--no-cache", "--output", "json")
    (item,) = json.loads(compared.stdout)["items"]
    assert (compared.status, item["kernel"]) == (0, "host")
    assert [one["drift"]["state"] for one in item["profiles"]] == ["same", "same"]
    pid = guest.run(["/bin/sh", "-c", OUTLIVE], profile="served").stdout.decode().strip()
    try:
        refused = call("unload", "served")
        assert refused.status == 1
        assert f"stays: served: running tasks use it\n   /bin/sleep ({pid}) served\n".encode() in refused.stderr
        assert call("unload", "--all").status == 1
        assert len(guest.profiles()) == 2
        forced = call("unload", "--force", "/etc/apparmor.d/served")
        assert (forced.status, guest.profiles()) == (0, [])
        assert f"is unconfined: /bin/sleep ({pid})".encode() in forced.stderr
        assert guest.run(["/bin/cat", f"/proc/{pid}/attr/current"]).stdout.startswith(b"unconfined")
    finally:
        guest.run(["/bin/kill", "-9", pid])


def test_children_are_loaded_into_the_namespace_of_their_parent(guest: Lab, call: Call) -> None:
    """A kernel without the fix of 2026 forgets the namespace with each record, the last of which is a child's."""
    guest.put_file("/etc/apparmor.d/served", b"profile :inner:web { /x r, profile kid { /x r, } ^hat { /y r, } }\n")
    try:
        assert call("load", "--no-cache", "/etc/apparmor.d").status == 0
        names = [":inner:web", ":inner:web//hat", ":inner:web//kid"]
        assert sorted(one.name for one in guest.profiles()) == names
        compared = call("status", "--against", "/etc/apparmor.d", "--no-cache", "--output", "json")
        (item,) = json.loads(compared.stdout)["items"]
        assert [one["drift"]["state"] for one in item["profiles"]] == ["same"] * 3
    finally:
        guest.remove(":inner:")


def test_policy_that_was_loaded_under_the_pin_of_parser_conf_is_what_its_file_says(guest: Lab, call: Call) -> None:
    """Loaded as apparmor_parser does it on Debian: for the kernel, by what the pinned set knows."""
    text = "profile served { file, network, userns, io_uring, }\n"
    kernel, pinned = FeatureSet.from_tree("guest", guest.features()), builtin("default")
    policy = require(read_text(Source("served", text), library(builtin_base()))).policy
    guest.load(compile_policy(policy, kernel, pinned).blob)
    guest.put_file("/etc/apparmor.d/served", text.encode())
    guest.put_file("/usr/share/pinned", pinned.text().encode())
    guest.put_file("/etc/apparmor/parser.conf", b"policy-features=/usr/share/pinned\n")
    try:
        compared = call("status", "--against", "/etc/apparmor.d", "--no-cache")
        assert compared.status == 0
        assert compared.stdout.splitlines()[-1].endswith(b" same")
        line = b"1 of 1 files have no abi rule: they are compiled for policy-features=/usr/share/pinned of"
        assert line in compared.stderr
        for verb in ("reload", "service start"):
            assert call(*verb.split(), "--no-cache").status == 0
            assert call("status", "--against", "/etc/apparmor.d").status == 0
        assert call("reload", "--no-cache", "--policy-features", "kernel").status == 0
        assert call("status", "--against", "/etc/apparmor.d").status == 1
    finally:
        guest.run(["/bin/rm", "/etc/apparmor/parser.conf"])


def test_who_is_not_root_is_told_what_is_needed_and_exits_3(call: Call) -> None:
    done = call("load", "--no-cache", "/etc/apparmor.d/served", uid=1000)
    assert done.status == 3
    assert b"dockarmor: this host cannot: the policy: only root may do this; run it with sudo" in done.stderr


def test_the_doctor_finds_the_kernel_sound_and_no_policy(call: Call) -> None:
    done = call("doctor", "--output", "json")
    found = {one["code"]: one["verdict"] for one in json.loads(done.stdout)["items"] if one["verdict"] != "ok"}
    assert found.pop("DA920") == "warning"
    assert found.pop("DA930") == "note"
    # No package's changelog is in the guest, 6.1 and 6.12 lack some classes, and 6.1 asks nothing of move_mount(2).
    assert set(found) <= {"DA918", "DA919", "DA924"}
    assert done.status == 0


def test_the_doctor_says_what_who_is_not_root_cannot_see(call: Call) -> None:
    done = call("doctor", "--output", "json", uid=1000)
    told = [one["what"] for one in json.loads(done.stdout)["items"] if one["code"] == "DA913"]
    assert [what.rpartition(": ")[2] for what in told] == [
        "loaded profiles cannot be listed by this user",
        "its parameters mode, audit, lock_policy",
    ]
