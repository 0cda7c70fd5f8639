"""Sockets by family and type: `network (send, receive) inet stream,`.

A network rule that includes unix sockets grants the same on them as a unix rule would. Addresses and ports
can be written, but no kernel of Linux itself looks at them. Sources: apparmor.d(5), NETWORK RULES;
security/apparmor/net.c.
"""

from collections.abc import Callable, Iterator

from dockarmor.access.confinement import Confinement
from dockarmor.access.decision import Decision
from dockarmor.access.event import Event
from dockarmor.access.permission import NETWORK_NAMES
from dockarmor.access.request import NetworkRequest, UnixRequest
from dockarmor.access.socket import FAMILIES, SOCKET_TYPES
from dockarmor.rules.address_families import INET, INET6, NAMES, PROTOCOLS, TYPES, UNIX, sockets
from dockarmor.rules.conditions import COMBINATION, CONDITION, VALUE, WORD_UNKNOWN, Condition, Tail
from dockarmor.rules.kind import Dropped, Entry, Kind, Qualifiers, RecordPairs, Scope
from dockarmor.rules.policy_entry import entry, mediated, not_enforced, weakened
from dockarmor.rules.socket_check import (
    decide_by_type,
    decide_unix,
    operation,
    permissions_of,
    protocol_of,
    socket_pairs,
)
from dockarmor.rules.socket_entry import (
    EVERY,
    LOCAL_ONLY,
    WORDS,
    UnixPattern,
    local_words,
    net_class,
    socket_pattern,
    unix_class,
    unix_entries,
)
from dockarmor.rules.spelling import spell, spell_listed, spell_permissions, spell_qualifiers
from dockarmor.syntax.cursor import Cursor, Word
from dockarmor.text.regex import regex
from dockarmor.text.source import Span
from dockarmor.value import field, frozen

_KEYS = ("ip", "port", "interface", "label")
_PORT = regex(r"\s*\+?([0-9]+)(?:-\s*\+?([0-9]+))?")
MAX_PORT = 0xFFFF
MAX_PORT_TEXT = 32


@frozen
class Endpoint:
    """Conditions on one end of a connection. `ip` is an address or `none`, `port` a range.

    `sets_label`: written `label:=`, which labels what goes out instead of matching.
    """

    ip: str | None = None
    port: tuple[int, int] | None = None
    interface: Word | None = None
    label: Word | None = None
    sets_label: bool = False


@frozen
class NetworkRule:
    """`family` and `type` as written, None where they are not; `type` may be a protocol's word."""

    permissions: int
    family: str | None
    type: str | None
    local: Endpoint
    peer: Endpoint
    qualifiers: Qualifiers
    span: Span = field(compare=False, repr=False)

    def sockets(self) -> list[tuple[int, int | None]]:
        """Families and types (None: any) that are meant; with addresses these are inet and inet6 only."""
        if self.has_addresses and self.family is None and self.type is None:
            return [(INET, None), (INET6, None)]
        found = sockets(self.family, self.type)
        return [one for one in found if one[0] in (INET, INET6)] if self.has_addresses else found

    @property
    def has_addresses(self) -> bool:
        return self.local != Endpoint() or self.peer.ip is not None or self.peer.port is not None


def parse(cursor: Cursor, qualifiers: Qualifiers, start: int) -> NetworkRule:
    """`"network" [ permissions ] [ family [ type ] | type ] { condition } [ peer ] ","`

    peer = "peer" "=" "(" { condition [ "," ] } ")"
    condition = ( "ip" | "port" | "interface" | "label" ) "=" value
    """
    tail = Tail(cursor, qualifiers, start, "network", "DA23", priority=False)
    permissions = tail.permissions(WORDS) or EVERY
    family, type = _sockets(tail)
    local: dict[str, Condition] = {}
    while (group := tail.group()) is None and (found := tail.condition()) is not None:
        _collect(tail, local, found)
    other: dict[str, Condition] = {}
    for found in group.conditions if group else ():
        _collect(tail, other, found)
        if found.name.text == "interface":
            tail.fail(COMBINATION, "a peer has no `interface=`: it belongs to the own end", found.span)
    span = tail.end()
    rule = NetworkRule(permissions, family, type, _endpoint(tail, local), _endpoint(tail, other), qualifiers, span)
    _check(tail, rule)
    return rule


