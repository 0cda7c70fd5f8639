"""Changes to a tree as edits of its text: what is not changed keeps its bytes, comments and blanks with it."""

from collections.abc import Callable, Iterator
from typing import Any, Protocol

from dockarmor.syntax.comments import block_brace
from dockarmor.syntax.format import INDENT
from dockarmor.syntax.make import NOWHERE
from dockarmor.syntax.tree import Block, Branch, Conditional, File, Node, ProfileNode, RuleNode, walk
from dockarmor.text.edit import Edit
from dockarmor.text.latin import byte_text
from dockarmor.text.regex import regex
from dockarmor.text.source import Source, Span
from dockarmor.value import field, frozen, replace

Change = Callable[[Node], Any]

# What may stand behind a node so that the next line is the next thing.
_LINE_ENDS = regex(r"[ \t\r]*(?:#(?!include)[^\n]*)?(?=\n|\Z)")
_BLANKS = regex(r"[ \t]*")
_TO_LINE_END = regex(r"[ \t\r]*(?:\n|\Z)")


class Write(Protocol):
    """Writes a node without a source (policy/written.py)."""

    def __call__(self, node: Any, indent: str = "") -> str: ...


@frozen
class _Text:
    """Text in place of a node."""

    text: str
    span: Span = field(compare=False, repr=False)


def edits(file: File, change: Change, write: Write) -> list[Edit]:
    """What to edit so that each node is what `change` makes of it.

    `change` is asked about every node, those inside before the one around them. It gives the node itself (stay),
    None (go), or what stands there instead: a node, a rule, text, or a sequence of these. What it gives is not
    asked about again. A node with a changed body, as `value.replace` makes one, is edited only where it differs.

    A node that goes takes its line along; a comment on the line stays. What is new stands on lines of its own.
    """
    differ = _Differ(file, write)
    differ.body(file.body, _changed(file.body, change), None)
    return differ.edits


# -- the new tree -----------------------------------------------------------------------------------------


def _changed(nodes: tuple[Node, ...], change: Change) -> tuple[Any, ...]:
    found: list[Any] = []
    for node in nodes:
        inner = _inside(node, change)
        result = change(inner)
        if result is inner:
            found.append(inner)
        else:
            found += _placed(list(_flat(result)), node.span)
    return tuple(found)


def _inside(node: Node, change: Change) -> Node:
    """The node with what it holds changed."""
    if isinstance(node, ProfileNode | Block):
        body = _changed(node.body, change)
        return node if _same(body, node.body) else replace(node, body=body)
    if isinstance(node, Conditional):
        bodies = [_changed(branch.body, change) for branch in node.branches]
        pairs = list(zip(bodies, node.branches, strict=True))
        if all(_same(body, branch.body) for body, branch in pairs):
            return node
        return replace(node, branches=tuple(replace(branch, body=body) for body, branch in pairs))
    return node


def _same(one: tuple[Any, ...], other: tuple[Any, ...]) -> bool:
    return len(one) == len(other) and all(a is b for a, b in zip(one, other, strict=True))


def _flat(result: Any) -> Iterator[Any]:
    """Nodes; rules and text as nodes."""
    if result is None:
        return
    if isinstance(result, list | tuple):
        for one in result:
            yield from _flat(one)
    elif isinstance(result, str):
        yield _Text(byte_text(result), NOWHERE)
    elif isinstance(result, Node | _Text):
        yield result
    else:
        yield RuleNode(result, NOWHERE)


def _placed(results: list[Any], span: Span) -> list[Any]:
    """The first of the results takes the place of the node, unless the node is among them."""
    if results and not any(one.span is span for one in results):
        results[0] = replace(results[0], span=span)
    return results


# -- where it differs -------------------------------------------------------------------------------------


