"""Requests about tasks: signal, ptrace, dbus, capability, userns, io_uring."""

from collections.abc import Mapping

from dockarmor.access.capability import CAPABILITIES
from dockarmor.access.grammar.reader import Reader, Token, names_of, quote
from dockarmor.access.permission import DBUS_NAMES, IO_URING_NAMES, PTRACE_NAMES, SIGNAL_NAMES
from dockarmor.access.request import (
    CapabilityRequest,
    DbusRequest,
    IoUringRequest,
    PtraceRequest,
    SignalRequest,
    UsernsRequest,
)
from dockarmor.access.signal import SIGNALS, signal_number

SYNONYMS = {"tstp": "stp", "poll": "io"}
#: condition -> field of DbusRequest
DBUS_CONDITIONS = ("bus", "name", "path", "interface", "member", "peer")


def _one(reader: Reader, names: Mapping[str, int]) -> int:
    """One permission; for requests of which the kernel asks one at a time."""
    token = reader.word("the permission")
    permissions = reader.permissions(token, names)
    if permissions not in names.values():
        reader.fail("DA703", "one permission at a time: " + ", ".join(names), token.span)
    return permissions


def _peer(reader: Reader, found: Mapping[str, Token]) -> str:
    """The peer's label; without one, the peer is unconfined."""
    return reader.text(found["peer"]) if "peer" in found else "unconfined"


def parse_signal(reader: Reader) -> SignalRequest:
    """`signal` ( `send` | `receive` ) signal [ `peer=` label ]"""
    permissions = _one(reader, SIGNAL_NAMES)
    token = reader.word("the signal")
    name = SYNONYMS.get(token.raw, token.raw)
    if signal_number(name) is None or token.quoted:
        reader.unknown("DA708", "signal", token.raw, SIGNALS, token.span)
    return SignalRequest(permissions, name, _peer(reader, reader.conditions(("peer",))))


def write_signal(request: SignalRequest) -> str:
    names = names_of(request.permissions, SIGNAL_NAMES)
    return f"signal {names} {request.signal} {quote(request.peer, key='peer')}"


def parse_ptrace(reader: Reader) -> PtraceRequest:
    """`ptrace` ( `trace` | `read` | `tracedby` | `readby` ) [ `peer=` label ]"""
    return PtraceRequest(_one(reader, PTRACE_NAMES), _peer(reader, reader.conditions(("peer",))))


def write_ptrace(request: PtraceRequest) -> str:
    return f"ptrace {names_of(request.permissions, PTRACE_NAMES)} {quote(request.peer, key='peer')}"


def parse_dbus(reader: Reader) -> DbusRequest:
    """`dbus` ( `send` | `receive` | `bind` | `eavesdrop` ) `bus=` name { condition `=` value }"""
    permissions = _one(reader, DBUS_NAMES)
    found = reader.conditions(DBUS_CONDITIONS)
    values = {key: reader.text(token) for key, token in found.items()}
    if "bus" not in values:
        reader.fail("DA704", "a dbus request needs `bus=`", reader.tokens[1].span)
    return DbusRequest(permissions, **values)


def write_dbus(request: DbusRequest) -> str:
    conditions = [
        quote(value, key=key) for key in DBUS_CONDITIONS if (value := getattr(request, key)) or key == "bus"
    ]
    return " ".join(["dbus", names_of(request.permissions, DBUS_NAMES), *conditions])


def parse_capability(reader: Reader) -> CapabilityRequest:
    """`capability` name"""
    return CapabilityRequest(reader.choice("capability", reader.word("the capability's name"), CAPABILITIES))


def write_capability(request: CapabilityRequest) -> str:
    return f"capability {request.name}"


def parse_userns(reader: Reader) -> UsernsRequest:
    """`userns` [ `create` ]"""
    reader.accept("create")
    return UsernsRequest()


def write_userns(request: UsernsRequest) -> str:
    return "userns create"


def parse_io_uring(reader: Reader) -> IoUringRequest:
    """`io_uring` ( `sqpoll` | `override_creds` [ `label=` label ] )"""
    permissions = _one(reader, IO_URING_NAMES)
    found = reader.conditions(("label",) if permissions == IO_URING_NAMES["override_creds"] else ())
    return IoUringRequest(permissions, reader.text(found["label"]) if "label" in found else None)


def write_io_uring(request: IoUringRequest) -> str:
    label = "" if request.label is None else " " + quote(request.label, key="label")
    return f"io_uring {names_of(request.permissions, IO_URING_NAMES)}{label}"
