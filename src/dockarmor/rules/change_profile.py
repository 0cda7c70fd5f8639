"""`change_profile /usr/bin/man -> man,`: to which profiles a task may change, now or at its next exec.

Source: apparmor.d(5), CHANGE PROFILE RULES; security/apparmor/domain.c, `change_profile_perms`. The rules are
in the file table, under the text of the target label: a label has no leading slash unless its name has one.
"""

from collections.abc import Iterator

from dockarmor.access.confinement import Automaton, Confinement, StatePermissions
from dockarmor.access.decision import Decision, Match
from dockarmor.access.event import Event
from dockarmor.access.permission import ALL, Perm
from dockarmor.access.request import ChangeProfileRequest
from dockarmor.rules.aare import is_exact, to_pattern
from dockarmor.rules.conditions import spell, spell_qualifiers
from dockarmor.rules.file_check import answer
from dockarmor.rules.file_mode import EXEC, UNSAFE, Environment, both_groups
from dockarmor.rules.kind import Dropped, Encoded, Entry, Kind, Qualifiers, RecordPairs, Scope
from dockarmor.rules.path import finish, spell_target, unexpected
from dockarmor.rules.policy_entry import lacking
from dockarmor.syntax.cursor import Cursor, Word
from dockarmor.text.diagnostic import Diagnostic, DiagnosticError, Severity
from dockarmor.text.regex import regex
from dockarmor.text.source import Span
from dockarmor.value import field, frozen, replace

CHANGE_PROFILE, ONEXEC = 0x80000000, 0x40000000
#: the kernel's remark on a label that is not loaded
NOT_FOUND = "label not found"
_STACKING = "domain/stack"
#: any program, where no exec condition is given
_ANY_PROGRAM = b"/[^/\\x00][^\\x00]*"
_ENVIRONMENT = regex(r"(?:un)?safe(?=[ \t\r\n,])")
_MISTAKES = {"#": "a comment cannot stand here", "-": "put a blank behind `->`"}
_ARROW = regex(r'->(?![^ \t\r\n"!,\x00]|,[^ \t\r\n"!,\x00])')


@frozen
class ChangeProfileRule:
    """`exec` is the program's path pattern, `target` the label pattern; None: any."""

    environment: Environment | None
    exec: Word | None
    target: Word | None
    qualifiers: Qualifiers
    span: Span = field(compare=False, repr=False)


def parse(cursor: Cursor, qualifiers: Qualifiers, start: int) -> ChangeProfileRule:
    """`"change_profile" [ "safe" | "unsafe" ] [ exec_path ] [ "->" target ] ","`

    exec_path begins with `/` or a variable. No comments between the words (upstream parser_lex.l).
    """
    if qualifiers.subject:
        span = qualifiers.spans.get(qualifiers.subject, cursor.span(start))
        message = f"`{qualifiers.subject}` says whose files are meant: it stands before file rules"
        help = f"remove `{qualifiers.subject}` from this change_profile rule"
        cursor.fail("DA220", message, span.start, span.end, help=(help,))
    written = cursor.read(_ENVIRONMENT, comments=False)
    arrow = cursor.read(_ARROW, comments=False)
    condition = None if arrow else _exec(cursor)
    if written is not None and condition is None:
        cursor.fail(
            *("DA218", f"`{written}` needs the path of a program", written.span.start, written.span.end),
            help=(f"write `change_profile {written} /path/of/program -> profile,`",),
        )
    if arrow is None and condition is not None:
        arrow = cursor.read(_ARROW, comments=False)
    target = None
    if arrow is not None:
        target = cursor.value(comments=False)
        if target is None:
            unexpected(cursor, "DA212", "the profile after `->`", comments=False)
    environment: Environment | None = None
    if written is not None:
        environment = "unsafe" if written.text == "unsafe" else "safe"
    return ChangeProfileRule(
        environment, condition, target, qualifiers, finish(cursor, start, "change_profile", comments=False)
    )


def _exec(cursor: Cursor) -> Word | None:
    word = cursor.value(comments=False)
    if word is not None and not word.text.startswith(("/", "@{")):
        help = f"for a change to the profile `{word}` write `change_profile -> {spell(word.text)},`"
        cursor.fail(
            *("DA217", "the program of a change_profile rule is a path", word.span.start, word.span.end),
            label="this does not begin with `/`",
            help=(_MISTAKES.get(word.text[:1], help),),
        )
    return word


def write(rule: ChangeProfileRule) -> str:
    words = ["change_profile"]
    if rule.environment:
        words.append(rule.environment)
    if rule.exec is not None:
        words.append(spell(rule.exec.text))
    return f"{spell_qualifiers(rule.qualifiers)}{' '.join(words)}{spell_target(rule.target)},"


