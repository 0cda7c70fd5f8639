"""The tree of a policy file: frozen nodes with spans. Text between nodes is trivia or their own braces."""

from collections.abc import Iterator
from typing import Any, Literal

from dockarmor.syntax.cursor import Word
from dockarmor.syntax.qualifiers import Qualifiers
from dockarmor.text.source import Source, Span
from dockarmor.value import field, frozen


@frozen
class Include:
    """`include <path>` (magic: looked up along the search path), `include "path"`, `include path`."""

    path: str
    magic: bool
    if_exists: bool
    span: Span = field(compare=False, repr=False)


@frozen
class Abi:
    """`abi <path>,`"""

    path: str
    magic: bool
    span: Span = field(compare=False, repr=False)


@frozen
class Alias:
    """`alias /from -> /to,`"""

    source: Word
    target: Word
    span: Span = field(compare=False, repr=False)


@frozen
class SetVariable:
    """`@{NAME} = value …`; the operator is `=`, `+=`, `?=` or `:=`."""

    name: Word
    operator: str
    values: tuple[Word, ...]
    span: Span = field(compare=False, repr=False)


@frozen
class BoolVariable:
    """`${NAME} = expression`."""

    name: Word
    operator: str
    value: "Expression"
    span: Span = field(compare=False, repr=False)


@frozen
class Expression:
    """A condition: `operator` is or, and, not, defined, word, bool, or a comparison."""

    operator: str
    parts: tuple["Expression | Word", ...]
    span: Span = field(compare=False, repr=False)


@frozen
class RuleNode:
    """A rule of some kind; what it is is its kind's business."""

    rule: Any
    span: Span = field(compare=False, repr=False)


@frozen
class Block:
    """Qualifiers in front of braces: they hold for every rule inside."""

    qualifiers: Qualifiers
    body: tuple["Node", ...]
    span: Span = field(compare=False, repr=False)


@frozen
class Branch:
    """One arm of an `if`; the condition is None for a final `else`."""

    condition: Expression | None
    body: tuple["Node", ...]
    span: Span = field(compare=False, repr=False)


@frozen
class Conditional:
    """`if … { } else if … { } else { }`."""

    branches: tuple[Branch, ...]
    span: Span = field(compare=False, repr=False)


@frozen
class ProfileNode:
    """A profile, hat or child profile as it is written."""

    kind: Literal["profile", "hat"]
    name: Word
    attachment: Word | None
    xattrs: tuple[tuple[Word, Word | None], ...]
    flags: tuple[Word, ...]
    body: tuple["Node", ...]
    head: Span = field(compare=False, repr=False)
    span: Span = field(compare=False, repr=False)


@frozen
class Unreadable:
    """Text that could not be read; diagnostics say why."""

    span: Span = field(compare=False, repr=False)


Node = Include | Abi | Alias | SetVariable | BoolVariable | RuleNode | Block | Conditional | ProfileNode | Unreadable


@frozen
class File:
    """A whole file."""

    source: Source
    body: tuple[Node, ...]


def walk(nodes: tuple[Node, ...]) -> Iterator[Node]:
    """Every node below, in the order of the text."""
    for node in nodes:
        yield node
        if isinstance(node, Block | ProfileNode):
            yield from walk(node.body)
        elif isinstance(node, Conditional):
            for branch in node.branches:
                yield from walk(branch.body)
