"""D-Bus rules: what is accepted, what they encode to, how the kernel answers the bus daemon."""

from typing import Any

import pytest

from dockarmor.access.confinement import StatePermissions
from dockarmor.access.event import Event
from dockarmor.access.request import DbusRequest
from dockarmor.rules.dbus import BIND, EAVESDROP, EVERY, KIND, RECEIVE, SEND
from dockarmor.rules.kind import Dropped

ANY = rb"[^\x00]*"


@pytest.mark.parametrize(
    ("text", "permissions"),
    [
        ("dbus,", EVERY),
        ("dbus (),", EVERY),
        ("dbus bus=system,", EVERY),
        ("dbus path=/a,", SEND | RECEIVE),
        ("dbus peer=(label=x),", SEND | RECEIVE),
        ("dbus name=a.b,", BIND),
        ("dbus (rw),", SEND | RECEIVE),
        ("dbus (bind, eavesdrop) bus=x,", BIND | EAVESDROP),
    ],
)
def test_permissions_follow_from_the_conditions(read: Any, text: str, permissions: int) -> None:
    assert read(KIND, text).permissions == permissions


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ("dbus acquire,", "DA270", "`acquire` does not belong here"),
        ("dbus (acquire),", "DA271", "unknown permission `acquire`"),
        ("dbus buss=x,", "DA273", "unknown condition `buss`"),
        ("dbus label=x,", "DA273", "`label=` is about the peer: write `peer=(label=…)`"),
        ("dbus bus in (a),", "DA274", "`bus` takes `=` in dbus rules, not `in`"),
        ("dbus name=a peer=(name=b),", "DA275", "`name=` is said twice"),
        ("dbus bus=(a b),", "DA276", "`bus=` takes one value"),
        (
            "dbus path=/a name=b,",
            "DA277",
            "`name=` is about a name on the bus, the other conditions are about messages",
        ),
        ("dbus bind path=/a,", "DA277", "`bind` has only the conditions `bus=` and `name=`"),
        (
            "dbus send name=a,",
            "DA277",
            "`name=` outside of `peer=(…)` is the name that is bound: it goes with `bind`",
        ),
        ("dbus eavesdrop path=/a,", "DA277", "`eavesdrop` has only the condition `bus=`"),
        ("dbus peer=(label=a) bus=x,", "DA270", "`bus` does not belong here"),
    ],
)
def test_what_is_refused(refused: Any, text: str, code: str, message: str) -> None:
    diagnostic = refused(KIND, text)
    assert (diagnostic.code, diagnostic.message) == (code, message)


@pytest.mark.parametrize(
    "text",
    [
        "dbus,",
        "dbus send bus=system path=/a interface=i.j member=M{,n} peer=(name=:1.5, label=x),",
        "dbus bind bus=session name=a.b,",
        "dbus name=a.b,",
        "dbus (send, bind, eavesdrop) bus=x,",
    ],
)
def test_canonical_text_reads_back(read: Any, read_back: Any, text: str) -> None:
    rule = read(KIND, text)
    assert read_back(KIND, rule) == rule


def test_encoding(read: Any, scope: Any) -> None:
    def encoded(text: str) -> dict[bytes, int]:
        return {one.pattern: one.permissions for one in KIND.encode(read(KIND, text), scope())}

    message = [rb"\x20system", b"d", b"e", b"/a/b", b"i", b"m"]
    text = "dbus bus=system path=/a//b interface=i member=m peer=(name=d, label=e),"
    assert encoded(text) == {rb"\x00".join(message): SEND | RECEIVE}
    assert encoded("dbus name=a.b,") == {rb"\x20" + ANY + rb"\x00a\.b": BIND}
    assert encoded("dbus (eavesdrop bind) bus=x,") == {rb"\x20x": EAVESDROP, rb"\x20x\x00" + ANY: BIND}
    assert len(encoded("dbus,")) == 3
    (dropped,) = KIND.encode(read(KIND, "dbus,"), scope(features=frozenset()))
    assert isinstance(dropped, Dropped)


MESSAGE = DbusRequest(SEND, "system", "o.f.D", "/o", "o.f", "Get", "y")


def test_deciding(confined: Any, table: Any) -> None:
    grants = {
        b"\x20system\0o.f.D\0y\0/o\0o.f\0Get": StatePermissions(allow=SEND),
        b"\x20system\0own": StatePermissions(allow=BIND),
        b"\x20system": StatePermissions(allow=EAVESDROP),
    }
    profile = confined(policy=table(grants))
    assert KIND.decide is not None
    assert KIND.decide(profile, MESSAGE).allowed
    assert KIND.decide(profile, DbusRequest(BIND, "system", "own")).allowed
    assert KIND.decide(profile, DbusRequest(EAVESDROP, "system")).allowed
    denied = KIND.decide(profile, DbusRequest(RECEIVE, "system", "o.f.D", "/o", "o.f", "Get", "y"))
    assert (denied.record, denied.denied) == ("DENIED", RECEIVE)
    assert KIND.decide(confined(), MESSAGE).allowed


def test_records_and_the_way_back(confined: Any, table: Any) -> None:
    assert KIND.decide is not None
    assert KIND.record is not None
    assert KIND.request is not None
    denied = KIND.decide(confined(policy=table({b"\x20": StatePermissions()})), MESSAGE)
    made = KIND.record(MESSAGE, denied)
    assert made.operation == "dbus_method_call"
    assert made.pairs == (
        ("bus", "system"),
        ("path", "/o"),
        ("interface", "o.f"),
        ("member", "Get"),
        ("mask", "send"),
        ("name", "o.f.D"),
        ("peer_label", "y"),
    )
    fields = {key: str(value) for key, value in made.pairs}
    assert KIND.request(Event("DENIED", made.operation, "p", fields=fields)) == MESSAGE
    del fields["mask"]
    assert KIND.request(Event("DENIED", made.operation, "p", fields=fields)) is None
