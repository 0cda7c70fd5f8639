"""Do two blobs mean the same? Over all strings, not over a sample.

Header fields are compared by value, tables as a product of their automata: wherever a string leads in both,
permissions, audit, silence and exec targets must agree. Names of targets count, not their places in a table.
"""

from array import array
from collections.abc import Callable, Iterator

from dockarmor.access.permission import Perm
from dockarmor.automata.limits import LimitExceeded
from dockarmor.automata.product import difference
from dockarmor.automata.tables import Tables
from dockarmor.automata.walk import walk
from dockarmor.compile.compiled import CompiledPolicy, CompiledProfile, CompiledTable, Use
from dockarmor.compile.permission_map import X_INDEX, X_TABLE, X_TYPE, TableEntry
from dockarmor.text.diagnostic import Diagnostic, DiagnosticError
from dockarmor.value import frozen

#: Fields of a record that are compared as they are.
_FIELDS: dict[str, Callable[[CompiledProfile], object]] = {
    "mode": lambda profile: profile.mode,
    "audit": lambda profile: profile.audit,
    "flags": lambda profile: profile.flags,
    "path_flags": lambda profile: profile.path_flags,
    "disconnected": lambda profile: profile.disconnected,
    "disconnected_ipc": lambda profile: profile.disconnected_ipc,
    "kill_signal": lambda profile: profile.kill_signal,
    "error": lambda profile: profile.error,
    "capabilities": lambda profile: profile.capabilities,
    "limits": lambda profile: dict(profile.limits),
    "xattrs": lambda profile: profile.xattrs,
    "attachment_length": lambda profile: profile.attachment_length,
}


@frozen
class FieldDifference:
    """A header field, or the whole profile (`field` is "profile"), differs."""

    profile: str
    field: str
    left: object
    right: object

    def __str__(self) -> str:
        return f"{self.profile}: {self.field}: {self.left} / {self.right}"


@frozen
class State:
    """What holds for a string: the owner's and the others' permissions, exec targets by name."""

    owner: TableEntry
    other: TableEntry
    owner_target: str | None = None
    other_target: str | None = None


@frozen
class TableDifference:
    """The shortest string for which a table of the two profiles says different things.

    `out_of_band`: places in the string before which the kernel takes an out-of-band step (attachments with
    extended attributes).
    """

    profile: str
    table: Use
    string: bytes
    left: State
    right: State
    out_of_band: tuple[int, ...] = ()

    def __str__(self) -> str:
        return f"{self.profile}: {self.table} {self.string!r}: {_brief(self.left)} / {_brief(self.right)}"


Difference = FieldDifference | TableDifference


def compare(left: CompiledPolicy, right: CompiledPolicy) -> list[Difference]:
    """Every field that differs, and one string per table that differs. Empty: both mean the same.

    Raises DiagnosticError (DA407) where two automata are too large to be walked together.
    """
    mine = {(profile.namespace, profile.name): profile for profile in left.profiles}
    yours = {(profile.namespace, profile.name): profile for profile in right.profiles}
    found: list[Difference] = []
    for key in sorted(mine.keys() | yours.keys(), key=str):
        one, other = mine.get(key), yours.get(key)
        if one is None or other is None:
            name = key[1]
            found.append(FieldDifference(name, "profile", one is not None, other is not None))
        else:
            found.extend(compare_profiles(one, other))
    return found


def compare_profiles(left: CompiledProfile, right: CompiledProfile) -> Iterator[Difference]:
    """The differences between two records of the same name."""
    for field, value in _FIELDS.items():
        if value(left) != value(right):
            yield FieldDifference(left.name, field, value(left), value(right))
    if (left.attachment_table is None) != (right.attachment_table is None):
        has = (left.attachment_table is not None, right.attachment_table is not None)
        yield FieldDifference(left.name, "attachment", *has)
    for mine, yours in (
        (left.attachment_table, right.attachment_table),
        (left.policy, right.policy),
        (left.file_table, right.file_table),
    ):
        one = mine or (yours and _nothing(yours.use))
        other = yours or (mine and _nothing(mine.use))
        if one and other:
            found = _compare(_Meaning(one, left.exec_table), _Meaning(other, right.exec_table), left.name)
            if found is not None:
                yield found


