"""User namespaces: `userns create,`.

Sources: apparmor.d(5), USERNS RULES; security/apparmor/task.c, `aa_profile_ns_perm`.
"""

from collections.abc import Iterator

from dockarmor.access.confinement import Confinement
from dockarmor.access.decision import Decision, Match
from dockarmor.access.event import Event
from dockarmor.access.mediation import Mediation
from dockarmor.access.permission import USERNS_CREATE
from dockarmor.access.request import UsernsRequest
from dockarmor.rules.conditions import Tail
from dockarmor.rules.kernel_check import ALLOWED, check, class_state, mask_pairs
from dockarmor.rules.kind import Dropped, Entry, Kind, Qualifiers, RecordPairs, Scope
from dockarmor.rules.policy_entry import LAST, entry, mediated, not_enforced
from dockarmor.rules.spelling import spell_qualifiers
from dockarmor.syntax.cursor import Cursor
from dockarmor.text.regex import regex
from dockarmor.text.source import Span
from dockarmor.value import field, frozen

FEATURE = "namespaces/mask/userns_create"
_NAMES = {"userns_create": USERNS_CREATE}
_CLASS = rb"\x15"
#: a keyword here, so nothing but a comma is needed behind it
_CREATE = regex(r"create(?=[ \t\r\n,])")


@frozen
class UsernsRule:
    qualifiers: Qualifiers
    span: Span = field(compare=False, repr=False)


def parse(cursor: Cursor, qualifiers: Qualifiers, start: int) -> UsernsRule:
    """`"userns" [ "create" ] ","`     Upstream's grammar has parentheses here, its lexer does not read them."""
    tail = Tail(cursor, qualifiers, start, "userns", "DA27")
    cursor.read(_CREATE, comments=False)
    return UsernsRule(qualifiers, tail.end("`create`"))


def write(rule: UsernsRule) -> str:
    return f"{spell_qualifiers(rule.qualifiers)}userns create,"


def encode(rule: UsernsRule, scope: Scope) -> Iterator[Entry | Dropped]:
    """The class byte alone; its permissions are the rule's, and that it is mediated."""
    if not scope.has(FEATURE):
        yield not_enforced("userns", rule.span, FEATURE, scope)
        return
    yield entry(rule.qualifiers, _CLASS, USERNS_CREATE)
    yield mediated(_CLASS, rule.qualifiers.priority)


def mediates(scope: Scope) -> Iterator[Entry]:
    """Below every rule, as the same byte carries the rules' permissions."""
    if scope.has(FEATURE):
        yield mediated(_CLASS, LAST)


def decide(confinement: Confinement, request: UsernsRequest) -> Decision:
    table, state = class_state(confinement, Mediation.NAMESPACE)
    if table is None or not state:
        return ALLOWED
    matches = (Match("policy", bytes((Mediation.NAMESPACE,))),)
    return check(table.permissions(state), USERNS_CREATE, matches)


def record(request: UsernsRequest, decision: Decision) -> RecordPairs:
    return RecordPairs("userns_create", "namespace", pairs=mask_pairs(decision, _NAMES, ("requested", "denied")))


def request(event: Event) -> UsernsRequest | None:
    """`operation="userns_create"`."""
    return UsernsRequest() if event.operation == "userns_create" else None


KIND = Kind(
    "userns",
    keywords=("userns",),
    rules=(UsernsRule,),
    requests=(UsernsRequest,),
    parse=parse,
    write=write,
    encode=encode,
    decide=decide,
    record=record,
    request=request,
    mediates=mediates,
)