def _sockets(tail: Tail) -> tuple[str | None, str | None]:
    first = tail.word()
    if first is None:
        return None, None
    kinds = (*TYPES, *PROTOCOLS)
    if first.text not in NAMES:
        if first.text not in kinds:
            tail.unknown(WORD_UNKNOWN, "socket family or type", first, (*NAMES, *kinds))
        return None, first.text
    second = tail.word()
    if second is None:
        return first.text, None
    if second.text not in kinds:
        tail.unknown(WORD_UNKNOWN, "socket type", second, kinds)
    if not sockets(first.text, second.text):
        families = " and ".join(PROTOCOLS[second.text][0])
        tail.fail(
            COMBINATION,
            f"there is no `{second}` with `{first}`",
            second.span,
            help=(f"`{second}` goes with {families}",),
        )
    return first.text, second.text


def _collect(tail: Tail, found: dict[str, Condition], condition: Condition) -> None:
    name = condition.name.text
    if name not in _KEYS:
        tail.unknown(CONDITION, "condition", condition.name, (*_KEYS, "peer"))
    if not (condition.operator == ":=" and name == "label"):
        tail.only_equals(condition)
    tail.once(found.get(name), condition)
    tail.single(condition.name, condition.values)
    found[name] = condition


def _endpoint(tail: Tail, found: dict[str, Condition]) -> Endpoint:
    values = {name: condition.values[0] for name, condition in found.items()}
    ip, port = values.get("ip"), values.get("port")
    return Endpoint(
        None if ip is None else _ip(tail, ip),
        None if port is None else _port(tail, port),
        values.get("interface"),
        values.get("label"),
        "label" in found and found["label"].operator == ":=",
    )


def _ip(tail: Tail, word: Word) -> str:
    if word.text == "none":
        return word.text
    from ipaddress import ip_address

    try:
        if "%" in word.text:
            raise ValueError
        ip_address(word.text)
    except ValueError:
        tail.fail(
            VALUE,
            "this is no IP address",
            word.span,
            help=("it is one IPv4 or IPv6 address, or `none`; there are no networks and no globs",),
        )
    return word.text


def _port(tail: Tail, word: Word) -> tuple[int, int]:
    match = _PORT.fullmatch(word.text)
    low = high = MAX_PORT + 1
    if match and len(word.text) <= MAX_PORT_TEXT:
        low = int(match[1])
        high = low if match[2] is None else int(match[2])
    if not low <= high <= MAX_PORT:
        help = (f"a port is a number up to {MAX_PORT}, a range is `1024-{MAX_PORT}`",)
        tail.fail(VALUE, "this is no port", word.span, help=help)
    return low, high


def _check(tail: Tail, rule: NetworkRule) -> None:
    if rule.has_addresses and rule.family not in (None, "inet", "inet6"):
        tail.fail(
            COMBINATION,
            f"sockets of the family `{rule.family}` have no conditions here",
            rule.span,
            help=("`ip`, `port`, `interface` and `label` are for inet and inet6",),
        )
    if rule.permissions != EVERY and rule.permissions & LOCAL_ONLY and (rule.peer.ip or rule.peer.port):
        words = local_words(rule.permissions)
        tail.fail(
            COMBINATION,
            f"{words} cannot be said about a peer",
            rule.span,
            help=("write two rules: one without `peer=` for it, and one for what is about the peer",),
        )