def encode(rule: ChangeProfileRule, scope: Scope) -> Iterator[Encoded]:
    """Three entries: the label, the program, and the pair of both.

    There is no audit for these, as upstream: what a rule says of it is not in the table, and denials are logged.
    Raises DiagnosticError (DA219) for a stacked target where the kernel cannot stack.
    """
    target = _target_pattern(rule.target, scope)
    program = _ANY_PROGRAM
    if rule.exec is not None:
        program = to_pattern(scope.expand(rule.exec.text, rule.exec.span), span=rule.exec.span)
    pair = program + b"\\x00" + target
    bits = ONEXEC
    if rule.exec is not None:
        bits |= both_groups(EXEC, None)
    if rule.environment == "unsafe":  # a kernel that cannot stack does not ask for this bit: it never scrubs
        bits |= both_groups(UNSAFE, None)
    effect = rule.qualifiers.effect
    for pattern, word in ((target, CHANGE_PROFILE | ONEXEC), (program, ONEXEC), (pair, bits)):
        exact = bool(word & EXEC) and is_exact(pattern)
        yield Entry("file", pattern, word, effect=effect, priority=rule.qualifiers.priority, exact=exact)
    if rule.environment == "safe" and not scope.has(_STACKING):
        yield _warning(rule, f"`safe` has no effect: {lacking(_STACKING, scope)}", "DA425")
    if effect == "deny" and not rule.qualifiers.audit:
        yield _warning(rule, "this deny rule is not quiet: denied changes of profile are always logged", "DA426")
    elif effect != "deny" and rule.qualifiers.audit:
        yield _warning(
            rule, "`audit` has no effect here: allowed changes of profile are never logged by rule", "DA426"
        )


def _warning(rule: ChangeProfileRule, message: str, code: str) -> Dropped:
    return Dropped(Diagnostic(code, message, rule.span, severity=Severity.WARNING))


def _target_pattern(target: Word | None, scope: Scope) -> bytes:
    text = "**" if target is None else scope.expand(target.text, target.span)
    span = None if target is None else target.span
    if scope.has(_STACKING):
        return to_pattern(text, span=span)
    if text.startswith("&"):
        message = f"profiles cannot be stacked: {lacking(_STACKING, scope)}"
        raise DiagnosticError([Diagnostic("DA219", message, span)])
    pattern = to_pattern(text, span=span)  # as a whole: a star behind `//` is for one character at least
    namespace, colon, name = pattern[1:].partition(b":") if text.startswith(":") else (b"", b"", pattern)
    return namespace + b"\\x00" + name.removeprefix(b"//") if colon else pattern


# -- deciding ---------------------------------------------------------------------------------------------


def decide(confinement: Confinement, request: ChangeProfileRequest) -> Decision:
    """Is the label allowed, and with `onexec` also the program, and the label together with it?"""
    table = confinement.file
    asked = Perm.CHANGE_PROFILE if request.onexec is None else Perm.ONEXEC
    if table is None:
        return answer(StatePermissions(), asked, (_match(request.target),))
    label = request.target
    first = _label(table, table.start(), b"", label, asked)
    if not first.allowed or request.onexec is None:
        return replace(first, target=label if first.allowed else None)
    state = table.walk(table.start(), request.onexec)
    program = answer(table.permissions(state), asked, (Match("file", request.onexec),))
    if not program.allowed:
        found = first.matches + program.matches
        return replace(program, info="no change_onexec valid for executable", matches=found)
    pair = _label(table, table.walk(state, b"\0"), request.onexec + b"\0", label, asked)
    found = first.matches + program.matches + pair.matches
    return replace(pair, matches=found, target=label if pair.allowed else None)


def _label(table: Automaton, state: int, prefix: bytes, label: str, asked: int) -> Decision:
    """`label_match`: the stack as a whole; if that is not enough its parts, each of which must be allowed.

    A leading `&` asks for stacking; it is matched in front of the whole and of the first part.
    """
    matches = [_match(label, prefix)]
    found = table.permissions(table.walk(state, label.encode("latin-1", "replace")))
    if asked & ~found.allow == 0:
        return answer(found, asked, matches)
    parts = label.split("//&")
    allow, audit, quiet = ALL, 0, ALL
    for part in parts if len(parts) > 1 else ():
        matches.append(_match(part, prefix))
        one = table.permissions(table.walk(state, part.encode("latin-1", "replace")))
        allow, audit, quiet = allow & one.allow, audit | one.audit & one.allow, quiet & one.quiet
    if len(parts) > 1 and asked & ~allow == 0:
        return answer(StatePermissions(allow=allow, audit=audit, quiet=quiet), asked, matches)
    return answer(StatePermissions(), asked, matches)


def _match(label: str, prefix: bytes = b"") -> Match:
    return Match("file", prefix + label.encode("latin-1", "replace"))


def record(request: ChangeProfileRequest, decision: Decision) -> RecordPairs:
    """The label is said twice, but for one that is not loaded."""
    operation = "stack" if request.target.startswith("&") else "change_profile"
    if request.onexec is not None:
        operation = "stack_onexec" if operation == "stack" else "change_onexec"
    label = request.target.removeprefix("&")
    target = () if decision.info == NOT_FOUND else (("target", label),)
    return RecordPairs(operation, "file", label.encode("latin-1", "replace"), target)


def request(event: Event) -> ChangeProfileRequest | None:
    """Records of change_profile, change_onexec and stack; the label is in `target`, or in `name` only.

    A record of change_onexec does not say which program is meant: the label alone is asked.
    """
    operation = event.operation
    if operation not in ("change_profile", "change_onexec", "stack", "stack_onexec"):
        return None
    label = event.fields.get("name") or event.fields.get("target")
    if not label:
        return None
    stack = operation.startswith("stack") and not label.startswith("&")
    return ChangeProfileRequest("&" + label if stack else label)


KIND = Kind(
    "change_profile",
    keywords=("change_profile",),
    rules=(ChangeProfileRule,),
    requests=(ChangeProfileRequest,),
    parse=parse,
    write=write,
    encode=encode,
    decide=decide,
    record=record,
    request=request,
)
