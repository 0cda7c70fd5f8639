"""Network rules: what is accepted, which sockets they mean, how the kernel decides."""

from typing import Any

import pytest

from dockarmor.access.confinement import StatePermissions
from dockarmor.access.event import Event
from dockarmor.access.request import NetworkRequest
from dockarmor.rules.kind import Dropped, Entry, Qualifiers
from dockarmor.rules.network import KIND, Endpoint
from dockarmor.rules.socket_entry import EVERY

COARSE = frozenset(("network_v8",))
ALL_BITS = 0x1FC076  # every permission, as an accept word holds it


def entries(read: Any, scope: Any, text: str, qualifiers: Qualifiers = Qualifiers()) -> list[Entry]:  # noqa: B008
    made = KIND.encode(read(KIND, text, qualifiers), scope)
    return [one for one in made if isinstance(one, Entry)]


@pytest.mark.parametrize(
    ("text", "permissions", "family", "type"),
    [
        ("network,", EVERY, None, None),
        ("network (),", EVERY, None, None),
        ("network inet,", EVERY, "inet", None),
        ("network create inet stream,", 0x10, "inet", "stream"),
        ("network (send, r) unix,", 0x6, "unix", None),
        ("network tcp,", EVERY, None, "tcp"),
        ("network raw,", EVERY, None, "raw"),
        ('network "inet6" "udp",', EVERY, "inet6", "udp"),
    ],
)
def test_what_is_read(read: Any, text: str, permissions: int, family: str | None, type: str | None) -> None:
    rule = read(KIND, text)
    assert (rule.permissions, rule.family, rule.type) == (permissions, family, type)


def test_conditions(read: Any) -> None:
    rule = read(KIND, "network (send) ip=1.2.3.4 port=80-90 peer=(ip=::1, port=(5) label:=x),")
    assert rule.local == Endpoint("1.2.3.4", (80, 90))
    assert (rule.peer.ip, rule.peer.port, rule.peer.label.text, rule.peer.sets_label) == ("::1", (5, 5), "x", True)


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ("network inet5,", "DA232", "unknown socket family or type `inet5`"),
        ("network inet strem,", "DA232", "unknown socket type `strem`"),
        ("network decnet,", "DA232", "unknown socket family or type `decnet`"),
        ("network inet6 icmp,", "DA237", "there is no `icmp` with `inet6`"),
        ("network (creat),", "DA231", "unknown permission `creat`"),
        ("network inet stream tcp,", "DA230", "`tcp` does not belong here"),
        ("network inet port=80 stream,", "DA230", "`stream` does not belong here"),
        ("network prt=80,", "DA233", "unknown condition `prt`"),
        ("network peer=x,", "DA233", "unknown condition `peer`"),
        ("network port in (80),", "DA234", "`port` takes `=` in network rules, not `in`"),
        ("network port=80 port=81,", "DA235", "`port=` is said twice"),
        ("network port=(80 81),", "DA236", "`port=` takes one value"),
        ("network port=65536,", "DA236", "this is no port"),
        ("network port=90-80,", "DA236", "this is no port"),
        ("network ip=1.2.3.4/8,", "DA236", "this is no IP address"),
        ("network ip=fe80::1%eth0,", "DA236", "this is no IP address"),
        ("network unix ip=1.2.3.4,", "DA237", "sockets of the family `unix` have no conditions here"),
        ("network peer=(interface=eth0),", "DA237", "a peer has no `interface=`: it belongs to the own end"),
        ("network (send bind) peer=(port=80),", "DA237", "`bind` cannot be said about a peer"),
        ("network peer=(port=80", "DA230", "this parenthesis is not closed"),
    ],
)
def test_what_is_refused(refused: Any, text: str, code: str, message: str) -> None:
    diagnostic = refused(KIND, text)
    assert (diagnostic.code, diagnostic.message) == (code, message)


def test_a_priority_is_refused(refused: Any) -> None:
    diagnostic = refused(KIND, "network,", Qualifiers(priority=1))
    assert (diagnostic.code, diagnostic.message) == ("DA239", "`priority` is not possible before network rules")


@pytest.mark.parametrize(
    "text",
    [
        "network,",
        "network create inet,",
        "network (connect, send, receive) inet6 stream,",
        "network tcp,",
        "network inet ip=1.2.3.4 port=80-90 interface=eth* label=x peer=(ip=none, port=5, label:=y),",
    ],
)
def test_canonical_text_reads_back(read: Any, read_back: Any, text: str) -> None:
    rule = read(KIND, text)
    assert read_back(KIND, rule) == rule


# -- encoding ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "patterns"),
    [
        ("network inet,", [rb"\x0e\x00\x02.."]),
        ("network inet stream,", [rb"\x0e\x00\x02\x00\x01"]),
        ("network tcp,", [rb"\x0e\x00\x02\x00\x01", rb"\x0e\x00\x0a\x00\x01"]),
        ("network icmp,", [rb"\x0e\x00\x02\x00\x03"]),
        ("network unix dgram,", [rb"\x0e\x00\x01\x00\x02"]),
        ("network port=80,", [rb"\x0e\x00\x02..", rb"\x0e\x00\x0a.."]),
    ],
)
def test_by_family_and_type(read: Any, scope: Any, text: str, patterns: list[bytes]) -> None:
    found = entries(read, scope(features=COARSE), text)
    assert [one.pattern for one in found] == patterns
    assert {one.permissions for one in found} == {ALL_BITS}


