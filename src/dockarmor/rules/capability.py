"""Capability rules: `capability sys_admin,`.

Source: apparmor.d(5), CAPABILITY RULES; security/apparmor/capability.c. Denials end in EPERM. Priorities have
no meaning here: the kernel gets one mask of what is allowed, and deny rules take from it.
"""

import re
from collections.abc import Iterator

from dockarmor.access.capability import CAPABILITIES
from dockarmor.access.confinement import Confinement
from dockarmor.access.decision import Decision, Match
from dockarmor.access.event import Event
from dockarmor.access.request import CapabilityRequest
from dockarmor.rules.conditions import shown, spell_qualifiers
from dockarmor.rules.kind import Bare, CapabilityEntry, Dropped, Kind, Qualifiers, RecordPairs, Scope
from dockarmor.rules.policy_entry import idle
from dockarmor.syntax.cursor import Cursor, Word
from dockarmor.syntax.lexer import KEYWORDS
from dockarmor.text.diagnostic import Diagnostic, DiagnosticError, Fix
from dockarmor.text.regex import regex
from dockarmor.text.source import Span
from dockarmor.value import field, frozen

EVERY = (1 << 64) - 1
_EPERM = 1
_NAME = regex(r"[A-Za-z][A-Za-z0-9_]*")
#: kernels before 5.8/5.9 do not know these; what they allow was part of sys_admin
_FORMERLY_SYS_ADMIN = frozenset(("perfmon", "bpf", "checkpoint_restore"))


#: there are a few dozen; a rule may repeat some
MAX_NAMES = 1_000


@frozen
class CapabilityRule:
    """No names: every capability."""

    names: tuple[Word, ...]
    qualifiers: Qualifiers
    span: Span = field(compare=False, repr=False)


def parse(cursor: Cursor, qualifiers: Qualifiers, start: int) -> CapabilityRule:
    """`"capability" { name } ","`

    Names are separated by white space. Whether the kernel has such a capability is asked when the rule is
    encoded, since feature sets may name more than the built-in ones.
    """
    if qualifiers.subject:
        span = qualifiers.spans.get(qualifiers.subject, cursor.span(start))
        message = f"`{qualifiers.subject}` says whose files are meant: it stands before file rules"
        help = f"remove `{qualifiers.subject}` from this capability rule"
        cursor.fail("DA289", message, span.start, span.end, help=(help,))
    names = []
    while (word := cursor.read(_NAME)) is not None:
        if word.text in KEYWORDS:
            raise DiagnosticError([_unknown(word)])
        names.append(word)
        if len(names) > MAX_NAMES:
            message = f"a capability rule has at most {MAX_NAMES:,} names"
            cursor.fail("DA280", message, word.span.start, word.span.end)
    if not cursor.accept(","):
        cursor.skip()
        _unexpected(cursor)
    return CapabilityRule(tuple(names), qualifiers, cursor.span(start))


def _unexpected(cursor: Cursor) -> None:
    at = cursor.pos
    if cursor.at_end():
        cursor.fail("DA280", "the capability rule is not finished", at, at, label="expected a name or `,`")
    found = re.compile(r"[^ \t\r\n,]+").match(cursor.text, at, cursor.end)
    end = found.end() if found else at + 1
    cursor.fail(
        "DA280",
        f"`{shown(cursor.text[at:end])}` does not belong here",
        at,
        end,
        label="expected a capability or the `,` that ends the rule",
        help=("capabilities are words like `net_admin`, separated by blanks",),
    )


def write(rule: CapabilityRule) -> str:
    return f"{spell_qualifiers(rule.qualifiers)}capability{''.join(f' {name}' for name in rule.names)},"


def encode(rule: CapabilityRule, scope: Scope) -> Iterator[CapabilityEntry | Dropped]:
    """One mask. Raises DiagnosticError (DA281) for a name that neither we nor the features know."""
    mask = 0 if rule.names else EVERY
    for name in rule.names:
        number = _number(name.text, scope)
        if number is None:
            raise DiagnosticError([_unknown(name)])
        mask |= 1 << number
    if rule.qualifiers.priority:
        why = "capabilities have no priorities, what any rule denies is denied"
        yield idle("`priority` of a capability rule", why, rule.span)
    yield CapabilityEntry(mask, rule.qualifiers.effect, rule.qualifiers.audit)


def _number(name: str, scope: Scope) -> int | None:
    known = scope.capability_number(name)
    if name in _FORMERLY_SYS_ADMIN and scope.kernel_has("caps/mask") and not scope.kernel_has(f"caps/mask/{name}"):
        return CAPABILITIES.index("sys_admin")
    if known is None and name in CAPABILITIES:
        return CAPABILITIES.index(name)
    return known


def _unknown(word: Word) -> Diagnostic:
    from difflib import get_close_matches

    bare = word.text.lower().removeprefix("cap_")
    near = [bare] if bare in CAPABILITIES else get_close_matches(bare[:64], CAPABILITIES, 1, 0.6)
    help = (f"did you mean `{near[0]}`?",) if near else ("capabilities(7) lists them; write them without CAP_",)
    fix = Fix(word.span, near[0], safe=False, message=f"write `{near[0]}`") if near else None
    return Diagnostic("DA281", f"unknown capability `{shown(word.text)}`", word.span, help=help, fix=fix)


def decide(confinement: Confinement, request: CapabilityRequest) -> Decision:
    """`profile_capable`: a capability that nobody knows is a denial."""
    name = request.name
    words = confinement.capabilities
    bit = 1 << CAPABILITIES.index(name) if name in CAPABILITIES else 0
    matches = (Match("capability", name.encode("latin-1", "replace")),)
    if words.allow & bit:
        return Decision(True, 1, record="AUDIT" if words.audit & bit else None, matches=matches)
    record = None if words.quiet & bit else "DENIED"
    return Decision(False, 1, 1, record, _EPERM, matches=matches)


def record(request: CapabilityRequest, decision: Decision) -> RecordPairs:
    number = CAPABILITIES.index(request.name) if request.name in CAPABILITIES else len(CAPABILITIES)
    # the kernel ends the number with a blank of its own (capability.c, audit_cb)
    pairs = (("capability", Bare(f"{number} ")), ("capname", request.name))
    return RecordPairs("capable", "cap", pairs=pairs)


def request(event: Event) -> CapabilityRequest | None:
    """`operation="capable"` with the capability's name or number; 2.x kernels wrote the name as `name`."""
    if event.operation != "capable":
        return None
    name = event.fields.get("capname") or event.fields.get("name", "")
    number = event.fields.get("capability", "").strip()
    if not name and number.isdecimal() and int(number[:4]) < len(CAPABILITIES):
        name = CAPABILITIES[int(number[:4])]
    return CapabilityRequest(name) if name else None


KIND = Kind(
    "capability",
    keywords=("capability",),
    rules=(CapabilityRule,),
    requests=(CapabilityRequest,),
    parse=parse,
    write=write,
    encode=encode,
    decide=decide,
    record=record,
    request=request,
)
