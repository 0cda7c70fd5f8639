"""Where a rule is put into its file."""

from dockarmor.text.diagnostic import Fix
from dockarmor.text.source import Span


def insertion(below: Span, rule: str) -> Fix:
    """Add a rule below another, with the same blanks before it; on its line where that begins with something else.

    >>> from dockarmor.text.source import Source
    >>> source = Source("p", "profile p {\\n  /a r,\\n}\\n")
    >>> insertion(Span(source, 14, 19), "/b r,").replacement
    '\\n  /b r,'
    """
    text = below.source.text
    before = text[text.rfind("\n", 0, below.start) + 1 : below.start]
    blank = " " if before.strip() else f"\n{before}"
    return Fix(Span(below.source, below.end, below.end), f"{blank}{rule}", safe=False, message=f"add `{rule}`")
