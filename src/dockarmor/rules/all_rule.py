"""`all,`: every permission of every class, short for the rules that say so one by one.

Source: apparmor.d(5), ALL RULES. Exec is inherited at a low priority, so that any other exec rule beats it.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from dockarmor.rules import capability, file
from dockarmor.rules.conditions import spell_qualifiers
from dockarmor.rules.file_mode import parse_mode
from dockarmor.rules.kind import Dropped, Encoded, Kind, Qualifiers, Scope
from dockarmor.rules.path import finish
from dockarmor.rules.policy_entry import NOT_ENFORCED
from dockarmor.syntax.cursor import Cursor, Word
from dockarmor.text.diagnostic import Diagnostic, DiagnosticError
from dockarmor.text.source import Source, Span
from dockarmor.value import field, frozen, replace

#: the classes whose bare rule says everything
CLASSES = (
    *("unix", "dbus", "io_uring", "mqueue", "ptrace", "signal", "userns"),
    *("mount", "remount", "umount", "pivot_root", "network"),
)


@frozen
class AllRule:
    qualifiers: Qualifiers
    span: Span = field(compare=False, repr=False)


def parse(cursor: Cursor, qualifiers: Qualifiers, start: int) -> AllRule:
    """`"all" ","`"""
    misplaced = qualifiers.subject or ("priority" if qualifiers.priority else None)
    if misplaced:
        span = qualifiers.spans.get(misplaced, cursor.span(start))
        message = f"`{misplaced}` cannot stand before `all`"
        help = (f"remove `{misplaced}`, or write the rules that you mean one by one",)
        raise DiagnosticError([Diagnostic("DA289", message, span, help=help, includes=cursor.includes)])
    return AllRule(qualifiers, finish(cursor, start, "all"))


def write(rule: AllRule) -> str:
    return f"{spell_qualifiers(rule.qualifiers)}all,"


def expand(rule: AllRule, kinds: Iterable[Kind]) -> Iterator[tuple[Kind, Any]]:
    """The rules that `all,` stands for, each with its kind."""
    by_keyword = {keyword: kind for kind in kinds for keyword in kind.keywords}
    for name in CLASSES:
        kind = by_keyword[name]
        cursor = Cursor(Source("all,", f"{name},"), len(name))
        yield kind, replace(kind.parse(cursor, rule.qualifiers, 0), span=rule.span)
    yield from ((file.KIND, part) for part in _files(rule))
    yield capability.KIND, capability.CapabilityRule((), rule.qualifiers, rule.span)


def _files(rule: AllRule) -> Iterator[file.FileRule]:
    """`/{**,} mrwlk` and, weaker than any rule of the author's, `/{**,} ix`; denied with full weight."""
    denied = rule.qualifiers.effect == "deny"
    everything = Word("/{**,}", rule.span)
    exec = "x" if denied else "ix"
    weak = rule.qualifiers if denied else replace(rule.qualifiers, priority=-1)
    letters = parse_mode("mrwlk").letters
    yield file.FileRule(everything, letters, None, None, None, False, rule.qualifiers, rule.span)
    yield file.FileRule(everything, 0, exec, None, None, False, weak, rule.span)


def encode(rule: AllRule, scope: Scope) -> Iterator[Encoded]:
    """Classes that are not mediated are said. What becomes of a part where another says as much is not: without
    `network_v9/af_unix` the network rule is about unix sockets, too.
    """
    from dockarmor.rules.registry import ALL  # it lists this kind, too

    for kind, part in expand(rule, ALL):
        for one in kind.encode(part, scope):
            if not isinstance(one, Dropped):
                yield one
            elif one.diagnostic.code == NOT_ENFORCED:
                yield Dropped(replace(one.diagnostic, label="this is so of a part of the rule: the rest has effect"))


KIND = Kind(
    "all",
    keywords=("all",),
    rules=(AllRule,),
    requests=(),
    parse=parse,
    write=write,
    encode=encode,
)
