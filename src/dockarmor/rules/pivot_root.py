"""Changing the root: `pivot_root oldroot=/mnt/old/ /mnt/,`.

Sources: apparmor.d(5), PIVOT ROOT RULES; security/apparmor/mount.c, `build_pivotroot`.
"""

from collections.abc import Iterator

from dockarmor.access.confinement import Confinement
from dockarmor.access.decision import Decision, Match
from dockarmor.access.event import Event
from dockarmor.access.mediation import Mediation
from dockarmor.access.permission import MOUNT_NAMES
from dockarmor.access.request import PivotRootRequest
from dockarmor.rules.conditions import CONDITION, VALUE, Condition, Tail
from dockarmor.rules.kernel_check import ALLOWED, check, class_state
from dockarmor.rules.kind import Dropped, Entry, Kind, Qualifiers, RecordPairs, Scope
from dockarmor.rules.mount import path_pattern
from dockarmor.rules.path import finish, read_path, read_target, spell_path, spell_target
from dockarmor.rules.policy_entry import REMOVE, entry, expand, not_enforced, weakened
from dockarmor.rules.spelling import spell_qualifiers, spell_value
from dockarmor.syntax.cursor import Cursor, Word
from dockarmor.syntax.lexer import SET_VARIABLE
from dockarmor.text.source import Span
from dockarmor.value import field, frozen

_PIVOT = MOUNT_NAMES["pivot_root"]


@frozen
class PivotRootRule:
    """What is absent matches anything. `target`, the profile to change to, is read by no kernel."""

    old_root: Word | None
    new_root: Word | None
    target: Word | None
    qualifiers: Qualifiers
    span: Span = field(compare=False, repr=False)


def parse(cursor: Cursor, qualifiers: Qualifiers, start: int) -> PivotRootRule:
    """`"pivot_root" [ "oldroot" "=" path ] [ path ] [ "->" profile ] ","`

    Unlike in mount rules, comments may stand between the parts (upstream parser_lex.l has no mode for it).
    """
    tail = Tail(cursor, qualifiers, start, "pivot_root", "DA25")
    old_root: Condition | None = None
    cursor.skip()
    while (found := tail.condition()) is not None:
        if found.name.text != "oldroot":
            tail.unknown(CONDITION, "condition", found.name, ("oldroot",))
        tail.once(old_root, found)
        tail.single(found.name, found.values)
        old_root = found
        cursor.skip()
    new_root = read_path(cursor)
    if new_root is not None and SET_VARIABLE.fullmatch(new_root.span.text):
        help = (f'write `"{new_root.span.text}"`',)
        tail.fail(VALUE, "a variable that stands alone needs quotes here", new_root.span, help=help)
    target = read_target(cursor, "the profile to change to")
    old = old_root.values[0] if old_root else None
    return PivotRootRule(old, new_root, target, qualifiers, finish(cursor, start, "pivot_root"))


def write(rule: PivotRootRule) -> str:
    old = spell_value("oldroot", rule.old_root)
    new = "" if rule.new_root is None else f" {spell_path(rule.new_root.text)}"
    return f"{spell_qualifiers(rule.qualifiers)}pivot_root{old}{new}{spell_target(rule.target)},"


def encode(rule: PivotRootRule, scope: Scope) -> Iterator[Entry | Dropped]:
    """`07` new root NUL old root."""
    if not scope.has("mount"):
        yield not_enforced("pivot_root", rule.span, "mount", scope, rule.new_root, rule.old_root, rule.target)
        return
    if rule.target is not None:
        expand(scope, rule.target)
        yield weakened(
            "DA424",
            "the profile after `->` has no effect: no kernel changes the profile at pivot_root",
            rule.span,
            REMOVE,
        )
    new, old = path_pattern(rule.new_root, scope), path_pattern(rule.old_root, scope)
    yield entry(rule.qualifiers, rb"\x07" + new + rb"\x00" + old, _PIVOT)


def decide(confinement: Confinement, request: PivotRootRequest) -> Decision:
    table, state = class_state(confinement, Mediation.MOUNT)
    if table is None or not state:
        return ALLOWED
    string = request.new_root + b"\0" + request.put_old
    matches = (Match("policy", bytes((Mediation.MOUNT,)) + string),)
    return check(table.permissions(table.walk(state, string)), _PIVOT, matches)


def record(request: PivotRootRequest, decision: Decision) -> RecordPairs:
    return RecordPairs("pivotroot", "mount", request.new_root, (("srcname", request.put_old),))


def request(event: Event) -> PivotRootRequest | None:
    """`operation="pivotroot"` with the new root and where the old one goes."""
    fields = event.fields
    if event.operation != "pivotroot" or "name" not in fields or "srcname" not in fields:
        return None
    return PivotRootRequest(fields["name"].encode("latin-1"), fields["srcname"].encode("latin-1"))


KIND = Kind(
    "pivot_root",
    keywords=("pivot_root",),
    rules=(PivotRootRule,),
    requests=(PivotRootRequest,),
    parse=parse,
    write=write,
    encode=encode,
    decide=decide,
    record=record,
    request=request,
)
