"""Where a rule is put into its file."""

from dockarmor.lint.lint import Examined
from dockarmor.policy.profile import Profile
from dockarmor.text.diagnostic import Fix
from dockarmor.text.source import Span


def insertion(below: Span, *rules: str) -> Fix:
    """Add rules below another, with the same blanks before them; on its line where that begins with something else.

    >>> from dockarmor.text.source import Source
    >>> source = Source("p", "profile p {\\n  /a r,\\n}\\n")
    >>> insertion(Span(source, 14, 19), "/b r,").replacement
    '\\n  /b r,'
    """
    text = below.source.text
    before = text[text.rfind("\n", 0, below.start) + 1 : below.start]
    return _added(Span(below.source, below.end, below.end), " " if before.strip() else f"\n{before}", rules)


def first_rule(examined: Examined, profile: Profile, *rules: str) -> Fix | None:
    """Add rules at the top of a profile of the file; None where its brace cannot be told."""
    node = examined.node(profile)
    if node is None or not node.head.text.endswith("{"):
        return None
    text, at = node.span.source.text, node.head.end
    blank = text[text.rfind("\n", 0, node.span.start) + 1 : node.span.start]
    if blank.strip():
        blank = ""
    return _added(Span(node.span.source, at, at), f"\n{blank}  " if text[at : at + 1] == "\n" else " ", rules)


def _added(place: Span, between: str, rules: tuple[str, ...]) -> Fix:
    what = f"`{rules[0]}`" + (f" and {len(rules) - 1} more" if rules[1:] else "")
    return Fix(place, "".join(f"{between}{rule}" for rule in rules), safe=False, message=f"add {what}")
