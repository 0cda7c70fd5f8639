"""What tests of rule kinds share: reading a rule, a profile around it, and a profile that decides."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from dockarmor.access.confinement import CapabilityWords, StatePermissions
from dockarmor.rules.conditions import spell_qualifiers
from dockarmor.rules.kind import Kind, Qualifiers
from dockarmor.syntax.cursor import Cursor
from dockarmor.text.diagnostic import Diagnostic, DiagnosticError
from dockarmor.text.source import Source, Span


@dataclass
class ProfileScope:
    """A profile for encoding: its features by name, its variables, its table of exec targets."""

    profile: str = "p"
    features: frozenset[str] | None = None  # None: all of them
    variables: Mapping[str, str] = field(default_factory=dict)
    targets: list[str] = field(default_factory=list)
    more_capabilities: Mapping[str, int] = field(default_factory=dict)

    def has(self, feature: str) -> bool:
        return self.features is None or feature in self.features

    def kernel_has(self, feature: str) -> bool:
        return self.has(feature)

    def expand(self, text: str, span: Span) -> str:
        for name, value in self.variables.items():
            text = text.replace(f"@{{{name}}}", value)
        return text

    def exec_slot(self, target: str) -> int:
        if target not in self.targets:
            if len(self.targets) == 12:
                raise ValueError("the table is full")
            self.targets.append(target)
        return 4 + self.targets.index(target)

    def capability_number(self, name: str) -> int | None:
        return self.more_capabilities.get(name)


@dataclass
class Table:
    """An automaton over listed strings: every prefix of one is a state of its own."""

    accepts: Mapping[bytes, StatePermissions]
    others: Mapping[bytes, StatePermissions] = field(default_factory=dict)

    def __post_init__(self) -> None:
        prefixes = {string[:end] for string in self.accepts for end in range(len(string) + 1)}
        self.states = ["trap", *sorted(prefixes | {b""})]
        self.numbers = {state: number for number, state in enumerate(self.states)}

    def start(self) -> int:
        return self.numbers[b""]

    def class_start(self, mediation: int) -> int:
        return self.walk(self.start(), bytes((mediation,)))

    def walk(self, state: int, data: bytes) -> int:
        return self.numbers.get(self.states[state] + data, 0) if state else 0

    def permissions(self, state: int, *, owner: bool = True) -> StatePermissions:
        if not state:
            return StatePermissions()
        string = self.states[state]
        found = self.accepts.get(string, StatePermissions())
        return found if owner else self.others.get(string, found)


@dataclass
class Confined:
    """A loaded profile."""

    file: Table | None = None
    policy: Table | None = None
    capabilities: CapabilityWords = field(default_factory=CapabilityWords)
    exec_table: tuple[str, ...] = ()
    name: str = "p"
    mode: str = "enforce"


Read = Callable[..., Any]


@pytest.fixture(scope="session")
def scope() -> Callable[..., ProfileScope]:
    return ProfileScope


@pytest.fixture(scope="session")
def table() -> Callable[..., Table]:
    return Table


@pytest.fixture(scope="session")
def confined() -> Callable[..., Confined]:
    return Confined


@pytest.fixture(scope="session")
def read() -> Read:
    """Reads one rule of a kind, with or without its keyword; the whole text must be the rule."""

    def one(kind: Kind, text: str, qualifiers: Qualifiers = Qualifiers()) -> Any:  # noqa: B008
        cursor = Cursor(Source("policy", text))
        for keyword in kind.keywords:
            after = text[len(keyword) : len(keyword) + 1]
            if text.startswith(keyword) and not (after.isalnum() or after == "_"):
                cursor.pos = len(keyword)
        rule = kind.parse(cursor, qualifiers, 0)
        assert cursor.pos == len(text), f"the rule ends before {text[cursor.pos :]!r}"
        assert rule.span == Span(cursor.source, 0, len(text))
        return rule

    return one


@pytest.fixture(scope="session")
def refused(read: Read) -> Callable[..., Diagnostic]:
    """The one diagnostic with which a text is refused."""

    def one(kind: Kind, text: str, qualifiers: Qualifiers = Qualifiers()) -> Diagnostic:  # noqa: B008
        with pytest.raises(DiagnosticError) as raised:
            read(kind, text, qualifiers)
        (diagnostic,) = raised.value.diagnostics
        return diagnostic

    return one


@pytest.fixture(scope="session")
def read_back(read: Read) -> Callable[..., Any]:
    """What a written rule reads back as."""

    def one(kind: Kind, rule: Any) -> Any:
        text = kind.write(rule)
        before = spell_qualifiers(rule.qualifiers)
        assert text.startswith(before)
        return read(kind, text.removeprefix(before), rule.qualifiers)

    return one
