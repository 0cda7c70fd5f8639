"""The contract between a rule kind and the rooms that use it."""

from collections.abc import Callable, Iterable
from typing import Any, Literal, Protocol

from dockarmor.access.confinement import Confinement
from dockarmor.access.decision import Decision
from dockarmor.access.event import Event
from dockarmor.access.request import Request
from dockarmor.syntax.cursor import Cursor
from dockarmor.syntax.qualifiers import PLAIN as PLAIN
from dockarmor.syntax.qualifiers import Effect as Effect
from dockarmor.syntax.qualifiers import Qualifiers as Qualifiers
from dockarmor.text.diagnostic import Diagnostic
from dockarmor.text.source import Span
from dockarmor.value import frozen


class Rule(Protocol):
    """What every rule value has. A rule is a frozen dataclass of its kind's own file; spans do not compare."""

    @property
    def qualifiers(self) -> Qualifiers: ...
    @property
    def span(self) -> Span:
        """From the first qualifier to the final comma."""


class Features(Protocol):
    """What a policy and a kernel know of."""

    def has(self, feature: str) -> bool:
        """Is `a/b/c` in both the policy's ABI and the kernel's features?"""

    def kernel_has(self, feature: str) -> bool:
        """Is it in the kernel's features?"""


class Scope(Features, Protocol):
    """What encoding a rule needs to know of the profile around it."""

    @property
    def profile(self) -> str:
        """The profile's full name `parent//child`, without namespace."""

    def expand(self, text: str, span: Span) -> str:
        """Replace `@{variables}` by their alternations. Raises DiagnosticError for an undefined one."""

    def exec_slot(self, target: str) -> int:
        """The x-table slot (4…15) of a named transition target; raises ValueError when the table is full."""

    def capability_number(self, name: str) -> int | None:
        """The kernel's number of a capability, also of one that only its features name."""


@frozen
class Entry:
    """A pattern for a table, and what it grants or takes.

    `pattern` is in the dialect of automata/trie.py; in the policy table it begins with the class byte.
    `permissions` and `audit` are accept words in the inline layout (permission letters of facts: owner group in
    bits 0-13, other group in 14-27; policy table: 0-6 and 14-20). For a deny entry `audit` says which denials
    are quiet. `exact`: no star and no negated class in it, so its exec transition beats a glob's.
    """

    table: Literal["file", "policy"]
    pattern: bytes
    permissions: int
    audit: int = 0
    effect: Effect = "allow"
    priority: int = 0
    exact: bool = False


@frozen
class CapabilityEntry:
    """Capabilities granted or denied, bit n for capability n."""

    mask: int
    effect: Effect
    audit: bool


@frozen
class LimitEntry:
    """A resource limit: the kernel's RLIMIT number and its value (2**64-1: infinity)."""

    resource: int
    value: int


@frozen
class Dropped:
    """The rule cannot be expressed for these features; the diagnostic (a warning) says so."""

    diagnostic: Diagnostic


Encoded = Entry | CapabilityEntry | LimitEntry | Dropped

Parse = Callable[[Cursor, Qualifiers, int], Any]
Encode = Callable[[Any, Scope], Iterable[Encoded]]


@frozen
class Kind:
    """A rule kind.

    parse(cursor, qualifiers, start): the cursor stands right after the keyword (file rules without keyword:
        at the path or the permissions); `start` is where the statement begins. Reads up to and including the
        final comma and gives the rule, or raises DiagnosticError.
    write(rule): the rule in canonical style, with qualifiers and comma, without indentation.
    encode(rule, scope): its entries.
    decide(confinement, request): the kernel's decision, ignoring the profile's mode (the kernel room applies
        complain and kill): `record` is "DENIED" where a denial is logged, "AUDIT" where a grant is.
    record(request, decision): the class-specific pairs of the audit record, in the kernel's order: after
        `operation` and `class`, `name` first where the kernel prints one, then those after pid and comm.
    request(event): the request behind an audit record, None where it is not this kind's.
    mediates(scope): class strings that must exist in the policy table so that the kernel mediates the class;
        only features decide on them.
    """

    name: str
    keywords: tuple[str, ...]
    rules: tuple[type, ...]
    requests: tuple[type, ...]
    parse: Parse
    write: Callable[[Any], str]
    encode: Encode
    decide: Callable[[Confinement, Any], Decision] | None = None
    record: Callable[[Any, Decision], "RecordPairs"] | None = None
    request: Callable[[Event], Request | None] | None = None
    mediates: Callable[[Scope], Iterable[Entry]] | None = None


@frozen
class RecordPairs:
    """What a kind puts into an audit record. Values: str is printed in quotes (hex where the kernel would),
    int bare, `Bare` as it stands."""

    operation: str
    mediation: str
    name: bytes | None = None
    pairs: tuple[tuple[str, "str | bytes | int | Bare"], ...] = ()


@frozen
class Bare:
    """A value that the kernel prints without quotes."""

    text: str