def test_a_bare_rule_is_every_family(read: Any, scope: Any) -> None:
    assert len(entries(read, scope(features=COARSE), "network,")) == 46


def test_the_class_byte_is_the_newest_that_is_known(read: Any, scope: Any) -> None:
    newest = scope(features=frozenset(("network_v8", "network_v9")))
    assert [one.pattern for one in entries(read, newest, "network inet,")] == [rb"\x0f\x00\x02.."]
    (dropped,) = KIND.encode(read(KIND, "network,"), scope(features=frozenset()))
    assert isinstance(dropped, Dropped)
    assert dropped.diagnostic.code == "DA420"


def test_unix_sockets_get_the_same_permissions_in_full(read: Any, scope: Any) -> None:
    fine = scope(features=frozenset(("network_v9", "network_v9/af_unix")))
    found = {one.pattern: one.permissions for one in entries(read, fine, "network (create, send) unix stream,")}
    assert found == {
        rb"\x0f\x00\x01\x00\x01": 0x12,
        rb"\x0f\x00\x01\x00\x01..": 0x10,
        rb"\x0f\x00\x01\x00\x01...*\x00[^\x00]*\x00\x01.*\x00[^\x00]*": 0x2,
    }


def test_a_quiet_deny_is_quiet_for_unix_sockets_too(read: Any, scope: Any) -> None:
    fine = scope(features=frozenset(("network_v9", "network_v9/af_unix")))
    for one in entries(read, fine, "network unix stream,", Qualifiers(effect="deny")):
        assert one.audit == one.permissions


def test_lost_conditions_are_said(read: Any, scope: Any) -> None:
    first, *_ = KIND.encode(read(KIND, "network ip=1.2.3.4,"), scope(features=COARSE))
    assert isinstance(first, Dropped)
    assert first.diagnostic.code == "DA423"


def test_mediated_classes(scope: Any) -> None:
    assert KIND.mediates is not None

    def patterns(*features: str) -> list[bytes]:
        assert KIND.mediates is not None
        return [one.pattern for one in KIND.mediates(scope(features=frozenset(features)))]

    assert patterns() == []
    assert patterns("network_v8") == [rb"\x0e"]
    assert patterns("network_v8", "network_v9/af_unix") == [rb"\x0e", rb"\x0f", rb"\x0f\x00\x31"]
    assert patterns("network/af_unix") == [rb"\x04", rb"\x04\x00\x31"]


# -- deciding ---------------------------------------------------------------------------------------------


def decide(confined: Any, table: Any, accepts: dict[bytes, StatePermissions], request: NetworkRequest) -> Any:
    assert KIND.decide is not None
    return KIND.decide(confined(policy=table(accepts)), request)


@pytest.mark.parametrize(
    ("family", "type", "allowed", "info"),
    [
        ("inet", "stream", True, None),
        ("inet", "dgram", False, "failed type match"),
        ("inet6", "stream", False, "failed af match"),
    ],
)
def test_the_newest_class_decides(
    confined: Any, table: Any, family: str, type: str, allowed: bool, info: str | None
) -> None:
    accepts = {b"\x0e": StatePermissions(), b"\x0f\0\x02\0\x01": StatePermissions(allow=0x10)}
    decision = decide(confined, table, accepts, NetworkRequest(0x10, family, type))
    assert (decision.allowed, decision.info) == (allowed, info)


def test_older_kernels_have_no_remarks(confined: Any, table: Any) -> None:
    accepts = {b"\x0e\0\x02\0\x01": StatePermissions(allow=0x10)}
    decision = decide(confined, table, accepts, NetworkRequest(0x10, "inet6", "stream"))
    assert (decision.allowed, decision.info) == (False, None)


def test_the_protocol_decides_where_more_follows(confined: Any, table: Any) -> None:
    accepts = {
        b"\x0f\0\x02\0\x03": StatePermissions(allow=0x8000000),
        b"\x0f\0\x02\0\x03\0\x01": StatePermissions(allow=0x10),
    }
    assert decide(confined, table, accepts, NetworkRequest(0x10, "inet", "raw", 1)).allowed
    denied = decide(confined, table, accepts, NetworkRequest(0x10, "inet", "raw", 2))
    assert (denied.allowed, denied.info) == (False, "failed protocol match")


def test_records_and_the_way_back(confined: Any, table: Any) -> None:
    request = NetworkRequest(0x6, "inet", "stream", 6)
    decision = decide(confined, table, {b"\x0f": StatePermissions()}, request)
    assert KIND.record is not None
    assert KIND.request is not None
    made = KIND.record(request, decision)
    assert (made.operation, made.mediation) == ("sendmsg", "net")
    assert made.pairs == (
        ("family", "inet"),
        ("sock_type", "stream"),
        ("protocol", 6),
        ("requested_mask", "send receive"),
        ("denied_mask", "send receive"),
    )
    fields = {key: str(value) for key, value in made.pairs}
    assert KIND.request(Event("DENIED", "sendmsg", "p", fields=fields)) == request
    assert KIND.request(Event("DENIED", "sendmsg", "p", fields=fields | {"family": "unix"})) is None
    assert KIND.request(Event("DENIED", "sendmsg", "p", fields=fields | {"family": "unknown(99)"})) is None
