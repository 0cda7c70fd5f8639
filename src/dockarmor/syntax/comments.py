"""The comments of a file: those between statements with their places, and those inside of what is kept as it is."""

from collections.abc import Iterator

from dockarmor.syntax.cursor import Cursor
from dockarmor.syntax.tree import Block, Conditional, File, Node, ProfileNode
from dockarmor.text.regex import regex
from dockarmor.value import frozen

_PIECE = regex(r"(\n)|#(?!include)([^\n]*)|[^\n#]+|#")
_COMMENT = regex(r"#(?!include)[^\n]*")


@frozen
class Comment:
    """A comment from its `#` on, without white space at its end.

    `trailing`: it ends the line of a statement or brace. `blank`: a blank line stands before it.
    """

    text: str
    trailing: bool
    blank: bool


def gap(text: str, start: int, end: int) -> tuple[list[Comment], bool]:
    """The comments of a gap between statements, and whether a blank line ends it.

    >>> gap("/a r, # one\\n\\n# two\\n/b r,", 5, 19)
    ([Comment(text='# one', trailing=True, blank=False), Comment(text='# two', trailing=False, blank=True)], False)
    """
    comments: list[Comment] = []
    newlines = 0
    fresh = start == 0
    for piece in _PIECE.finditer(text, start, end):
        if piece[1]:
            newlines += 1
        elif piece[2] is not None:
            comments.append(
                Comment(piece[0].rstrip(" \t\r"), not newlines and not fresh and not comments, newlines > 1)
            )
            newlines = 0
    return comments, newlines > 1


def comments_of(file: File) -> Iterator[str]:
    """Every comment, and whatever looks like one inside of a statement."""
    yield from _body(file.source.text, file.body, 0, len(file.source.text))


def block_brace(node: Block) -> int:
    """Where a block's brace stands: behind its qualifiers and what may stand between."""
    ends = [span.end for span in node.qualifiers.spans.values()]
    cursor = Cursor(node.span.source, max(ends, default=node.span.start))
    cursor.skip()
    return cursor.pos


def _body(text: str, nodes: tuple[Node, ...], start: int, end: int) -> Iterator[str]:
    for node in nodes:
        yield from _found(text, start, node.span.start)
        start = node.span.start
        if isinstance(node, ProfileNode | Block):
            opened = node.head.end - 1 if isinstance(node, ProfileNode) else block_brace(node)
            yield from _found(text, start, opened)
            yield from _body(text, node.body, opened, node.span.end)
        elif isinstance(node, Conditional):
            for branch in node.branches:
                yield from _found(text, start, branch.span.start)
                yield from _body(text, branch.body, branch.span.start, branch.span.end)
                start = branch.span.end
        else:
            yield from _found(text, start, node.span.end)
        start = node.span.end
    yield from _found(text, start, end)


def _found(text: str, start: int, end: int) -> Iterator[str]:
    if text.find("#", start, end) >= 0:
        for found in _COMMENT.finditer(text, start, end):
            yield found[0].rstrip(" \t\r")
