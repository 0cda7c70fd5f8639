"""The host kernel inside a real one: dockarmor's own Python runs in the lab's guest, the lab's agent judges it."""

import errno
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from dockarmor.compile.pipeline import compile_policy
from dockarmor.kernel.drift import drift
from dockarmor.kernel.embedded.digest import profile_hashes
from dockarmor.kernel.lab import Lab
from dockarmor.kernel.protocol import Query
from dockarmor.policy.builtin import builtin_base
from dockarmor.policy.features import FeatureSet
from dockarmor.policy.read import library, read_text, require
from dockarmor.text.source import Source

pytestmark = pytest.mark.lab

#: what runs in the guest: calls a method of Host as its input says, answers in JSON
DRIVE = """
import json, sys
sys.path[:0] = ["/own"]
from dockarmor.kernel.host.kernel import Host
from dockarmor.kernel.protocol import KernelError, KernelUnavailable, Query
from dockarmor.value import asdict

def call(host, method, *arguments):
    values = [bytes.fromhex(one[4:]) if isinstance(one, str) and one.startswith("hex:") else one for one in arguments]
    if method == "access":
        values = [[Query(label, mediation, bytes.fromhex(match)) for label, mediation, match in values[0]]]
    if method == "add":
        return host.load(*values, replace=False)
    return getattr(host, method)(*values)

host, answers = Host(), []
for line in json.load(sys.stdin):
    try:
        found = call(host, *line)
        answers.append(found.hex() if isinstance(found, bytes) else asdict(found))
    except KernelError as error:
        answers.append([type(error).__name__, error.errno, str(error)])
print(json.dumps(answers))
"""
Drive = Callable[..., list[Any]]


@pytest.fixture
def drive(guest: Lab) -> Drive:
    """Call methods of a `Host` in the guest, one after the other, in one process."""
    guest.put_file("/drive.py", DRIVE.encode())

    def called(*lines: list[Any], uid: int = 0) -> list[Any]:
        argv = ["/usr/bin/python3", "-S", "-E", "/drive.py"]
        ran = guest.run(argv, stdin=json.dumps(lines).encode(), uid=uid, timeout=120)
        assert ran.status == 0, ran.stderr.decode()
        answers: list[Any] = json.loads(ran.stdout)
        return answers

    return called


@pytest.fixture
def loaded(guest: Lab, drive: Drive, blob: bytes) -> Iterator[Lab]:
    """The policy, loaded by the host kernel itself."""
    assert drive(["load", "hex:" + blob.hex()]) == [None]
    yield guest
    names = [one.name for one in guest.profiles() if "//" not in one.name]
    assert drive(*(["remove", name] for name in names)) == [None] * len(names)
    assert guest.profiles() == []


def test_it_lists_what_the_agent_lists_and_attachments_too(loaded: Lab, drive: Drive) -> None:
    (found,) = drive(["profiles"])
    expected = loaded.profiles()
    assert [(one["name"], one["mode"], one["hash"]) for one in found] == [(p.name, p.mode, p.hash) for p in expected]
    assert len(found) == 6
    attachments = {one["name"]: one["attachment"] for one in found}
    # No compiler tells the kernel the text of an attachment, and what it says of a profile without one is its name.
    assert attachments["learning"] is None
    assert attachments["first"] is None


def test_the_kernels_hash_is_the_one_that_we_compute(loaded: Lab, drive: Drive, blob: bytes) -> None:
    (found,) = drive(["profiles"])
    ours = set(profile_hashes(blob, "sha1" if len(found[0]["hash"]) == 40 else "sha256"))
    assert {one["hash"] for one in found} == ours


def test_the_bytes_that_were_loaded_are_read_back(loaded: Lab, drive: Drive, blob: bytes) -> None:
    assert drive(["blob_of", "learning"], ["blob_of", "first//child"]) == [blob.hex()] * 2


def test_features_are_the_agents(guest: Lab, drive: Drive) -> None:
    assert drive(["features"]) == [guest.features()]


def test_queries_are_answered_as_the_agent_answers_them(loaded: Lab, drive: Drive) -> None:
    labels = ("first", "first//child", "learning", "/usr/bin/named")
    queries = [Query(label, 2, path) for label in labels for path in (b"/x", b"/y", b"/z", b"/\xff", b"")]
    (found,) = drive(["access", [[one.label, one.mediation, one.match.hex()] for one in queries]])
    assert found == [
        {"allow": one.allow, "deny": one.deny, "audit": one.audit, "quiet": one.quiet}
        for one in loaded.access(queries)
    ]


def test_a_confined_task_is_seen_with_its_label(loaded: Lab, drive: Drive) -> None:
    outlive = "(echo 0 >/sys/fs/cgroup/cgroup.procs; exec /bin/sleep 77) >/dev/null 2>&1 & sleep 0.5; echo $!"
    pid = int(loaded.run(["/bin/sh", "-c", outlive], profile="first").stdout)
    listed, label, first = drive(["processes"], ["label_of", pid], ["label_of", 1])
    assert listed == [{"pid": pid, "label": "first", "mode": "enforce", "executable": "/bin/sleep"}]
    assert (label, first) == (["first", "enforce"], ["unconfined", None])
    assert loaded.run(["/bin/kill", "-9", str(pid)]).status == 0


def test_refusals_have_the_kernels_number_and_our_words(loaded: Lab, drive: Drive, blob: bytes) -> None:
    answers = drive(
        ["add", "hex:" + blob.hex()],
        ["load", "hex:" + blob[:-1].hex()],
        ["load", "hex:" + b"rubbish".hex()],
        ["remove", "none"],
        ["access", [["none", 2, "2f"]]],
        ["label_of", 999999],
    )
    assert [(kind, number) for kind, number, _ in answers] == [
        ("KernelError", errno.EEXIST),
        ("KernelError", errno.EPROTO),
        ("KernelError", errno.EPROTONOSUPPORT),
        ("KernelError", errno.ENOENT),
        ("KernelError", errno.ENOENT),
        ("KernelError", errno.ENOENT),
    ]
    assert answers[0][2].startswith("the policy: with `--add`: a profile of this name is loaded")
    assert answers[3][2] == "profile none: no profile of this name is loaded; `status` lists those that are"


def test_who_is_not_root_is_told_what_is_needed(loaded: Lab, drive: Drive, blob: bytes) -> None:
    answers = drive(["load", "hex:" + blob.hex()], ["remove", "first"], ["profiles"], uid=1000)
    assert [(kind, number) for kind, number, _ in answers] == [("KernelUnavailable", errno.EACCES)] * 3
    assert all("only root may do this" in words for _, _, words in answers)


def test_what_is_loaded_is_what_was_built(loaded: Lab, drive: Drive, blob: bytes) -> None:
    assert {one.state for one in drift(loaded.profiles(), [blob])} == {"same"}
    (kept,) = drive(["blob_of", "first"])
    other = compile_policy(
        require(read_text(Source("policy", "profile first { file, }"), library(builtin_base()))).policy,
        FeatureSet.from_tree("lab", loaded.features()),
    ).blob
    states = {one.name: one for one in drift(loaded.profiles(), [other], raw=lambda name: bytes.fromhex(kept))}
    assert states["first"].state == "differs"
    assert states["first"].detail.startswith("loaded / file: first: ")
    assert states["learning"].state == "no-file"