def write(rule: NetworkRule) -> str:
    words = "".join(f" {word}" for word in (rule.family, rule.type) if word)
    permissions = spell_permissions(rule.permissions, EVERY, NETWORK_NAMES)
    local = _spell_endpoint(rule.local, spell)
    peer = _spell_endpoint(rule.peer, spell_listed)
    other = f" peer=({', '.join(peer)})" if peer else ""
    own = "".join(f" {part}" for part in local)
    return f"{spell_qualifiers(rule.qualifiers)}network{permissions}{words}{own}{other},"


def _spell_endpoint(end: Endpoint, spelled: Callable[[str], str]) -> list[str]:
    parts = []
    if end.ip is not None:
        parts.append(f"ip={end.ip}")
    if end.port is not None:
        low, high = end.port
        parts.append(f"port={low}" if low == high else f"port={low}-{high}")
    if end.interface is not None:
        parts.append(f"interface={spelled(end.interface.text)}")
    if end.label is not None:
        parts.append(f"label{':=' if end.sets_label else '='}{spelled(end.label.text)}")
    return parts


def encode(rule: NetworkRule, scope: Scope) -> Iterator[Entry | Dropped]:
    """Class, family, type; for unix sockets in addition what a unix rule encodes."""
    byte = net_class(scope)
    if byte is None:
        yield not_enforced("network", rule.span, "network_v8", scope)
        return
    if rule.local != Endpoint() or rule.peer != Endpoint():
        yield weakened(
            "DA423",
            "the conditions of this network rule are not enforced: it holds for every address, port and label",
            rule.span,
            "no kernel of Linux itself looks at them",
        )
    full = unix_class(scope)
    for family, type in rule.sockets():
        if family == UNIX and full is not None:
            yield from _unix(rule, full, type)
        yield entry(rule.qualifiers, socket_pattern(byte, family, type), rule.permissions)


def _unix(rule: NetworkRule, byte: bytes, type: int | None) -> Iterator[Entry]:
    """The same permissions in full; a family without a type means the types that network rules know."""
    types = [type] if type is not None or rule.family is None else [*TYPES.values()]
    for one in types:
        yield from unix_entries(rule.qualifiers, byte, rule.permissions, UnixPattern(one))


def mediates(scope: Scope) -> Iterator[Entry]:
    """Classes, and for unix sockets a string that no socket has: upstream meant the family's number and wrote
    the digit. It decides nothing and is kept, so that tables are equal state by state.
    """
    if scope.has("network_v8"):
        yield mediated(rb"\x0e")
    if scope.has("network_v9/af_unix"):
        yield mediated(rb"\x0f")
        yield mediated(rb"\x0f\x00\x31")
    elif scope.has("network/af_unix"):
        yield mediated(rb"\x04")
        yield mediated(rb"\x04\x00\x31")


def decide(confinement: Confinement, request: NetworkRequest) -> Decision:
    if request.family == "unix" and request.type in SOCKET_TYPES:
        return decide_unix(confinement, UnixRequest(request.permissions, request.type, request.protocol))
    family, type = FAMILIES[request.family], SOCKET_TYPES[request.type]
    return decide_by_type(confinement, family, type, request.protocol, request.permissions)


def record(request: NetworkRequest, decision: Decision) -> RecordPairs:
    pairs = socket_pairs(decision, request.family, request.type, request.protocol)
    return RecordPairs(operation(request.permissions), "net", pairs=pairs)


def request(event: Event) -> NetworkRequest | None:
    """Any record with a family, a type and permissions; unix sockets are the unix kind's."""
    fields = event.fields
    family, type = fields.get("family", ""), fields.get("sock_type", "")
    permissions = permissions_of(event)
    if family == "unix" or family not in FAMILIES or type not in SOCKET_TYPES or not permissions:
        return None
    return NetworkRequest(permissions, family, type, protocol_of(fields.get("protocol", "")))


KIND = Kind(
    "network",
    keywords=("network",),
    rules=(NetworkRule,),
    requests=(NetworkRequest,),
    parse=parse,
    write=write,
    encode=encode,
    decide=decide,
    record=record,
    request=request,
    mediates=mediates,
)
