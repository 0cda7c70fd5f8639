"""Tree nodes without a source: what a program puts together and policy/written.py writes as text."""

from collections.abc import Iterable
from typing import Any

from dockarmor.syntax.cursor import Word
from dockarmor.syntax.qualifiers import Effect, Qualifiers, Subject
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
from dockarmor.text.latin import byte_text
from dockarmor.text.source import Source, Span

#: the source of everything made, and the only place in it
MADE = Source("<made>", "")
NOWHERE = Span(MADE, 0, 0)

#: what stands in a body: nodes, or rules as they are
Body = Iterable[Any]


def word(text: str | bytes) -> Word:
    """A word as its reader means it, without quotes; how it is quoted is the writer's business.

    >>> word("/srv/my files/")
    Word(text='/srv/my files/')
    """
    return Word(byte_text(text), NOWHERE)


def optional_word(text: str | bytes | None) -> Word | None:
    return None if text is None else word(text)


def nodes(body: Body) -> tuple[Node, ...]:
    """A body's nodes; rules get the node around them."""
    return tuple(one if isinstance(one, Node) else RuleNode(one, NOWHERE) for one in body)


def policy(*body: Any) -> File:
    """A whole file: includes, variables, profiles."""
    return File(MADE, nodes(body))


def profile(
    name: str | bytes,
    body: Body = (),
    *,
    attachment: str | bytes | None = None,
    flags: Iterable[str] = (),
    xattrs: Iterable[tuple[str, str | None]] = (),
) -> ProfileNode:
    """`profile NAME ATTACHMENT xattrs=(…) flags=(…) { … }`; inside of another one it is its child.

    >>> profile("web", flags=("complain",)).flags
    (Word(text='complain'),)
    """
    pairs = tuple((word(name), optional_word(value)) for name, value in xattrs)
    listed = tuple(map(word, flags))
    return ProfileNode("profile", word(name), optional_word(attachment), pairs, listed, nodes(body), NOWHERE, NOWHERE)


def hat(name: str | bytes, body: Body = (), *, flags: Iterable[str] = ()) -> ProfileNode:
    """`hat NAME flags=(…) { … }`."""
    return ProfileNode("hat", word(name), None, (), tuple(map(word, flags)), nodes(body), NOWHERE, NOWHERE)


def include(path: str | bytes, *, if_exists: bool = False, magic: bool = True) -> Include:
    """`include <path>`, along the search path; not `magic`: `include "path"`, the path itself."""
    return Include(byte_text(path), magic, if_exists, NOWHERE)


def abi(path: str | bytes, *, magic: bool = True) -> Abi:
    """`abi <path>,`."""
    return Abi(byte_text(path), magic, NOWHERE)


def alias(source: str | bytes, target: str | bytes) -> Alias:
    """`alias /from/ -> /to/,`."""
    return Alias(word(source), word(target), NOWHERE)


def variable(name: str, *values: str | bytes, operator: str = "=") -> SetVariable:
    """`@{NAME} = value …`; the operator is `=`, `+=`, `?=` or `:=`."""
    return SetVariable(word(name), operator, tuple(map(word, values)), NOWHERE)


def boolean(name: str, value: bool, operator: str = "=") -> BoolVariable:
    """`${NAME} = true`."""
    said = Expression("word", (word("true" if value else "false"),), NOWHERE)
    return BoolVariable(word(name), operator, said, NOWHERE)


def when(condition: Expression, body: Body, otherwise: Body | None = None) -> Conditional:
    """`if condition { … } else { … }`."""
    branches = [Branch(condition, nodes(body), NOWHERE)]
    if otherwise is not None:
        branches.append(Branch(None, nodes(otherwise), NOWHERE))
    return Conditional(tuple(branches), NOWHERE)


def defined(variable: str) -> Expression:
    """The condition `defined @{NAME}`; the variable is written with its `@` or `$`."""
    return Expression("defined", (word(variable),), NOWHERE)


def true(boolean: str) -> Expression:
    """The condition `${NAME}`."""
    return Expression("bool", (word(f"${{{boolean}}}"),), NOWHERE)


def compare(left: str, operator: str, right: str) -> Expression:
    """The condition `left == right`; operators are `==` `!=` `<` `<=` `>` `>=` `in`."""
    return Expression(operator, (word(left), word(right)), NOWHERE)


def both(*conditions: Expression) -> Expression:
    """`a and b …`."""
    return Expression("and", conditions, NOWHERE)


def either(*conditions: Expression) -> Expression:
    """`a or b …`."""
    return Expression("or", conditions, NOWHERE)


def no(condition: Expression) -> Expression:
    """`not a`."""
    return Expression("not", (condition,), NOWHERE)


def block(
    body: Body,
    *,
    audit: bool = False,
    effect: Effect = "allow",
    subject: Subject | None = None,
) -> Block:
    """Qualifiers before braces, which hold for all rules in them: `audit deny owner { … }`."""
    return Block(Qualifiers(0, audit, effect, subject), nodes(body), NOWHERE)
