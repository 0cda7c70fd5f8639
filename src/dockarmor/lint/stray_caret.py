"""DA356: a `^` outside of brackets, where it negates and anchors nothing."""

from collections.abc import Iterator

from dockarmor.lint.lint import Examined, Lint
from dockarmor.lint.pattern_words import pattern_words
from dockarmor.text.diagnostic import Diagnostic, Fix, Severity
from dockarmor.text.source import Span


def _find(examined: Examined) -> Iterator[Diagnostic]:
    for _, _, word in pattern_words(examined):
        text = word.span.text
        at = caret(text)
        if at is not None:
            yield _found(Span(word.span.source, word.span.start + at, word.span.start + at + 1), text[at + 1 :])


def caret(text: str) -> int | None:
    """Where the first `^` stands that is outside of `[…]` and not escaped.

    >>> caret("/a[^b]^c"), caret("/a[^b^]"), caret("/a\\\\^")
    (6, None, None)
    """
    inside = False
    at = 0
    while at < len(text):
        char = text[at]
        if char == "\\":
            at += 1
        elif char == "^" and not inside:
            return at
        elif char == "[":
            inside = True
        elif char == "]":
            inside = False
        at += 1
    return None


def _found(span: Span, after: str) -> Diagnostic:
    fix = None
    help = "nothing needs an anchor, a pattern is always the whole path; for the character itself write `\\^`"
    if after.startswith("[") and not after.startswith("[^"):
        both = Span(span.source, span.start, span.end + 1)
        fix = Fix(both, "[^", safe=False, message="negate the class: `[^`")
        help = "a class is negated inside of its brackets: `[^…]`"
    elif not after.startswith("/") and span.source.text[span.start - 1 : span.start] in ("{", ","):
        help = "a branch cannot be excluded: write what the others are, as `{[^a]*,a?*}` for all but `a`"
    return Diagnostic(
        "DA356",
        "`^` outside of `[…]` is the character itself: it excludes nothing",
        span,
        Severity.WARNING,
        label="a caret in the path",
        help=(help,),
        fix=fix,
    )


LINT = Lint("DA356", "stray-caret", _find)
