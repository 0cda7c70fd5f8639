"""Signal rules: what is accepted, what they encode to, how the kernel decides."""

from typing import Any

import pytest

from dockarmor.access.confinement import StatePermissions
from dockarmor.access.event import Event
from dockarmor.access.request import SignalRequest
from dockarmor.rules.kind import Bare, Dropped, Qualifiers
from dockarmor.rules.signal import KIND

SEND, RECEIVE = 2, 4


@pytest.mark.parametrize(
    ("text", "permissions", "signals", "peer"),
    [
        ("signal,", 6, (), None),
        ("signal (),", 6, (), None),
        ("signal send,", 2, (), None),
        ("signal(receive)set=kill,", 4, ("kill",), None),
        ("signal (r, w) set=(kill,term hup),", 6, ("kill", "term", "hup"), None),
        ("signal set=kill set=(term kill),", 6, ("kill", "term"), None),
        ("signal set=(poll tstp) peer=x,", 6, ("io", "stp"), "x"),
        ("signal set=rtmin+03,", 6, ("rtmin+3",), None),
        ('signal peer="a b" set="kill",', 6, ("kill",), "a b"),
        ("signal\n peer = a,b\n,", 6, (), "a,b"),
        ("signal peer=#a(b)=c,", 6, (), "#a(b)=c"),
    ],
)
def test_what_is_read(read: Any, text: str, permissions: int, signals: tuple[str, ...], peer: str | None) -> None:
    rule = read(KIND, text)
    assert (rule.permissions, rule.signals, rule.peer and rule.peer.text) == (permissions, signals, peer)


@pytest.mark.parametrize(
    ("text", "code", "message", "marked"),
    [
        ("signal set=kil,", "DA262", "unknown signal `kil`", "kil"),
        ("signal set=rtmin+33,", "DA262", "unknown signal `rtmin+33`", "rtmin+33"),
        ("signal set=rtmin+1x,", "DA262", "unknown signal `rtmin+1x`", "rtmin+1x"),
        ("signal set=lost,", "DA262", "unknown signal `lost`", "lost"),
        ("signal (sent),", "DA261", "unknown permission `sent`", "sent"),
        ("signal sent,", "DA260", "`sent` does not belong here", "sent"),
        ("signal send receive,", "DA260", "`receive` does not belong here", "receive"),
        ("signal pear=x,", "DA263", "unknown condition `pear`", "pear"),
        ("signal peer in (x),", "DA264", "`peer` takes `=` in signal rules, not `in`", "peer in (x)"),
        ("signal peer=(x),", "DA264", "a `peer=(…)` group does not stand here in signal rules", "peer"),
        ("signal peer=a peer=b,", "DA265", "`peer=` is said twice", "peer=b"),
        ("signal set=(),", "DA266", "`set` has an empty list", "set=()"),
        ("signal peer=,", "DA266", "`peer=` has no value", "peer="),
        ("signal peer=\nx,", "DA266", "`peer=` has no value", "peer="),
        ("signal set=(kill", "DA260", "this parenthesis is not closed", "("),
        ("signal # a comment\n,", "DA260", "`#` does not belong here", "#"),
        ("signal send", "DA260", "the signal rule is not finished", ""),
    ],
)
def test_what_is_refused(refused: Any, text: str, code: str, message: str, marked: str) -> None:
    diagnostic = refused(KIND, text)
    assert (diagnostic.code, diagnostic.message, diagnostic.span.text) == (code, message, marked)


def test_help_names_what_may_be_meant(refused: Any) -> None:
    assert refused(KIND, "signal set=kil,").fix.replacement == "kill"
    assert "a comment cannot stand inside" in refused(KIND, "signal # x\n,").help[0]
    assert refused(KIND, "signal,", Qualifiers(subject="owner")).code == "DA269"


@pytest.mark.parametrize(
    "text",
    [
        "signal,",
        "signal send,",
        "signal set=kill,",
        "signal receive set=(kill, rtmin+3) peer=/a//&b,",
        'signal peer="a \\" b",',
    ],
)
def test_canonical_text_stays(read: Any, text: str) -> None:
    assert KIND.write(read(KIND, text)) == text


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("signal,", rb"(\x10\x0a|\x0a.)[^\x00][^\x00]*"),
        ("signal set=(term kill),", rb"\x0a[\x09\x0f][^\x00][^\x00]*"),
        ("signal set=exists peer=**,", rb"\x0a[\x23][^\x00]*"),
        ("signal set=rtmin+1 peer=@{P},", rb"\x0a[\x81]a\.b"),
    ],
)
def test_encoding(read: Any, scope: Any, text: str, pattern: bytes) -> None:
    (entry,) = KIND.encode(read(KIND, text), scope(variables={"P": "a.b"}))
    assert (entry.table, entry.pattern, entry.permissions, entry.audit) == ("policy", pattern, 6, 0)


