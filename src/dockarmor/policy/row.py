"""Rules that stand in a row: what policies that include one file share, and what tells them apart."""

from collections.abc import Iterable, Iterator, Sequence

from dockarmor.rules.kind import Rule
from dockarmor.syntax.tree import Node, RuleNode
from dockarmor.text.source import Span
from dockarmor.value import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


@frozen(eq=False)
class Row:
    """Rules that follow each other in one body, and the types among them.

    `shared`: every policy that includes the file has this very row.
    """

    rules: tuple[Rule, ...]
    types: frozenset[type]
    shared: bool = False

    @classmethod
    def of(cls, rules: Iterable[Rule], *, shared: bool = False) -> "Row":
        found = tuple(rules)
        return cls(found, frozenset(map(type, found)), shared)


def in_rows(nodes: Iterable[Node], *, shared: bool = False) -> tuple[Row | Node, ...]:
    """The nodes of a body, with a row in place of rules that follow each other."""
    made: list[Row | Node] = []
    rules: list[Rule] = []
    for node in nodes:
        if isinstance(node, RuleNode):
            rules.append(node.rule)
            continue
        if rules:
            made.append(Row.of(rules, shared=shared))
            rules = []
        made.append(node)
    if rules:
        made.append(Row.of(rules, shared=shared))
    return tuple(made)


@frozen
class PlacedRule:
    """A rule and the include statements, outermost first, that brought it into this profile.

    `implied`: no line of the author's says it; hats and change_profile imply some file rules.
    """

    rule: Rule
    includes: tuple[Span, ...] = ()
    implied: bool = False


@frozen(eq=False)
class PlacedRow:
    """A row and the include statements that brought it into this profile."""

    row: Row
    includes: tuple[Span, ...] = ()
    implied: bool = False


class PlacedRules(Sequence[PlacedRule]):
    """The rules of a profile, from its rows; each becomes a value of its own when somebody looks."""

    __slots__ = ("_rules", "rows")

    def __init__(self, rows: Iterable[PlacedRow]) -> None:
        self.rows = tuple(rows)
        self._rules: tuple[PlacedRule, ...] | None = None

    def _all(self) -> tuple[PlacedRule, ...]:
        if self._rules is None:
            self._rules = tuple(
                PlacedRule(rule, placed.includes, placed.implied) for placed in self.rows for rule in placed.row.rules
            )
        return self._rules

    def __len__(self) -> int:
        return sum(len(placed.row.rules) for placed in self.rows)

    def __iter__(self) -> Iterator[PlacedRule]:
        return iter(self._all())

    def __getitem__(self, at: "Any") -> "Any":
        return self._all()[at]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and self._all() == tuple(other)

    def __hash__(self) -> int:
        return hash(self._all())

    def __repr__(self) -> str:
        return repr(self._all())
