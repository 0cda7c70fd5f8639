"""Changes to a text, made all at once."""

from collections.abc import Iterable

from dockarmor.text.source import Source, Span
from dockarmor.value import frozen


@frozen
class Edit:
    """Put `replacement` (latin-1 text, as sources are) where `span` is; an empty span inserts."""

    span: Span
    replacement: str


def apply(source: Source, edits: Iterable[Edit]) -> str:
    """The text with these edits. Raises ValueError where two of them overlap or one is of another source.

    >>> source = Source("p", "/a r, /b w,")
    >>> apply(source, [Edit(Span(source, 9, 10), "r"), Edit(Span(source, 0, 2), "/c")])
    '/c r, /b r,'
    """
    parts = []
    done = 0
    for edit in sorted(edits, key=lambda edit: (edit.span.start, edit.span.end)):
        if edit.span.source is not source:
            raise ValueError(f"an edit of {edit.span.source.name} cannot be applied to {source.name}")
        if edit.span.start < done:
            raise ValueError(f"{edit.span}: two edits overlap")
        parts += [source.text[done : edit.span.start], edit.replacement]
        done = edit.span.end
    parts.append(source.text[done:])
    return "".join(parts)