@pytest.mark.parametrize(
    ("qualifiers", "audit"),
    [
        (Qualifiers(audit=True, priority=3), 6),
        (Qualifiers(effect="deny"), 6),
        (Qualifiers(effect="deny", audit=True), 0),
        (Qualifiers(effect="prompt"), 0),
    ],
)
def test_qualifiers_are_carried(read: Any, scope: Any, qualifiers: Qualifiers, audit: int) -> None:
    (entry,) = KIND.encode(read(KIND, "signal,", qualifiers), scope())
    assert (entry.audit, entry.effect, entry.priority) == (audit, qualifiers.effect, qualifiers.priority)


def test_without_the_feature_the_rule_is_dropped_and_nothing_mediated(read: Any, scope: Any) -> None:
    lacking = scope(features=frozenset())
    (dropped,) = KIND.encode(read(KIND, "signal,"), lacking)
    assert isinstance(dropped, Dropped)
    assert dropped.diagnostic.code == "DA420"
    assert KIND.mediates is not None
    assert list(KIND.mediates(lacking)) == []
    (mediated,) = KIND.mediates(scope())
    assert (mediated.pattern, mediated.permissions, mediated.priority) == (rb"\x0a", 4, 1001)


def decide(confined: Any, table: Any, accepts: dict[bytes, StatePermissions], request: SignalRequest) -> Any:
    assert KIND.decide is not None
    return KIND.decide(confined(policy=table(accepts)), request)


def test_the_kernel_asks_signal_then_label(confined: Any, table: Any) -> None:
    accepts = {b"\x0a\x09a": StatePermissions(allow=SEND, quiet=RECEIVE)}
    sent = decide(confined, table, accepts, SignalRequest(SEND, "kill", "a"))
    received = decide(confined, table, accepts, SignalRequest(RECEIVE, "kill", "a"))
    other = decide(confined, table, accepts, SignalRequest(SEND, "term", "a"))
    assert (sent.allowed, sent.record) == (True, None)
    assert (received.allowed, received.record, received.errno) == (False, None, 13)
    assert (other.allowed, other.record, other.denied) == (False, "DENIED", SEND)
    assert other.matches[0].string == b"\x0a\x0fa"


def test_a_class_that_is_not_mediated_is_allowed(confined: Any, table: Any) -> None:
    assert decide(confined, table, {b"\x07": StatePermissions()}, SignalRequest(SEND, "kill", "a")).allowed
    assert KIND.decide is not None
    assert KIND.decide(confined(), SignalRequest(SEND, "kill", "a")).allowed


def test_numbers_of_probe_and_realtime_signals(confined: Any, table: Any) -> None:
    accepts = {b"\x0a\x23a": StatePermissions(allow=SEND), b"\x0a\x82a": StatePermissions(allow=SEND, audit=SEND)}
    assert decide(confined, table, accepts, SignalRequest(SEND, "exists", "a")).allowed
    assert decide(confined, table, accepts, SignalRequest(SEND, "rtmin+2", "a")).record == "AUDIT"


def test_records_and_the_way_back(confined: Any, table: Any) -> None:
    request = SignalRequest(SEND, "kill", "a b")
    decision = decide(confined, table, {b"\x0a": StatePermissions()}, request)
    assert KIND.record is not None
    assert KIND.request is not None
    made = KIND.record(request, decision)
    assert (made.operation, made.mediation, made.name) == ("signal", "signal", None)
    assert made.pairs == (
        ("requested_mask", "send"),
        ("denied_mask", "send"),
        ("signal", Bare("kill")),
        ("peer", "a b"),
    )
    fields = {key: value.text if isinstance(value, Bare) else str(value) for key, value in made.pairs}
    assert KIND.request(Event("DENIED", "signal", "p", fields=fields)) == request


@pytest.mark.parametrize(
    ("fields", "signal"),
    [
        ({"denied_mask": "send", "signal": "unknown(35)", "peer": "a"}, "exists"),
        ({"requested_mask": "receive", "signal": "rtmin+3", "peer": "a"}, "rtmin+3"),
        ({"requested_mask": "receive", "signal": "unknown(99)", "peer": "a"}, None),
        ({"requested_mask": "receive", "signal": "kill"}, None),
    ],
)
def test_odd_records(fields: dict[str, str], signal: str | None) -> None:
    assert KIND.request is not None
    made = KIND.request(Event("DENIED", "signal", "p", fields=fields))
    assert (made and made.signal) == signal  # type: ignore[union-attr]