def _compare(left: "_Meaning", right: "_Meaning", name: str) -> TableDifference | None:
    """The first string that differs, with what holds on both sides.

    The empty string is left out: no kernel asks about it, and the reference parser loses its permissions where
    it writes a permission table. So walks begin behind the first byte.
    """
    numbers: dict[State, int] = {}
    mine, yours = left.values(numbers), right.values(numbers)
    begun: set[tuple[int, int]] = set()
    shortest: TableDifference | None = None
    for byte in range(256):
        first = bytes((byte,))
        starts = left.step(first), right.step(first)
        if starts in begun:
            continue
        begun.add(starts)
        try:
            found = difference(left.table.tables, mine, right.table.tables, yours, *starts)
        except LimitExceeded as reached:
            message = f"comparing the {left.table.use} tables needs more than {reached.value} {reached.limit}"
            raise DiagnosticError([Diagnostic("DA407", f"{message} (profile {name})")]) from None
        if found is not None and (shortest is None or len(found.witness) + 1 < len(shortest.string)):
            steps = tuple(place + 1 for place in found.out_of_band)
            states = left.state(found.left), right.state(found.right)
            shortest = TableDifference(name, left.table.use, first + found.witness, *states, steps)
    return shortest


class _Meaning:
    """A table together with the names its exec indexes stand for."""

    def __init__(self, table: CompiledTable, targets: tuple[str, ...]) -> None:
        self.table = table
        self.targets = targets
        self.known: dict[tuple[int, int], State] = {}

    def step(self, data: bytes) -> int:
        return walk(self.table.tables, self.table.first, data)

    def values(self, numbers: dict[State, int]) -> "array[int]":
        """A number per state; equal on both sides where they mean the same."""
        states = map(self.state, range(len(self.table.tables.base)))
        return array("I", (numbers.setdefault(state, len(numbers)) for state in states))

    def state(self, state: int) -> State:
        second = self.table.accept2[state] if self.table.accept2 is not None else 0
        key = (self.table.tables.values[state] if state else -1, second)
        known = self.known.get(key)
        if known is None:
            known = self.known[key] = self._meaning(state)
        return known

    def _meaning(self, state: int) -> State:
        owner = self.table.entry(state)
        other = self.table.entry(state, owner=False) if self.table.use == "file" else owner
        owner, owner_target = self._named(owner)
        other, other_target = self._named(other)
        return State(owner, other, owner_target, other_target)

    def _named(self, entry: TableEntry) -> tuple[TableEntry, str | None]:
        if self.table.use == "policy":
            # LOCK is forced by the mapping and asked for by no class
            return entry._replace(allow=entry.allow & ~int(Perm.LOCK)), None
        index = entry.exec_index
        if index & X_TYPE != X_TABLE or index & X_INDEX >= len(self.targets):
            return entry, None
        return entry._replace(exec_index=index & ~X_INDEX), self.targets[index & X_INDEX]


def _nothing(use: Use) -> CompiledTable:
    """A table in which no string leads anywhere."""
    zeros, row = array("I", [0, 0]), array("I", bytes(4 * 256))
    return CompiledTable(Tables(zeros, zeros, zeros, row, row, None), use)


def _brief(state: State) -> str:
    def half(entry: TableEntry, target: str | None) -> str:
        words = {name: word for name, word in entry._asdict().items() if word}
        text = " ".join(f"{name}={word:#x}" for name, word in words.items())
        return text + (f" -> {target}" if target else "") or "nothing"

    owner, other = half(state.owner, state.owner_target), half(state.other, state.other_target)
    return owner if owner == other else f"{owner} | others {other}"
