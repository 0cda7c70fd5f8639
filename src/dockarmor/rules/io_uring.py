"""io_uring: `io_uring sqpoll,` and `io_uring override_creds label=x,`.

Sources: apparmor.d(5), IO_URING RULES; security/apparmor/lsm.c, `profile_uring`.
"""

from collections.abc import Iterator

from dockarmor.access.confinement import Confinement
from dockarmor.access.decision import Decision, Match
from dockarmor.access.event import Event
from dockarmor.access.mediation import Mediation
from dockarmor.access.permission import IO_URING_NAMES
from dockarmor.access.request import IoUringRequest
from dockarmor.rules.aare import ANY, to_pattern
from dockarmor.rules.conditions import CONDITION, Condition, Tail
from dockarmor.rules.kernel_check import ALLOWED, check, class_state, mask_of, mask_pairs, match_label
from dockarmor.rules.kind import Dropped, Entry, Kind, Qualifiers, RecordPairs, Scope
from dockarmor.rules.policy_entry import LAST, entry, idle, mediated, not_enforced
from dockarmor.rules.spelling import spell_permissions, spell_qualifiers, spell_value
from dockarmor.syntax.cursor import Cursor, Word
from dockarmor.text.regex import regex
from dockarmor.text.source import Span
from dockarmor.value import field, frozen

EVERY = sum(IO_URING_NAMES.values())
_OVERRIDE = IO_URING_NAMES["override_creds"]
_CLASS = rb"\x16"
_OPERATIONS = {"uring_sqpoll": "sqpoll", "uring_override": "override_creds"}
#: keywords here, so nothing but a comma is needed behind one
_KEYWORD = regex(r"(?:sqpoll|override_creds)(?![A-Za-z0-9_])")


@frozen
class IoUringRule:
    """`label`, a pattern without variables, says whose credentials may be taken; None: anyone's."""

    permissions: int
    label: Word | None
    qualifiers: Qualifiers
    span: Span = field(compare=False, repr=False)


def parse(cursor: Cursor, qualifiers: Qualifiers, start: int) -> IoUringRule:
    """`"io_uring" [ permissions ] [ "label" "=" label | "peer" "=" "(" "label" "=" label ")" ] ","`

    permissions = `sqpoll` `override_creds`, alone or in a list. Comments may stand between the words.
    """
    tail = Tail(cursor, qualifiers, start, "io_uring", "DA27")
    cursor.skip()
    word = cursor.read(_KEYWORD)
    permissions = IO_URING_NAMES[word.text] if word else tail.permissions(IO_URING_NAMES) or EVERY
    label: Condition | None = None
    while True:
        cursor.skip()
        group = tail.group()
        one = None if group else tail.condition()
        found = group.conditions if group else (one,) if one else ()
        for condition in found:
            if condition.name.text != "label":
                tail.unknown(CONDITION, "condition", condition.name, ("label",))
            tail.only_equals(condition)
            tail.single(condition.name, condition.values)
            tail.once(label, condition)
            label = condition
        if not one:
            break
    cursor.skip()
    span = tail.end()
    return IoUringRule(permissions, label.values[0] if label else None, qualifiers, span)


def write(rule: IoUringRule) -> str:
    permissions = spell_permissions(rule.permissions, EVERY, IO_URING_NAMES)
    return f"{spell_qualifiers(rule.qualifiers)}io_uring{permissions}{spell_value('label', rule.label)},"


def encode(rule: IoUringRule, scope: Scope) -> Iterator[Entry | Dropped]:
    """The class byte, and with it the label whose credentials are taken."""
    if not scope.has("io_uring"):
        yield not_enforced("io_uring", rule.span, "io_uring", scope)
        return
    label = ANY if rule.label is None else to_pattern(rule.label.text, span=rule.label.span)
    if rule.label is not None and not rule.permissions & _OVERRIDE:
        why = "it says whose credentials may be taken, and `sqpoll` takes nobody's"
        yield idle("`label=` of this io_uring rule", why, rule.span, "remove it, or say `override_creds`")
    yield entry(rule.qualifiers, _CLASS, rule.permissions)
    yield mediated(_CLASS, rule.qualifiers.priority)
    if rule.permissions & _OVERRIDE:
        yield entry(rule.qualifiers, _CLASS + label, rule.permissions)


def mediates(scope: Scope) -> Iterator[Entry]:
    """Below every rule, as the same byte carries the rules' permissions."""
    if scope.has("io_uring"):
        yield mediated(_CLASS, LAST)


def decide(confinement: Confinement, request: IoUringRequest) -> Decision:
    """By the label whose credentials are taken; without one by the class alone."""
    table, state = class_state(confinement, Mediation.IO_URING)
    if table is None or not state:
        return ALLOWED
    prefix = bytes((Mediation.IO_URING,))
    if request.label is None:
        return check(table.permissions(state), request.permissions, (Match("policy", prefix),))
    permissions, matches = match_label(table, state, prefix, request.label, request.permissions)
    return check(permissions, request.permissions, matches)


def record(request: IoUringRequest, decision: Decision) -> RecordPairs:
    operation = next(op for op, name in _OPERATIONS.items() if request.permissions & IO_URING_NAMES[name])
    masks = mask_pairs(decision, IO_URING_NAMES, ("requested", "denied"))
    label = () if request.label is None else (("tcontext", request.label),)
    return RecordPairs(operation, "io_uring", pairs=(*masks, *label))


def request(event: Event) -> IoUringRequest | None:
    """`operation="uring_sqpoll"` or `uring_override`, the latter with the label in `tcontext`."""
    name = _OPERATIONS.get(event.operation)
    if name is None:
        return None
    permissions = mask_of(event.fields, IO_URING_NAMES) or IO_URING_NAMES[name]
    label = event.fields.get("tcontext") if permissions & _OVERRIDE else None
    return IoUringRequest(permissions, label or None)


KIND = Kind(
    "io_uring",
    keywords=("io_uring",),
    rules=(IoUringRule,),
    requests=(IoUringRequest,),
    parse=parse,
    write=write,
    encode=encode,
    decide=decide,
    record=record,
    request=request,
    mediates=mediates,
)
