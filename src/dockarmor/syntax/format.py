"""The one canonical style: a statement a line, two spaces a level, at most one blank line, comments where they were.

Nothing is reordered. A statement is written anew only from its own words; one that holds a `#`, which may begin a
comment, keeps its text. That what is written reads back as the same tree is found out by reading it; where it does
not, each statement that is to blame keeps its text, too.
"""

from collections.abc import Callable
from typing import Any

from dockarmor.syntax.comments import block_brace, comments_of, gap
from dockarmor.syntax.cursor import Cursor, Word
from dockarmor.syntax.structure import Grammar, parse
from dockarmor.syntax.tree import (
    Abi,
    Alias,
    Block,
    BoolVariable,
    Branch,
    Conditional,
    File,
    Include,
    Node,
    ProfileNode,
    RuleNode,
    SetVariable,
)
from dockarmor.text.regex import regex
from dockarmor.text.source import Source
from dockarmor.value import frozen, replace

INDENT = "  "
#: a rule that its author broke into lines is joined where it is not longer than this
WIDTH = 100

Write = Callable[[Any], str]

_INCLUDE = regex(r"(#?include)[ \t]*(if[ \t]+exists)?[ \t]*([^\n]*)")
_ABI = regex(r"abi[ \t]*([^\n]*?)[ \t\r\n]*,")
_EFFECT = regex(r"(?:priority=\S+ )?(?:audit )?")
_BLANKS = regex(r"(?:[ \t\n]|\r\n)+")
_LINE_BREAK = regex(r"(?:[ \t]*\r?\n)+[ \t]*")
_WHITE = " \t\r\n"


@frozen
class Style:
    """What formatting needs to know of the rules: how they are read, and how each is written."""

    grammar: Grammar
    write: Write


class Unfaithful(Exception):
    """The formatted text does not read back as what it was made from."""


def format_file(file: File, style: Style) -> str:
    """A file without mistakes in canonical style. Raises Unfaithful where that would not be the same policy.

    >>> from dockarmor.policy.formatted import style
    >>> text = "profile p { deny   /b  w , # why\\n\\n\\n/a  wr,}"
    >>> print(format_file(parse(Source("p", text), style().grammar).file, style()), end="")
    profile p {
      deny /b w,  # why
    <BLANKLINE>
      /a rw,
    }
    """
    comments = sorted(comments_of(file))
    for writer in (_Writer(file.source, style), _Careful(file.source, style)):
        text = writer.file(file)
        again = parse(Source(file.source.name, text), style.grammar)
        same = not again.diagnostics and again.file.body == file.body
        if same and sorted(comments_of(again.file)) == comments:
            return text
    raise Unfaithful


class _Writer:
    """Writes every statement anew, and trusts that it reads back."""

    def __init__(self, source: Source, style: Style) -> None:
        self.source = source
        self.style = style
        self.lines: list[str] = []

    def file(self, file: File) -> str:
        self.body(file.body, 0, len(self.source.text), "")
        return "".join(line + "\n" for line in self.lines)

    def body(self, nodes: tuple[Node, ...], start: int, end: int, indent: str) -> None:
        """What stands between two offsets: nodes, and the comments and blank lines between them."""
        first = len(self.lines)
        for node in nodes:
            if self.between(start, node.span.start, indent, first):
                self.lines.append("")
            self.node(node, indent)
            start = node.span.end
        self.between(start, end, indent, first)

    def between(self, start: int, end: int, indent: str, first: int) -> bool:
        """The comments of a gap. True: a blank line belongs before what follows."""
        if self.source.text[start:end] == "\n" + indent:
            return False  # the gap of nearly all lines that are formatted already
        comments, blank = gap(self.source.text, start, end)
        for comment in comments:
            if comment.trailing and self.lines:
                self.lines[-1] += "  " + comment.text
                continue
            if comment.blank and len(self.lines) > first:
                self.lines.append("")
            self.lines.append(indent + comment.text)
        return blank and len(self.lines) > first

    # -- nodes --------------------------------------------------------------------------------------------

    def node(self, node: Node, indent: str) -> None:
        if isinstance(node, ProfileNode):
            raw = self.source.text[node.span.start : node.head.end - 1]
            self.open(self.chosen(raw, _head(node, raw), node, indent), indent)
            self.body(node.body, node.head.end, node.span.end - 1, indent + INDENT)
            self.lines.append(indent + "}")
        elif isinstance(node, Block):
            brace = block_brace(node)
            raw = self.source.text[node.span.start : brace]
            self.open(self.chosen(raw, _spaced(raw), node, indent), indent)
            self.body(node.body, brace + 1, node.span.end - 1, indent + INDENT)
            self.lines.append(indent + "}")
        elif isinstance(node, Conditional):
            self.conditional(node, indent)
        else:
            raw = node.span.text
            self.lines.append(indent + self.chosen(raw, self.statement(node, raw, indent), node, indent))

    def open(self, head: str, indent: str) -> None:
        """A head and its brace, which must not get into a comment that ends the head."""
        if "#" in head.rpartition("\n")[2]:
            self.lines += [indent + head, indent + "{"]
        else:
            self.lines.append(f"{indent}{head} {{" if head else f"{indent}{{")

    def conditional(self, node: Conditional, indent: str) -> None:
        start = node.span.start
        for branch in node.branches:
            cursor = Cursor(self.source, start)
            cursor.skip()
            count = len(self.lines)
            if start != node.span.start:
                self.between(start, cursor.pos, indent, count)
            raw = self.source.text[cursor.pos : branch.span.start]
            head = self.chosen(raw, _spaced(raw), branch, indent)
            after_brace = start != node.span.start and len(self.lines) == count and self.lines[-1] == indent + "}"
            if after_brace and "#" not in head:
                self.lines.pop()
                head = "} " + head
            self.open(head, indent)
            self.body(branch.body, branch.span.start + 1, branch.span.end - 1, indent + INDENT)
            self.lines.append(indent + "}")
            start = branch.span.end

    def statement(self, node: Node, raw: str, indent: str) -> str | None:
        """A statement that has no braces, written anew; None where its text is kept."""
        if isinstance(node, Include):
            return _include(raw)
        if "#" in raw:
            return None
        if isinstance(node, RuleNode):
            written = _with_allow(self.style.write(node.rule), node.rule)
            return None if "\n" in raw and len(indent + written) > WIDTH else written
        if isinstance(node, Abi):
            return _ABI.sub(r"abi \1,", raw)
        if isinstance(node, Alias):
            keyword = "rewrite" if raw.startswith("rewrite") else "alias"
            return f"{keyword} {node.source.span.text} -> {node.target.span.text},"
        if isinstance(node, SetVariable):
            return _assignment(node, indent)
        if isinstance(node, BoolVariable):
            value = _spaced(raw.partition("=")[2])
            return None if value is None else f"${{{node.name.text}}} {node.operator} {value}"
        return None

    def chosen(self, raw: str, written: str | None, node: Node | Branch, indent: str) -> str:
        """What to write for a statement, or for the head of what has braces."""
        return _kept(raw, indent) if written is None else written


