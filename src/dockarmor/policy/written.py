"""Text from values alone: of a tree that was put together by a program, or of a part of any tree.

What is written is read again, so that what a reader makes of it is what was meant: a name with a brace in it can add
no rule.
"""

from collections.abc import Callable, Iterable
from typing import Any

from dockarmor.policy.read import grammar
from dockarmor.rules import registry
from dockarmor.rules.spelling import spell, spell_qualifiers
from dockarmor.syntax import rewrite as rewriting
from dockarmor.syntax.cursor import Word
from dockarmor.syntax.format import INDENT
from dockarmor.syntax.make import MADE
from dockarmor.syntax.structure import parse
from dockarmor.syntax.tree import (
    Abi,
    Alias,
    Block,
    BoolVariable,
    Branch,
    Conditional,
    Expression,
    File,
    Include,
    Node,
    ProfileNode,
    RuleNode,
    SetVariable,
)
from dockarmor.text.diagnostic import Diagnostic, DiagnosticError
from dockarmor.text.edit import apply
from dockarmor.text.regex import regex
from dockarmor.text.source import Source
from dockarmor.value import replace

_FLAG = regex(r'[^\s"!,()\\#]+')
_VARIABLE = regex(r"[@$]\{\w+\}")
_CONTROL = regex(r"[\x00-\x1f\x7f]")


def write(node: Any, indent: str = "") -> str:
    """A file, a node or a rule in canonical style; comments are not part of it.

    The first line is not indented, what is inside of braces is by `indent` and two blanks more. A file ends in a
    newline. Raises DiagnosticError: what reading the text finds, or DA091 where text cannot say it.
    """
    whole = isinstance(node, File)
    nodes: tuple[Node, ...] = node.body if whole else (node if isinstance(node, Node) else RuleNode(node, node.span),)
    text = _statements(nodes, indent, apart=whole)
    _read_back(nodes, text)
    return text + "\n" if whole and text else text


def rewrite(file: File, change: Callable[[Node], Any]) -> str:
    """The text of a file with changes; everything else keeps its bytes, comments too (syntax/rewrite.py).

    Raises DiagnosticError where something new cannot be written.
    """
    return apply(file.source, rewriting.edits(file, change, write))


# -- reading back -----------------------------------------------------------------------------------------


def _read_back(nodes: tuple[Node, ...], text: str) -> None:
    """Raise DiagnosticError where the text says anything else than the nodes."""
    again = parse(Source(MADE.name, text + "\n"), grammar())
    if again.file.body == nodes and not again.diagnostics:
        return
    for node in nodes:  # the smallest node that is to blame
        if isinstance(node, ProfileNode | Block) and node.body:
            write(replace(node, body=()))
            for inner in node.body:
                write(inner)
        elif len(nodes) > 1:
            write(node)
    if again.diagnostics:
        raise DiagnosticError(again.diagnostics)
    raise _unwritable(f"`{text.partition(chr(10))[0][:80]}` would be read as something else than was meant")


def _unwritable(message: str) -> DiagnosticError:
    return DiagnosticError([Diagnostic("DA091", message)])


# -- statements -------------------------------------------------------------------------------------------


def _statements(nodes: Iterable[Node], indent: str, *, apart: bool = False) -> str:
    """`apart`: a blank line before and after what has braces."""
    lines: list[str] = []
    braced = False
    for node in nodes:
        before, braced = braced, isinstance(node, ProfileNode | Block | Conditional)
        if apart and lines and (before or braced):
            lines.append("")
        lines.append((indent if lines else "") + _statement(node, indent))
    return "\n".join(lines)


def _statement(node: Node, indent: str) -> str:
    if isinstance(node, RuleNode):
        if type(node.rule) not in registry.BY_RULE:
            raise _unwritable(f"a {type(node.rule).__name__} is no rule")
        return registry.write(node.rule)
    if isinstance(node, ProfileNode):
        return f"{_head(node)} {_braces(node.body, indent)}"
    if isinstance(node, Block):
        return spell_qualifiers(node.qualifiers) + _braces(node.body, indent)
    if isinstance(node, Conditional):
        return " else ".join(_branch(branch, indent) for branch in node.branches)
    if isinstance(node, Include):
        return f"include {'if exists ' if node.if_exists else ''}{_place(node)}"
    if isinstance(node, Abi):
        return f"abi {_place(node)},"
    if isinstance(node, Alias):
        return f"alias {spell(node.source.text)} -> {spell(node.target.text)},"
    if isinstance(node, SetVariable):
        return f"@{{{node.name}}} {node.operator} {' '.join(spell(value.text) for value in node.values)}"
    if isinstance(node, BoolVariable):
        return f"${{{node.name}}} {node.operator} {_condition(node.value)}"
    raise _unwritable("text that could not be read cannot be written anew")


def _braces(body: tuple[Node, ...], indent: str) -> str:
    inner = indent + INDENT
    return f"{{\n{inner}{_statements(body, inner)}\n{indent}}}" if body else f"{{\n{indent}}}"


def _place(node: Include | Abi) -> str:
    return f"<{node.path}>" if node.magic else f'"{node.path}"'


def _head(node: ProfileNode) -> str:
    """keyword name attachment xattrs=(…) flags=(…)"""
    if _CONTROL.search(node.name.text):
        raise _unwritable("the name of a profile holds a character that kernels and logs cannot show")
    words = [node.kind, spell(node.name.text)]
    if node.attachment is not None:
        words.append(spell(node.attachment.text))
    if node.xattrs:
        pairs = (name.text if value is None else f"{name}={_bare(value)}" for name, value in node.xattrs)
        words.append(f"xattrs=({' '.join(pairs)})")
    if node.flags:
        words.append(f"flags=({','.join(map(_bare, node.flags))})")
    return " ".join(words)


def _bare(word: Word) -> str:
    """In a list a word may hold more without quotes than elsewhere."""
    return word.text if _FLAG.fullmatch(word.text) else f'"{word}"'


# -- conditions -------------------------------------------------------------------------------------------


def _branch(branch: Branch, indent: str) -> str:
    head = "" if branch.condition is None else f"if {_condition(branch.condition)} "
    return head + _braces(branch.body, indent)


def _condition(expression: Expression) -> str:
    operator = expression.operator
    parts = [_part(part) for part in expression.parts]
    if operator in ("bool", "word"):
        return parts[0]
    if operator in ("not", "defined"):
        return f"{operator} {parts[0]}"
    return f" {operator} ".join(parts)


def _part(part: Expression | Word) -> str:
    if isinstance(part, Word):
        return part.text if _VARIABLE.fullmatch(part.text) else spell(part.text)
    text = _condition(part)
    return f"({text})" if part.operator in ("and", "or") else text
