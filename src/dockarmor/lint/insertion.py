"""Where a rule is put into its file."""

from dockarmor.lint.lint import Examined
from dockarmor.policy.profile import Profile
from dockarmor.syntax.tree import ProfileNode, walk
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
    for node in walk(examined.file.body):
        if isinstance(node, ProfileNode) and node.span == profile.span:
            text = node.span.source.text
            at = node.head.end
            begin = text.rfind("\n", 0, node.span.start) + 1
            blank = text[begin : node.span.start] if not text[begin : node.span.start].strip() else ""
            between = f"\n{blank}  " if text[at : at + 1] == "\n" else " "
            return _added(Span(node.span.source, at, at), between, rules) if node.head.text.endswith("{") else None
    return None


def _added(place: Span, between: str, rules: tuple[str, ...]) -> Fix:
    what = f"`{rules[0]}`" + (f" and {len(rules) - 1} more" if rules[1:] else "")
    return Fix(place, "".join(f"{between}{rule}" for rule in rules), safe=False, message=f"add {what}")
