"""Signals: `signal (send) set=(kill, term) peer=docker-default,`.

Sender and receiver are asked, each its own profile. Sources: apparmor.d(5), SIGNAL RULES;
security/apparmor/ipc.c, `profile_signal_perm`.
"""

from collections.abc import Iterator

from dockarmor.access.confinement import Confinement
from dockarmor.access.decision import Decision
from dockarmor.access.event import Event
from dockarmor.access.mediation import Mediation
from dockarmor.access.permission import SIGNAL_NAMES
from dockarmor.access.request import SignalRequest
from dockarmor.access.signal import MAX_REALTIME
from dockarmor.rules import signal_names
from dockarmor.rules.aare import ANYONE
from dockarmor.rules.conditions import CONDITION, WORD_UNKNOWN, Condition, Tail, shown
from dockarmor.rules.kernel_check import ALLOWED, check, class_state, mask_of, mask_pairs, match_label
from dockarmor.rules.kind import Bare, Dropped, Entry, Kind, Qualifiers, RecordPairs, Scope
from dockarmor.rules.policy_entry import entry, mediated, not_enforced, word_pattern
from dockarmor.rules.spelling import spell_permissions, spell_qualifiers, spell_value
from dockarmor.syntax.cursor import Cursor, Word
from dockarmor.text.source import Span
from dockarmor.value import field, frozen

SEND, RECEIVE = SIGNAL_NAMES["send"], SIGNAL_NAMES["receive"]
BOTH = SEND | RECEIVE
_WORDS = SIGNAL_NAMES | {"write": SEND, "w": SEND, "read": RECEIVE, "r": RECEIVE, "rw": BOTH, "wr": BOTH}


@frozen
class SignalRule:
    """`signals` by their canonical names, empty for every signal; `peer` None for every label."""

    permissions: int
    signals: tuple[str, ...]
    peer: Word | None
    qualifiers: Qualifiers
    span: Span = field(compare=False, repr=False)


def parse(cursor: Cursor, qualifiers: Qualifiers, start: int) -> SignalRule:
    """`"signal" [ permissions ] { "set" "=" ( signal | list ) | "peer" "=" label } ","`

    permissions = `send` `write` `w` `receive` `read` `r` `rw`, alone or in a list.
    """
    tail = Tail(cursor, qualifiers, start, "signal", "DA26")
    permissions = tail.permissions(_WORDS) or BOTH
    signals: dict[str, None] = {}
    peer: Condition | None = None
    while (found := tail.condition()) is not None:
        if found.name.text not in ("set", "peer"):
            tail.unknown(CONDITION, "condition", found.name, ("set", "peer"))
        tail.only_equals(found)
        if found.name.text == "set":
            signals.update(dict.fromkeys(_signal(tail, word) for word in found.values))
            continue
        tail.once(peer, found)
        peer = found
    span = tail.end(instead=lambda word: f"set={word}" if signal_names.canonical(word) else None)
    return SignalRule(permissions, tuple(signals), peer.values[0] if peer else None, qualifiers, span)


def _signal(tail: Tail, word: Word) -> str:
    name = signal_names.canonical(word.text)
    if name is None and word.text.startswith("rtmin+"):
        help = (f"real-time signals go from `rtmin+0` to `rtmin+{MAX_REALTIME}`",)
        tail.fail(WORD_UNKNOWN, f"unknown signal `{shown(word.text)}`", word.span, help=help)
    if name is None:
        tail.unknown(WORD_UNKNOWN, "signal", word, (*signal_names.NAMES, *signal_names.SYNONYMS, "rtmin+0"))
    return name


def write(rule: SignalRule) -> str:
    permissions = spell_permissions(rule.permissions, BOTH, SIGNAL_NAMES)
    signals = ""
    if rule.signals:
        listed = ", ".join(rule.signals)
        signals = f" set=({listed})" if len(rule.signals) > 1 else f" set={listed}"
    peer = spell_value("peer", rule.peer)
    return f"{spell_qualifiers(rule.qualifiers)}signal{permissions}{signals}{peer},"


def encode(rule: SignalRule, scope: Scope) -> Iterator[Entry | Dropped]:
    """`0a` signal label. Without a set also `10 0a` label, as upstream; no kernel asks that way."""
    if not scope.has("signal"):
        yield not_enforced("signal", rule.span, "signal", scope, rule.peer)
        return
    label = ANYONE if rule.peer is None else word_pattern(rule.peer, scope)
    head = rb"(\x10\x0a|\x0a.)"
    if rule.signals:
        numbers = b"".join(b"\\x%02x" % number for number in sorted(map(signal_names.number, rule.signals)))
        head = rb"\x0a[" + numbers + b"]"
    yield entry(rule.qualifiers, head + label, rule.permissions)


def mediates(scope: Scope) -> Iterator[Entry]:
    if scope.has("signal"):
        yield mediated(rb"\x0a")


def decide(confinement: Confinement, request: SignalRequest) -> Decision:
    table, state = class_state(confinement, Mediation.SIGNAL)
    if table is None or not state:
        return ALLOWED
    signal = bytes((signal_names.number(request.signal),))
    state = table.walk(state, signal)
    prefix = bytes((Mediation.SIGNAL,)) + signal
    permissions, matches = match_label(table, state, prefix, request.peer, request.permissions)
    return check(permissions, request.permissions, matches)


def record(request: SignalRequest, decision: Decision) -> RecordPairs:
    masks = mask_pairs(decision, SIGNAL_NAMES)
    signal = ("signal", Bare(request.signal))
    return RecordPairs("signal", "signal", pairs=(*masks, signal, ("peer", request.peer)))


def request(event: Event) -> SignalRequest | None:
    """`operation="signal"`; older kernels write the probe of signal 0 as `unknown(35)`."""
    fields = event.fields
    permissions = mask_of(fields, SIGNAL_NAMES)
    word = fields.get("signal", "")
    if word.startswith("unknown("):
        word = "exists" if word == f"unknown({signal_names.number('exists')})" else ""
    name = signal_names.canonical(word)
    if event.operation != "signal" or not permissions or name is None or not fields.get("peer"):
        return None
    return SignalRequest(permissions, name, fields["peer"])


KIND = Kind(
    "signal",
    keywords=("signal",),
    rules=(SignalRule,),
    requests=(SignalRequest,),
    parse=parse,
    write=write,
    encode=encode,
    decide=decide,
    record=record,
    request=request,
    mediates=mediates,
)
