"""Tracing: `ptrace (read, trace) peer=docker-default,`.

The tracer needs `trace` or `read`, the tracee `tracedby` or `readby`, each in its own profile. Sources:
apparmor.d(5), PTRACE RULES; security/apparmor/task.c, `profile_tracer_perm`, `profile_tracee_perm`.
"""

from collections.abc import Iterator

from dockarmor.access.capability import CAPABILITIES
from dockarmor.access.confinement import Confinement
from dockarmor.access.decision import Decision
from dockarmor.access.event import Event
from dockarmor.access.mediation import Mediation
from dockarmor.access.permission import PTRACE_NAMES
from dockarmor.access.request import PtraceRequest
from dockarmor.rules.aare import ANYONE
from dockarmor.rules.conditions import CONDITION, Condition, Tail
from dockarmor.rules.kernel_check import (
    ALLOWED,
    EACCES,
    check,
    class_state,
    mask_of,
    mask_pairs,
    match_label,
)
from dockarmor.rules.kind import Dropped, Entry, Kind, Qualifiers, RecordPairs, Scope
from dockarmor.rules.policy_entry import entry, mediated, not_enforced, word_pattern
from dockarmor.rules.spelling import spell_permissions, spell_qualifiers, spell_value
from dockarmor.syntax.cursor import Cursor, Word
from dockarmor.text.source import Span
from dockarmor.value import field, frozen

EVERY = sum(PTRACE_NAMES.values())
_TRACE, _READ = PTRACE_NAMES["trace"], PTRACE_NAMES["read"]
_BOTH = _READ | _TRACE
_WORDS = PTRACE_NAMES | {"write": _TRACE, "w": _TRACE, "r": _READ, "rw": _BOTH, "wr": _BOTH}


@frozen
class PtraceRule:
    """`peer` None for every label."""

    permissions: int
    peer: Word | None
    qualifiers: Qualifiers
    span: Span = field(compare=False, repr=False)


def parse(cursor: Cursor, qualifiers: Qualifiers, start: int) -> PtraceRule:
    """`"ptrace" [ permissions ] [ "peer" "=" label ] ","`

    permissions = `trace` `write` `w` `read` `r` `rw` `tracedby` `readby`, alone or in a list.
    """
    tail = Tail(cursor, qualifiers, start, "ptrace", "DA26")
    permissions = tail.permissions(_WORDS) or EVERY
    peer: Condition | None = None
    while (found := tail.condition()) is not None:
        if found.name.text != "peer":
            tail.unknown(CONDITION, "condition", found.name, ("peer",))
        tail.only_equals(found)
        tail.once(peer, found)
        peer = found
    span = tail.end()
    return PtraceRule(permissions, peer.values[0] if peer else None, qualifiers, span)


def write(rule: PtraceRule) -> str:
    permissions = spell_permissions(rule.permissions, EVERY, PTRACE_NAMES)
    return f"{spell_qualifiers(rule.qualifiers)}ptrace{permissions}{spell_value('peer', rule.peer)},"


def encode(rule: PtraceRule, scope: Scope) -> Iterator[Entry | Dropped]:
    """`10 09` label, the class LABEL and in it the class PTRACE, as the kernel asks (security/apparmor/lib.c,
    `aa_profile_match_label`); and `09` label, as upstream.
    """
    if not scope.has("ptrace"):
        yield not_enforced("ptrace", rule.span, "ptrace", scope, rule.peer)
        return
    label = ANYONE if rule.peer is None else word_pattern(rule.peer, scope)
    yield entry(rule.qualifiers, rb"(\x10|)\x09" + label, rule.permissions)


def mediates(scope: Scope) -> Iterator[Entry]:
    if scope.has("ptrace"):
        yield mediated(rb"\x09")


def decide(confinement: Confinement, request: PtraceRequest) -> Decision:
    """Where ptrace is not mediated the tracer needs the capability sys_ptrace, but not for its own profile.

    An unconfined tracer is not the tracee's business.
    """
    table, state = class_state(confinement, Mediation.PTRACE)
    tracee = request.permissions & (PTRACE_NAMES["tracedby"] | PTRACE_NAMES["readby"])
    if tracee and request.peer == "unconfined":
        return ALLOWED
    if table is None or not state:
        return ALLOWED if tracee else _by_capability(confinement, request)
    state = table.walk(table.class_start(Mediation.LABEL), bytes((Mediation.PTRACE,)))
    prefix = bytes((Mediation.LABEL, Mediation.PTRACE))
    permissions, matches = match_label(table, state, prefix, request.peer, request.permissions)
    return check(permissions, request.permissions, matches)


def _by_capability(confinement: Confinement, request: PtraceRequest) -> Decision:
    held = confinement.capabilities.allow >> CAPABILITIES.index("sys_ptrace") & 1
    if held or request.peer == confinement.name:
        return ALLOWED
    return Decision(False, 0, 0, "DENIED", EACCES)


def record(request: PtraceRequest, decision: Decision) -> RecordPairs:
    masks = mask_pairs(decision, PTRACE_NAMES) if decision.requested else ()
    return RecordPairs("ptrace", "ptrace", pairs=(*masks, ("peer", request.peer)))


def request(event: Event) -> PtraceRequest | None:
    """`operation="ptrace"` with a mask and the other side's label."""
    permissions = mask_of(event.fields, PTRACE_NAMES)
    peer = event.fields.get("peer")
    if event.operation != "ptrace" or not permissions or not peer:
        return None
    return PtraceRequest(permissions, peer)


KIND = Kind(
    "ptrace",
    keywords=("ptrace",),
    rules=(PtraceRule,),
    requests=(PtraceRequest,),
    parse=parse,
    write=write,
    encode=encode,
    decide=decide,
    record=record,
    request=request,
    mediates=mediates,
)
