"""What a decision needs to know of a loaded profile, said as protocols.

`compile.reader` gives it from blob bytes, `rules/*.py` decide with it. Nothing in between knows of the other.
"""

from typing import Literal, Protocol

from dockarmor.value import frozen

TableName = Literal["file", "policy", "capability"]


@frozen
class StatePermissions:
    """The permissions of one automaton state, in access.permission bits, as the kernel computes them.

    `exec_index` is the kernel's xindex word (lib/policy_unpack.c, `map_xbits`): bits 0-23 table index, 26-27
    type, 28 unsafe, 29 child, 30 inherit, 31 unconfined.
    """

    allow: int = 0
    deny: int = 0
    audit: int = 0
    quiet: int = 0
    kill: int = 0
    exec_index: int = 0


class Automaton(Protocol):
    """A compiled table of a profile. State 0 is the trap: nothing leads out of it."""

    def class_start(self, mediation: int) -> int:
        """State after the class byte, 0 if the class is not mediated (policy table)."""

    def start(self) -> int:
        """Start state (file table)."""

    def walk(self, state: int, data: bytes) -> int:
        """State after these bytes."""

    def permissions(self, state: int, *, owner: bool = True) -> StatePermissions:
        """Permissions there; `owner` chooses between the owner's and the other's half (file table)."""


@frozen
class CapabilityWords:
    """Capability masks, bit n for capability n."""

    allow: int = 0
    audit: int = 0
    quiet: int = 0


class Confinement(Protocol):
    """A loaded profile, ready to be asked."""

    @property
    def name(self) -> str: ...
    @property
    def mode(self) -> str:
        """enforce, complain, kill, unconfined or user."""

    @property
    def file(self) -> Automaton | None:
        """File table, or None where the profile has none (then nothing is allowed)."""

    @property
    def policy(self) -> Automaton | None:
        """Policy table, or None: no class but file and capability is mediated then."""

    @property
    def capabilities(self) -> CapabilityWords: ...
    @property
    def exec_table(self) -> tuple[str, ...]:
        """Named transition targets, by table index."""