class _Differ:
    """Collects edits. Nodes of both trees are the same where their spans are the same object."""

    def __init__(self, file: File, write: Write) -> None:
        self.source: Source = file.source
        self.text = file.source.text
        self.write = write
        self.edits: list[Edit] = []
        self.known = {id(node.span): node for node in walk(file.body)}

    def body(self, old: tuple[Node, ...], new: tuple[Any, ...], brace: int | None) -> None:
        """What stands behind the brace that ends at this offset, or in the file for None."""
        if _same(old, new):
            return
        places = {id(node.span): index for index, node in enumerate(old)}
        indent = self.inner_indent(old, brace)
        done, anchor = 0, brace
        added: list[str] = []
        for node in new:
            index = places.get(id(node.span), -1)
            if index < done:
                apart = "\n" if brace is None and isinstance(node, ProfileNode) else ""
                added.append(apart + self.spelled(node, indent))
                continue
            self.insert(added, anchor, old, indent)
            added = []
            self.remove(old[done:index])
            self.node(old[index], node)
            done, anchor = index + 1, old[index].span.end
        self.insert(added, anchor, old, indent)
        self.remove(old[done:])

    def node(self, old: Node, new: Any) -> None:
        if new is old:
            return
        if isinstance(old, ProfileNode) and isinstance(new, ProfileNode) and new.head is old.head:
            if replace(new, body=old.body) != old:
                self.edit(old.span.start, old.head.end, self.head(new))
            self.body(old.body, new.body, old.head.end)
        elif isinstance(old, Block) and isinstance(new, Block):
            brace = block_brace(old)
            if new.qualifiers != old.qualifiers:
                self.edit(old.span.start, brace + 1, self.head(new))
            self.body(old.body, new.body, brace + 1)
        elif isinstance(old, Conditional) and isinstance(new, Conditional) and _arms(old) == _arms(new):
            for before, after in zip(old.branches, new.branches, strict=True):
                self.body(before.body, after.body, before.span.start + 1)
        elif new != old:
            self.edit(old.span.start, old.span.end, self.spelled(new, self.indent_of(old.span.start)))

    def head(self, node: ProfileNode | Block) -> str:
        """What a node is written with up to its brace."""
        before, brace, _ = self.write(replace(node, body=())).rpartition("{")
        return before + brace

    def spelled(self, node: Any, indent: str) -> str:
        """The text of something new, or of a node of this file that stands elsewhere now."""
        if isinstance(node, _Text):
            return node.text
        known = self.known.get(id(node.span))
        return node.span.text if known == node else self.write(node, indent)

    def insert(self, added: list[str], anchor: int | None, old: tuple[Node, ...], indent: str) -> None:
        """New lines behind the node or brace that ends at the anchor; for None at the file's first node."""
        if not added:
            return
        lines = f"\n{indent}".join(added)
        if anchor is None:
            at = self.text.rfind("\n", 0, old[0].span.start) + 1 if old else len(self.text)
            gap = "\n" if not old and self.text and not self.text.endswith("\n") else ""
            self.edit(at, at, f"{gap}{indent}{lines.lstrip()}\n")
            return
        rest = _LINE_ENDS.match(self.text, anchor)
        if rest is not None:
            self.edit(rest.end(), rest.end(), f"\n{indent}{lines}")
            return
        # something else stands on the line: it gets a line of its own
        blanks = _BLANKS.match(self.text, anchor)
        closes = blanks is not None and self.text.startswith("}", blanks.end())
        self.edit(anchor, anchor, f"\n{indent}{lines}\n{indent.removesuffix(INDENT) if closes else indent}")

    def remove(self, nodes: tuple[Node, ...]) -> None:
        for node in nodes:
            start, end = node.span.start, node.span.end
            line = self.text.rfind("\n", 0, start) + 1
            rest = _TO_LINE_END.match(self.text, end)
            if rest is not None and not self.text[line:start].strip(" \t"):
                self.edit(line, rest.end(), "")
            else:
                blanks = _BLANKS.match(self.text, end)
                self.edit(start, blanks.end() if blanks else end, "")

    def edit(self, start: int, end: int, text: str) -> None:
        self.edits.append(Edit(Span(self.source, start, end), text))

    def inner_indent(self, old: tuple[Node, ...], brace: int | None) -> str:
        """The indentation of a body: that of a node in it which begins a line, else one level more."""
        for node in old:
            line = self.text.rfind("\n", 0, node.span.start) + 1
            if not self.text[line : node.span.start].strip(" \t"):
                return self.text[line : node.span.start]
        return "" if brace is None else self.indent_of(brace) + INDENT

    def indent_of(self, offset: int) -> str:
        """The blanks that begin the line of this place."""
        found = _BLANKS.match(self.text, self.text.rfind("\n", 0, offset) + 1)
        return found[0] if found else ""


def _arms(node: Conditional) -> list[tuple[Any, int]]:
    return [(branch.condition, id(branch.span)) for branch in node.branches if isinstance(branch, Branch)]
