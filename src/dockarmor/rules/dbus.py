"""D-Bus: `dbus send bus=system path=/org/x interface=org.x member=Get peer=(name=org.x, label=y),`.

The bus daemon asks, the kernel's tables answer. Sources: apparmor.d(5), DBUS RULES; dbus-daemon,
bus/apparmor.c, for the strings that it asks with and the records that it writes.
"""

from collections.abc import Iterator

from dockarmor.access.confinement import Confinement
from dockarmor.access.decision import Decision, Match
from dockarmor.access.event import Event
from dockarmor.access.mediation import Mediation
from dockarmor.access.permission import DBUS_NAMES
from dockarmor.access.request import DbusRequest
from dockarmor.rules.aare import ANY, filter_slashes
from dockarmor.rules.conditions import COMBINATION, CONDITION, Condition, Tail
from dockarmor.rules.kernel_check import ALLOWED, check, class_state, mask_of
from dockarmor.rules.kind import Dropped, Entry, Kind, Qualifiers, RecordPairs, Scope
from dockarmor.rules.policy_entry import entry, mediated, not_enforced, word_pattern
from dockarmor.rules.spelling import spell_group, spell_permissions, spell_qualifiers, spell_value
from dockarmor.syntax.cursor import Cursor, Word
from dockarmor.text.source import Span
from dockarmor.value import field, frozen, replace

SEND, RECEIVE = DBUS_NAMES["send"], DBUS_NAMES["receive"]
BIND, EAVESDROP = DBUS_NAMES["bind"], DBUS_NAMES["eavesdrop"]
EVERY = SEND | RECEIVE | BIND | EAVESDROP
_WORDS = DBUS_NAMES | {"write": SEND, "w": SEND, "read": RECEIVE, "r": RECEIVE}
_WORDS |= {"rw": SEND | RECEIVE, "wr": SEND | RECEIVE}
_MESSAGE = ("path", "interface", "member")
_KNOWN = ("bus", "name", *_MESSAGE, "peer")
_NUL = rb"\x00"


@frozen
class DbusRule:
    """What is None was not said. `name` is the name that is bound, `peer_name` whom a message is for or from."""

    permissions: int
    bus: Word | None
    name: Word | None
    path: Word | None
    interface: Word | None
    member: Word | None
    peer_name: Word | None
    peer_label: Word | None
    qualifiers: Qualifiers
    span: Span = field(compare=False, repr=False)


def parse(cursor: Cursor, qualifiers: Qualifiers, start: int) -> DbusRule:
    """`"dbus" [ permissions ] { condition } [ "peer" "=" "(" { condition } ")" ] ","`

    permissions = `send` `write` `w` `receive` `read` `r` `rw` `bind` `eavesdrop`, alone or in a list.
    condition = ( "bus" | "path" | "interface" | "member" | "name" ) "=" value, of the peer also "label"
    """
    tail = Tail(cursor, qualifiers, start, "dbus", "DA27")
    permissions = tail.permissions(_WORDS) or 0
    found: dict[str, Condition] = {}
    while (group := tail.group()) is None and (condition := tail.condition()) is not None:
        if condition.name.text == "label":
            tail.fail(CONDITION, "`label=` is about the peer: write `peer=(label=…)`", condition.span)
        _collect(tail, found, condition, _KNOWN[:-1])
    for condition in group.conditions if group else ():
        _collect(tail, found, condition, ("label", *_KNOWN[:-1]))
    span = tail.end()
    about_peer = {id(condition) for condition in group.conditions} if group else set()
    values = {name: condition.values[0] for name, condition in found.items()}
    peer_name = values.pop("name") if "name" in found and id(found["name"]) in about_peer else None
    rule = DbusRule(
        permissions,
        values.get("bus"),
        values.get("name"),
        values.get("path"),
        values.get("interface"),
        values.get("member"),
        peer_name,
        values.get("label"),
        qualifiers,
        span,
    )
    return _completed(tail, rule)


def _collect(tail: Tail, found: dict[str, Condition], condition: Condition, known: tuple[str, ...]) -> None:
    name = condition.name.text
    if name not in known:
        tail.unknown(CONDITION, "condition", condition.name, (*known, "peer"))
    tail.only_equals(condition)
    tail.single(condition.name, condition.values)
    tail.once(found.get(name), condition)
    found[name] = condition


def _completed(tail: Tail, rule: DbusRule) -> DbusRule:
    """Refuse what does not go together, and give a rule without permissions those that its conditions allow."""
    message = any((rule.path, rule.interface, rule.member, rule.peer_name, rule.peer_label))
    service = rule.name is not None
    asked = rule.permissions

    def refuse(what: str, *help: str) -> None:
        tail.fail(COMBINATION, what, rule.span, help=help)

    if message and service:
        refuse(
            "`name=` is about a name on the bus, the other conditions are about messages",
            "whom a message is for is written `peer=(name=…)`",
        )
    if asked & BIND and message:
        refuse("`bind` has only the conditions `bus=` and `name=`", "write a rule of its own for it")
    if asked & (SEND | RECEIVE) and service:
        refuse(
            "`name=` outside of `peer=(…)` is the name that is bound: it goes with `bind`",
            "whom a message is for is written `peer=(name=…)`",
        )
    if asked & EAVESDROP and (message or service):
        refuse("`eavesdrop` has only the condition `bus=`", "write a rule of its own for it")
    return rule if asked else replace(rule, permissions=SEND | RECEIVE if message else BIND if service else EVERY)


