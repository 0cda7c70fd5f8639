"""The tree back to text, byte for byte."""

from dockarmor.syntax.tree import Block, Conditional, File, Node, ProfileNode
from dockarmor.text.regex import regex
from dockarmor.text.source import Source

#: what may stand between two nodes: white space, comments, and the braces of the node around them
_BETWEEN = regex(r"(?:[\s{}]|#(?!include)[^\n]*(?:\n|\Z))*\Z")


def print_file(file: File) -> str:
    """The text of a tree. Raises ValueError where a node is missing, or one that this text does not hold."""
    return _print(file.source, file.body, 0, len(file.source.text))


def _print(source: Source, nodes: tuple[Node, ...], start: int, end: int) -> str:
    parts = []
    for node in nodes:
        if node.span.source is not source or not node.span.end:
            raise ValueError(f"{source.name}: a node that was not read from this text is written, not printed")
        parts.append(_gap(source, start, node.span.start))
        parts.append(_node(source, node))
        start = node.span.end
    parts.append(_gap(source, start, end))
    return "".join(parts)


def _node(source: Source, node: Node) -> str:
    if isinstance(node, ProfileNode):
        head = source.text[node.span.start : node.head.end]
        return head + _print(source, node.body, node.head.end, node.span.end)
    if isinstance(node, Block):
        brace = source.text.index("{", node.span.start)
        return source.text[node.span.start : brace] + _print(source, node.body, brace, node.span.end)
    if isinstance(node, Conditional):
        parts = []
        start = node.span.start
        for branch in node.branches:
            parts.append(source.text[start : branch.span.start])
            parts.append(_print(source, branch.body, branch.span.start, branch.span.end))
            start = branch.span.end
        return "".join(parts)
    return node.span.text


def _gap(source: Source, start: int, end: int) -> str:
    text = source.text[start:end]
    if not _BETWEEN.match(text):
        raise ValueError(f"{source.name}: bytes {start} to {end} belong to no node: {text[:40]!r}")
    return text