class _Careful(_Writer):
    """Reads back each statement that it writes, and keeps the text of those that come back as something else."""

    def chosen(self, raw: str, written: str | None, node: Node | Branch, indent: str) -> str:
        text = raw.rstrip(_WHITE)
        if isinstance(node, Branch):
            return text
        braced = isinstance(node, ProfileNode | Block)
        expected = (replace(node, body=()) if braced else node,)
        for candidate in (written, _kept(raw, indent)):
            if candidate is not None:
                again = parse(Source("", candidate + ("\n{}" if braced else "\n")), self.style.grammar)
                if not again.diagnostics and again.file.body == expected:
                    return candidate
        return text


def _with_allow(written: str, rule: Any) -> str:
    """Rules are written without `allow`, which is the default; an author who wrote it meant to say it."""
    if "allow" not in rule.qualifiers.spans:
        return written
    before = _EFFECT.match(written)
    end = before.end() if before else 0
    return f"{written[:end]}allow {written[end:]}"


def _head(node: ProfileNode, raw: str) -> str | None:
    """keyword name attachment xattrs=(…) flags=(…)"""
    if "#" in raw or "identities" in raw:
        return None
    before = raw[: node.name.span.start - node.span.start].rstrip(_WHITE)
    name = node.name.span.text
    words = [before + name if before == "^" else f"{before} {name}" if before else name]
    if node.attachment is not None:
        words.append(node.attachment.span.text)
    if node.xattrs:
        words.append(f"xattrs=({' '.join(_xattr(*pair) for pair in node.xattrs)})")
    if node.flags:
        words.append(f"flags=({','.join(flag.span.text for flag in node.flags)})")
    return " ".join(words)


def _xattr(name: Word, value: Word | None) -> str:
    return name.span.text if value is None else f"{name.span.text}={value.span.text}"


def _include(raw: str) -> str | None:
    """As it is written, `#` or not, with one blank between words."""
    found = _INCLUDE.fullmatch(raw)
    if found is None:
        return None
    condition = "if exists " if found[2] else ""
    return f"{found[1]} {condition}{found[3]}"


def _assignment(node: SetVariable, indent: str) -> str:
    """`@{NAME} = value …`; lines that the author continued stay lines of their own."""
    text = f"@{{{node.name.text}}} {node.operator}"
    last = node.name.span.end
    for value in node.values:
        continued = "\n" in node.span.source.text[last : value.span.start]
        text += f" \\\n{indent}{INDENT}" if continued else " "
        text += value.span.text
        last = value.span.end
    return text


def _spaced(raw: str) -> str | None:
    """One blank between words; None where blanks may stand in quotes or in a comment."""
    return None if "#" in raw or '"' in raw else _blanks(raw)


def _blanks(raw: str) -> str:
    return _BLANKS.sub(" ", raw).strip(_WHITE)


def _kept(raw: str, indent: str) -> str:
    """A text as it is; lines that continue it stand two levels deeper, unless one breaks within quotes."""
    raw = raw.rstrip(_WHITE)
    if any(line.count('"') % 2 for line in raw.split("\n")):
        return raw
    return _LINE_BREAK.sub(f"\n{indent}{INDENT * 2}", raw)
