"""What the qualifiers of a block do to the rules in it (docs/decisions/0002-language.md)."""

from typing import Any

from dockarmor.rules.file import FileRule
from dockarmor.syntax.qualifiers import Qualifiers
from dockarmor.text.diagnostic import Diagnostic, DiagnosticError, Label
from dockarmor.text.source import Span
from dockarmor.value import replace


def qualified(rule: Any, outer: Qualifiers) -> Any:
    """A rule with the qualifiers of the block around it. Raises DiagnosticError (DA043, DA207)."""
    merged = merge(outer, rule.qualifiers, rule.span)
    if merged.effect == "deny" and isinstance(rule, FileRule) and rule.exec not in (None, "x"):
        # What the parse function of file rules refuses where `deny` stands before the rule itself.
        raise DiagnosticError(
            [
                Diagnostic(
                    "DA207",
                    f"a deny rule denies every exec, and this block denies `{rule.exec}`",
                    rule.span,
                    others=_labels(outer, "deny", "denied here"),
                    help=("write it outside of the block, with `deny` before it and `x` for exec",),
                )
            ]
        )
    return replace(rule, qualifiers=merged)


def merge(outer: Qualifiers, inner: Qualifiers, span: Span) -> Qualifiers:
    """The qualifiers of a block and of what stands in it, together; `span` is that of the latter."""
    written = [one.effect for one in (outer, inner) if one.effect != "allow" or "allow" in one.spans]
    if len(set(written)) > 1:
        raise DiagnosticError([_contradiction(outer, inner, span)])
    effect = inner.effect if inner.effect != "allow" else outer.effect
    return Qualifiers(
        inner.priority,
        outer.audit or inner.audit,
        effect,
        inner.subject or outer.subject,
        {**outer.spans, **inner.spans},
    )


def _contradiction(outer: Qualifiers, inner: Qualifiers, span: Span) -> Diagnostic:
    return Diagnostic(
        "DA043",
        f"`{inner.effect}` inside of a block that says `{outer.effect}`",
        inner.spans.get(inner.effect) or span.part(inner.effect),  # simple rules keep no places; it stands first
        others=_labels(outer, outer.effect, "this holds for the whole block"),
        help=(f"move what is `{inner.effect}` out of the block",),
    )


def _labels(outer: Qualifiers, word: str, message: str) -> tuple[Label, ...]:
    place = outer.spans.get(word)
    return (Label(place, message),) if place else ()
