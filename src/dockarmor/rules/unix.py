"""Unix sockets by address and peer: `unix (connect, send) type=stream peer=(addr=@x label=y),`.

Where the features have families and types only, a unix rule becomes the network rule that includes it; a deny
rule has no such rule and is dropped. Sources: apparmor.d(5), UNIX SOCKET RULES; security/apparmor/af_unix.c.
"""

from collections.abc import Iterator
from typing import NoReturn

from dockarmor.access.decision import Decision
from dockarmor.access.event import Event
from dockarmor.access.mediation import Mediation
from dockarmor.access.permission import NETWORK_NAMES
from dockarmor.access.request import UnixRequest
from dockarmor.access.socket import SOCKET_TYPES
from dockarmor.rules.aare import filter_slashes, to_pattern
from dockarmor.rules.address_families import UNIX, UNIX_TYPES
from dockarmor.rules.conditions import COMBINATION, CONDITION, VALUE, WORD_UNKNOWN, Condition, Tail
from dockarmor.rules.file_check import object_pairs
from dockarmor.rules.kind import Dropped, Entry, Kind, Qualifiers, RecordPairs, Scope
from dockarmor.rules.policy_entry import entry, expand, idle, lacking, not_enforced, weakened, word_pattern
from dockarmor.rules.socket_check import (
    address_of,
    address_pair,
    decide_unix,
    operation,
    permissions_of,
    protocol_of,
    socket_pairs,
)
from dockarmor.rules.socket_entry import (
    CREATE,
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
from dockarmor.rules.spelling import spell_group, spell_permissions, spell_qualifiers, spell_value
from dockarmor.syntax.cursor import Cursor, Word
from dockarmor.text.diagnostic import Diagnostic, DiagnosticError
from dockarmor.text.regex import regex
from dockarmor.text.source import Span
from dockarmor.value import field, frozen, replace

#: why a condition that is known does not stand where it does
_ELSEWHERE = {"label": "`label=` is about the peer: write `peer=(label=…)`"}
_PEER_ELSEWHERE = {"type": "the type is the socket's own: write it before `peer=`"}
_BRANCH = regex(r"\\[\s\S]|[{,]@?|[\s\S]")
_UNSUPPORTED = "`protocol=` is not supported: unix sockets have none"


@frozen
class UnixRule:
    """What is None was not said. `peer_label` is a pattern; addresses are `none`, `auto` or `@pattern`."""

    permissions: int
    type: str | None
    address: Word | None
    peer_address: Word | None
    peer_label: Word | None
    qualifiers: Qualifiers
    span: Span = field(compare=False, repr=False)


def parse(cursor: Cursor, qualifiers: Qualifiers, start: int) -> UnixRule:
    """`"unix" [ permissions ] { "type" "=" type | "addr" "=" address } [ peer ] ","`

    peer = "peer" "=" "(" { ( "addr" "=" address | "label" "=" label ) [ "," ] } ")"
    address = "none" | "auto" | "@" pattern
    """
    tail = Tail(cursor, qualifiers, start, "unix", "DA24")
    permissions = tail.permissions(WORDS) or EVERY
    own: dict[str, Condition] = {}
    while (group := tail.group()) is None and (found := tail.condition()) is not None:
        _collect(tail, own, found, ("type", "addr"), _ELSEWHERE)
    other: dict[str, Condition] = {}
    for found in group.conditions if group else ():
        _collect(tail, other, found, ("addr", "label"), _PEER_ELSEWHERE)
    span = tail.end(instead=lambda word: f"type={word}" if word in UNIX_TYPES else None)
    if other and permissions != EVERY and permissions & LOCAL_ONLY:
        tail.fail(
            COMBINATION,
            f"{local_words(permissions)} cannot be said about a peer",
            span,
            help=("write two rules: one without `peer=` for it, and one for what is about the peer",),
        )
    type = own["type"].values[0] if "type" in own else None
    if type is not None and type.text not in UNIX_TYPES:
        tail.unknown(WORD_UNKNOWN, "socket type", type, UNIX_TYPES)
    return UnixRule(
        permissions,
        type.text if type else None,
        _address(tail, own),
        _address(tail, other),
        other["label"].values[0] if "label" in other else None,
        qualifiers,
        span,
    )


def _collect(
    tail: Tail,
    found: dict[str, Condition],
    condition: Condition,
    known: tuple[str, ...],
    elsewhere: dict[str, str],
) -> None:
    name = condition.name.text
    if name == "protocol":
        tail.fail(CONDITION, _UNSUPPORTED, condition.span)
    if name in elsewhere:
        tail.fail(CONDITION, elsewhere[name], condition.span)
    if name not in known:
        tail.unknown(CONDITION, "condition", condition.name, (*known, "peer"))
    tail.only_equals(condition)
    tail.once(found.get(name), condition)
    tail.single(condition.name, condition.values)
    found[name] = condition


def _address(tail: Tail, found: dict[str, Condition]) -> Word | None:
    if "addr" not in found:
        return None
    word = found["addr"].values[0]
    if word.text not in ("none", "auto") and not word.text.startswith("@"):
        help = "an address is `@name` (abstract), `none` (anonymous) or `auto` (chosen by the kernel)"
        more = ("a socket with a path is a file: write a file rule for it",) if "/" in word.text else ()
        tail.fail(VALUE, "this is no address of a unix rule", word.span, help=(help, *more))
    return word


def write(rule: UnixRule) -> str:
    permissions = spell_permissions(rule.permissions, EVERY, NETWORK_NAMES)
    own = spell_value("type", rule.type) + spell_value("addr", rule.address)
    peer = spell_group("peer", ("addr", rule.peer_address), ("label", rule.peer_label))
    return f"{spell_qualifiers(rule.qualifiers)}unix{permissions}{own}{peer},"


def encode(rule: UnixRule, scope: Scope) -> Iterator[Entry | Dropped]:
    """In full, and as the network rule by which older kernels decide."""
    coarse, full = net_class(scope), unix_class(scope)
    denies = rule.qualifiers.effect == "deny"
    words = (rule.address, rule.peer_address, rule.peer_label)
    if full is None and coarse is None:
        yield not_enforced("unix", rule.span, "network_v9/af_unix", scope, *words)
        return
    type = None if rule.type is None else UNIX_TYPES[rule.type]
    if full is not None:
        if rule.address is not None and rule.permissions == CREATE:
            why = "a socket that is created has no address yet"
            yield idle(
                "`addr=` of this unix rule", why, rule.span, "say it with `bind`, `listen`, `connect` and others"
            )
        yield from unix_entries(rule.qualifiers, full, rule.permissions, _pattern(rule, type, scope))
    else:
        expand(scope, *words)
        yield from _by_type_only(rule, scope)
    if coarse is not None and not denies:
        yield entry(rule.qualifiers, socket_pattern(coarse, UNIX, type), rule.permissions)


def _by_type_only(rule: UnixRule, scope: Scope) -> Iterator[Dropped]:
    """What is lost where addresses and peers are not known: nothing of a rule that allows and names neither."""
    lost = lacking("network_v9/af_unix", scope)
    named = rule.address is not None or rule.peer_address is not None or rule.peer_label is not None
    if rule.qualifiers.effect != "deny":
        if named:
            what = "is about" if rule.qualifiers.effect == "prompt" else "allows"
            help = "where unix sockets are known by their type only, a rule holds for every address and peer"
            yield weakened("DA421", f"this unix rule {what} more than it says: {lost}", rule.span, help)
        return
    helps: tuple[str, ...] = (f"write `{_network_rule(rule)}`: it says the same, and is enforced",)
    if named:
        why = "where unix sockets are known by their type only, it would deny every address and peer"
        helps = (why, f"`{_network_rule(rule)}` does so")
    yield weakened("DA422", f"this deny rule is not enforced: {lost}", rule.span, *helps)


def _network_rule(rule: UnixRule) -> str:
    """The network rule that says the same of every address and peer; such rules have no priority."""
    type = "" if rule.type is None else f" {rule.type}"
    permissions = spell_permissions(rule.permissions, EVERY, NETWORK_NAMES)
    return f"{spell_qualifiers(replace(rule.qualifiers, priority=0))}network{permissions} unix{type},"


def _pattern(rule: UnixRule, type: int | None, scope: Scope) -> UnixPattern:
    address, bound = _address_pattern(rule.address, scope)
    peer_address, _ = _address_pattern(rule.peer_address, scope)
    label = None if rule.peer_label is None else word_pattern(rule.peer_label, scope)
    return UnixPattern(type, address, bound, peer_address, label)


def _address_pattern(word: Word | None, scope: Scope) -> tuple[bytes | None, bool]:
    """The pattern of an address, and whether bind(2) gets it as it stands."""
    if word is None:
        return None, False
    text = scope.expand(word.text, word.span)
    if text == "none":
        return rb"\x01", True
    if text == "auto":
        return rb"\x00" + b"[0-9a-f]" * 5, False
    name = _abstract_name(filter_slashes(text))
    if name is None:
        _not_abstract(word, text)
    return rb"\x00" + to_pattern(name, null_allowed=True, span=word.span), True


def _abstract_name(text: str) -> str | None:
    """An address without its `@`, or the `@` of each branch where a variable has several values.

    >>> _abstract_name("@a"), _abstract_name("{@a,@b}*"), _abstract_name("{@a,b}")
    ('a', '{a,b}*', None)
    """
    if text.startswith("@"):
        return text[1:]
    kept: list[str] = []
    depth = 0
    branches = True  # still inside of the group at the beginning
    for match in _BRANCH.finditer(text):
        piece = match.group()
        depth += (piece[0] == "{") - (piece[0] == "}")
        if branches and depth == 1 and piece[0] in "{,":
            if not piece.endswith("@"):
                return None
            piece = piece[0]
        branches = branches and depth > 0
        kept.append(piece)
    return "".join(kept) if text.startswith("{") else None


def _not_abstract(word: Word, text: str) -> NoReturn:
    raise DiagnosticError(
        [
            Diagnostic(
                f"DA24{VALUE}",
                "with its variables expanded this is no address of a unix rule",
                word.span,
                help=("an address is `@name`, `none` or `auto`; before a variable: `addr=@@{name}`",),
                notes=(f"it reads `{text[:80]}`",),
            )
        ]
    )


def record(request: UnixRequest, decision: Decision) -> RecordPairs:
    """As the one who called is told: a file's record for a socket with a path, nothing of addresses where sockets
    are decided on by type alone."""
    string = next((match.string for match in decision.matches), b"")
    if any(match.table == "file" for match in decision.matches):
        return RecordPairs(_operation(request.permissions), "file", string, object_pairs(decision))
    pairs = list(socket_pairs(decision, "unix", request.type, request.protocol))
    if string.startswith(bytes((Mediation.NETWORK_V8,))):
        return RecordPairs(operation(request.permissions), "net", pairs=tuple(pairs))
    pairs.append(address_pair("addr", request.address))
    if request.permissions & ~LOCAL_ONLY & EVERY:
        pairs.append(address_pair("peer_addr", request.peer_address))
    if request.peer is not None:
        pairs.append(("peer", request.peer))
    return RecordPairs(_operation(request.permissions), "net", pairs=tuple(pairs))


def _operation(permissions: int) -> str:
    """The system call behind the permissions. The other end is asked to accept what connects, and to receive
    what is sent; receiving itself asks nothing (af_unix.c, aa_unix_msg_perm)."""
    about_peer = permissions & ~LOCAL_ONLY
    if about_peer & NETWORK_NAMES["accept"] and about_peer != NETWORK_NAMES["accept"]:
        return "connect"
    return "sendmsg" if about_peer == NETWORK_NAMES["receive"] else operation(permissions)


def request(event: Event) -> UnixRequest | None:
    """Any record with `family="unix"`, a type and permissions; older kernels give no addresses."""
    fields = event.fields
    permissions = permissions_of(event)
    type = fields.get("sock_type", "")
    if fields.get("family") != "unix" or type not in SOCKET_TYPES or not permissions:
        return None
    return UnixRequest(
        permissions,
        type,
        protocol_of(fields.get("protocol", "")),
        address_of(fields.get("addr")),
        address_of(fields.get("peer_addr")),
        fields.get("peer_label") or fields.get("peer") or None,
    )


KIND = Kind(
    "unix",
    keywords=("unix",),
    rules=(UnixRule,),
    requests=(UnixRequest,),
    parse=parse,
    write=write,
    encode=encode,
    decide=decide_unix,
    record=record,
    request=request,
)
