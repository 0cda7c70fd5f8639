"""Ptrace rules: what is accepted, what they encode to, how the kernel decides."""

from typing import Any

import pytest

from dockarmor.access.confinement import CapabilityWords, StatePermissions
from dockarmor.access.event import Event
from dockarmor.access.request import PtraceRequest
from dockarmor.rules.kind import Dropped
from dockarmor.rules.ptrace import EVERY, KIND

TRACE, READ, TRACEDBY, READBY = 2, 4, 8, 16


@pytest.mark.parametrize(
    ("text", "permissions", "peer"),
    [
        ("ptrace,", EVERY, None),
        ("ptrace read,", READ, None),
        ("ptrace (rw),", READ | TRACE, None),
        ("ptrace (tracedby, readby) peer=a,", TRACEDBY | READBY, "a"),
        ("ptrace w peer=/a//b,", TRACE, "/a//b"),
    ],
)
def test_what_is_read(read: Any, text: str, permissions: int, peer: str | None) -> None:
    rule = read(KIND, text)
    assert (rule.permissions, rule.peer and rule.peer.text) == (permissions, peer)


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ("ptrace (tracing),", "DA261", "unknown permission `tracing`"),
        ("ptrace set=kill,", "DA263", "unknown condition `set`"),
        ("ptrace peer in (a),", "DA264", "`peer` takes `=` in ptrace rules, not `in`"),
        ("ptrace peer=(a),", "DA264", "a `peer=(…)` group does not stand here in ptrace rules"),
        ("ptrace peer=a peer=b,", "DA265", "`peer=` is said twice"),
        ("ptrace read trace,", "DA260", "`trace` does not belong here"),
    ],
)
def test_what_is_refused(refused: Any, text: str, code: str, message: str) -> None:
    diagnostic = refused(KIND, text)
    assert (diagnostic.code, diagnostic.message) == (code, message)


@pytest.mark.parametrize("text", ["ptrace,", "ptrace read,", "ptrace (trace, tracedby) peer=a//b,"])
def test_canonical_text_stays(read: Any, text: str) -> None:
    assert KIND.write(read(KIND, text)) == text


def test_encoding_has_both_spellings_of_the_class(read: Any, scope: Any) -> None:
    (entry,) = KIND.encode(read(KIND, "ptrace read peer=a*,"), scope())
    assert (entry.pattern, entry.permissions) == (rb"(\x10|)\x09a[^/\x00]*", READ)
    (dropped,) = KIND.encode(read(KIND, "ptrace,"), scope(features=frozenset()))
    assert isinstance(dropped, Dropped)


def decide(profile: Any, permissions: int, peer: str) -> Any:
    assert KIND.decide is not None
    return KIND.decide(profile, PtraceRequest(permissions, peer))


def test_the_kernel_asks_by_class_label_then_ptrace(confined: Any, table: Any) -> None:
    profile = confined(
        policy=table({b"\x09": StatePermissions(allow=4), b"\x10\x09a": StatePermissions(allow=READ | READBY)})
    )
    assert decide(profile, READ, "a").allowed
    assert decide(profile, READBY, "a").allowed
    denied = decide(profile, TRACE, "a")
    assert (denied.allowed, denied.record, denied.denied) == (False, "DENIED", TRACE)
    assert denied.matches[0].string == b"\x10\x09a"
    assert not decide(profile, READ, "b").allowed


def test_mediated_without_a_rule_nothing_is_allowed(confined: Any, table: Any) -> None:
    profile = confined(policy=table({b"\x09": StatePermissions(allow=4)}))
    assert not decide(profile, READ, "a").allowed
    assert decide(profile, TRACEDBY, "unconfined").allowed  # the tracee does not ask about unconfined tracers


def test_unmediated_the_tracer_needs_the_capability(confined: Any, table: Any) -> None:
    bare = confined(policy=table({b"\x07": StatePermissions()}))
    able = confined(capabilities=CapabilityWords(allow=1 << 19))
    assert not decide(bare, TRACE, "a").allowed
    assert decide(bare, TRACE, "p").allowed  # its own profile
    assert decide(able, TRACE, "a").allowed
    assert decide(bare, READBY, "a").allowed


def test_records_and_the_way_back(confined: Any, table: Any) -> None:
    request = PtraceRequest(READ, "docker-default")
    decision = decide(confined(policy=table({b"\x09": StatePermissions()})), READ, request.peer)
    assert KIND.record is not None
    assert KIND.request is not None
    made = KIND.record(request, decision)
    assert made.pairs == (("requested_mask", "read"), ("denied_mask", "read"), ("peer", "docker-default"))
    event = Event("DENIED", "ptrace", "p", fields={key: str(value) for key, value in made.pairs})
    assert KIND.request(event) == request
    assert KIND.request(Event("DENIED", "ptrace", "p", fields={"requested_mask": "read"})) is None
