"""Policy text in canonical style, given only where the policy stays what it was."""

from functools import lru_cache
from typing import Any

from dockarmor.policy.includes import Library
from dockarmor.policy.profile import Profile
from dockarmor.policy.read import grammar
from dockarmor.policy.resolve import Resolved, resolve
from dockarmor.rules.registry import write
from dockarmor.syntax.format import Style, Unfaithful, format_file
from dockarmor.syntax.structure import parse
from dockarmor.text.diagnostic import Diagnostic, DiagnosticError
from dockarmor.text.source import Source, Span
from dockarmor.value import fields


@lru_cache(maxsize=1)
def style() -> Style:
    """The canonical style of the whole rule language."""
    return Style(grammar(), write)


def formatted(source: Source, library: Library) -> str:
    """The text in canonical style; the same string where it is that already.

    What is given has been read again: it has the same tree and the same comments, and with its includes it comes
    to the same profiles. Raises DiagnosticError: the mistakes of a text that cannot be read, DA090 where it would
    mean something else.
    """
    parsed = parse(source, grammar())
    if parsed.diagnostics:
        raise DiagnosticError(parsed.diagnostics)
    try:
        text = format_file(parsed.file, style())
    except Unfaithful:
        raise _refused(source) from None
    if text == source.text:
        return text
    again = parse(Source(source.name, text), grammar())
    if said(resolve(parsed, library)) != said(resolve(again, library)):
        raise _refused(source)
    return text


def said(resolved: Resolved) -> tuple[Any, ...]:
    """All that a resolved policy says, without the places: equal for texts that mean the same."""
    policy = resolved.policy
    mistakes = [(one.code, one.message) for one in resolved.diagnostics]
    return mistakes, policy.abi, [_profile(profile) for profile in policy.profiles]


def _profile(profile: Profile) -> tuple[Any, ...]:
    placed = [(one.rule, len(one.includes), one.implied) for one in profile.rules]
    rest = [getattr(profile, one.name) for one in fields(profile) if one.name not in ("span", "rules", "children")]
    return rest, placed, [_profile(child) for child in profile.children]


def _refused(source: Source) -> DiagnosticError:
    message = "the formatted text would not mean the same; the text is left as it is"
    help = ("this is our mistake, not yours; please report it with the file",)
    return DiagnosticError([Diagnostic("DA090", message, Span(source, 0, 0), help=help)])