def write(rule: DbusRule) -> str:
    every = EVERY
    if rule.path or rule.interface or rule.member or rule.peer_name or rule.peer_label:
        every = SEND | RECEIVE
    elif rule.name:
        every = BIND
    own = [spell_value(name, getattr(rule, name)) for name in ("bus", "name", *_MESSAGE)]
    permissions = spell_permissions(rule.permissions, every, DBUS_NAMES)
    group = spell_group("peer", ("name", rule.peer_name), ("label", rule.peer_label))
    return f"{spell_qualifiers(rule.qualifiers)}dbus{permissions}{''.join(own)}{group},"


def encode(rule: DbusRule, scope: Scope) -> Iterator[Entry | Dropped]:
    """`20` bus [ NUL name [ NUL label NUL path NUL interface NUL member ] ]."""
    if not scope.has("dbus"):
        yield not_enforced(
            "dbus",
            rule.span,
            "dbus",
            scope,
            rule.bus,
            rule.name,
            rule.path,
            rule.interface,
            rule.member,
            rule.peer_name,
            rule.peer_label,
        )
        return
    bus = rb"\x20" + _part(rule.bus, scope)
    if rule.permissions & BIND:
        yield entry(rule.qualifiers, bus + _NUL + _part(rule.name, scope), BIND)
    if rule.permissions & (SEND | RECEIVE):
        path = ANY
        if rule.path is not None:
            path = word_pattern(rule.path, scope, text=filter_slashes(scope.expand(rule.path.text, rule.path.span)))
        parts = (
            bus,
            _part(rule.peer_name, scope),
            _part(rule.peer_label, scope),
            path,
            _part(rule.interface, scope),
            _part(rule.member, scope),
        )
        yield entry(rule.qualifiers, _NUL.join(parts), rule.permissions & (SEND | RECEIVE))
    if rule.permissions & EAVESDROP:
        yield entry(rule.qualifiers, bus, EAVESDROP)


def _part(word: Word | None, scope: Scope) -> bytes:
    return ANY if word is None else word_pattern(word, scope)


def mediates(scope: Scope) -> Iterator[Entry]:
    if scope.has("dbus"):
        yield mediated(rb"\x20")


def decide(confinement: Confinement, request: DbusRequest) -> Decision:
    """What the bus daemon gets for its question."""
    table, state = class_state(confinement, Mediation.DBUS)
    if table is None or not state:
        return ALLOWED
    parts = [request.bus]
    if request.permissions & (SEND | RECEIVE):
        parts += [request.name, request.peer, request.path, request.interface, request.member]
    elif request.permissions & BIND:
        parts.append(request.name)
    string = "\0".join(parts).encode("latin-1", "replace")
    matches = (Match("policy", bytes((Mediation.DBUS,)) + string),)
    return check(table.permissions(table.walk(state, string)), request.permissions, matches)


def record(request: DbusRequest, decision: Decision) -> RecordPairs:
    """As the bus daemon writes it; it knows the type of a message, a request does not."""
    operation = "dbus_bind" if request.permissions & BIND else "dbus_method_call"
    if request.permissions & EAVESDROP:
        operation = "dbus_eavesdrop"
    named = ("bus", "path", "interface", "member")
    pairs = [(name, value) for name in named if (value := getattr(request, name))]
    mask = " ".join(name for name, bit in DBUS_NAMES.items() if request.permissions & bit)
    pairs.append(("mask", mask))
    if request.name:
        pairs.append(("name", request.name))
    if request.peer:
        pairs.append(("peer_label", request.peer))
    return RecordPairs(operation, "dbus", pairs=tuple(pairs))


def request(event: Event) -> DbusRequest | None:
    """The bus daemon's records: `dbus_method_call`, `dbus_signal`, `dbus_bind` and the like."""
    fields = event.fields
    permissions = mask_of({"requested": fields.get("mask", fields.get("denied_mask", ""))}, DBUS_NAMES)
    bus = fields.get("bus", "")
    if not event.operation.startswith("dbus_") or not permissions or not bus:
        return None
    return DbusRequest(
        permissions,
        bus,
        name=fields.get("name", ""),
        path=fields.get("path", ""),
        interface=fields.get("interface", ""),
        member=fields.get("member", fields.get("method", "")),
        peer=fields.get("peer_label", fields.get("peer_profile", "")),
    )


KIND = Kind(
    "dbus",
    keywords=("dbus",),
    rules=(DbusRule,),
    requests=(DbusRequest,),
    parse=parse,
    write=write,
    encode=encode,
    decide=decide,
    record=record,
    request=request,
    mediates=mediates,
)
