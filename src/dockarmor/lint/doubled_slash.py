"""DA369: a path that begins with two slashes, mostly by way of a variable. The kernel asks about no such path."""

from collections.abc import Iterator

from dockarmor.lint.lint import Examined, Lint
from dockarmor.policy.profile import Profile
from dockarmor.policy.variables import Variables
from dockarmor.rules.change_profile import ChangeProfileRule
from dockarmor.rules.file import FileRule
from dockarmor.rules.link import LinkRule
from dockarmor.syntax.cursor import Word
from dockarmor.text.diagnostic import Diagnostic, DiagnosticError, Fix, Severity
from dockarmor.text.regex import regex
from dockarmor.text.source import Span

_HEAD = regex(r"/(?:/|@\{([A-Za-z][A-Za-z0-9_]*)\})")


def _find(examined: Examined) -> Iterator[Diagnostic]:
    for profile in examined.profiles():
        node = examined.node(profile)
        if node is not None and node.attachment is not None:
            yield from _path(node.attachment, profile, "the profile attaches to no program")
    for profile, rule in examined.own_rules(FileRule):
        what = "this rule denies nothing" if rule.qualifiers.effect == "deny" else "this rule never matches"
        yield from _path(rule.path, profile, what)
    for profile, change in examined.own_rules(ChangeProfileRule):
        yield from _path(change.exec, profile, "this rule matches no program")
    for profile, pair in examined.own_rules(LinkRule):
        yield from _path(pair.path, profile, "this rule never matches")


def _path(path: Word | None, profile: Profile, what: str) -> Iterator[Diagnostic]:
    head = _HEAD.match(path.text) if path else None
    if path is None or head is None:
        return
    absolute, values = _beginnings(profile.variables, head[1], path.span) if head[1] else (1, 1)
    if not absolute:
        return
    if absolute < values:
        what = f"with {absolute:,} of its {values:,} values {what}"
    start = path.span.start + path.span.text.startswith('"')
    slash = Span(path.span.source, start, start + 1)
    mends = absolute == values and slash.text == "/"
    yield Diagnostic(
        "DA369",
        f"this path begins with two slashes, as the kernel's never do: {what}",
        path.span,
        Severity.WARNING,
        label=f"`@{{{head[1]}}}` brings a slash of its own" if head[1] else "",
        help=("write the path without the first slash",),
        fix=Fix(slash, "", safe=False, message="remove the first slash") if mends else None,
    )


def _beginnings(variables: Variables, name: str, span: Span) -> tuple[int, int]:
    """How many values of a variable begin with a slash, and how many it has."""
    try:
        values = variables.values(name, span)
    except DiagnosticError:  # it is told where the rule is compiled
        return 0, 0
    return sum(value.startswith("/") for value in values), len(values)


LINT = Lint("DA369", "doubled-slash", _find)
