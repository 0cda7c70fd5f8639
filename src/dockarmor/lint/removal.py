"""Where a rule is cut out of its file."""

from dockarmor.text.diagnostic import Fix
from dockarmor.text.source import Span


def removal(span: Span, *, safe: bool, message: str = "remove the rule") -> Fix:
    """Take out a rule; its line with it where nothing else stands there. A comment behind it stays.

    >>> from dockarmor.text.source import Source
    >>> source = Source("p", "profile p {\\n  /a r,\\n  /b r, # why\\n}\\n")
    >>> removal(Span(source, 14, 19), safe=True).span.text, removal(Span(source, 22, 27), safe=True).span.text
    ('  /a r,\\n', '/b r, ')
    """
    text = span.source.text
    start, end = span.start, span.end
    while text[end : end + 1] in (" ", "\t"):
        end += 1
    line = text.rfind("\n", 0, start) + 1
    if not text[line:start].strip() and text[end : end + 1] in ("\n", ""):
        start, end = line, end + 1
    elif text[end : end + 1] in ("\n", "}", ""):  # the last of its line: the blanks before it go
        end = span.end
        while start > line and text[start - 1] in " \t":
            start -= 1
    return Fix(Span(span.source, start, min(end, len(text))), "", safe=safe, message=message)
