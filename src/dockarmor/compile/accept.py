"""From the rules that match a string to the permissions there.

An automaton state knows which accept classes end in it: the distinct (priority, effect, permissions, audit,
exact) of a table's entries. What holds there is resolved once per distinct set of classes, bit by bit: the
highest level decides, levels being ordered by priority, then deny, exact exec, allow, prompt (apparmor.d(5),
RULE PRIORITY; upstream parser 6.0). An exec bit moves together with how and into what it execs.
"""

from collections.abc import Callable, Hashable, Iterable
from typing import Literal, NamedTuple

from dockarmor.compile.permission_map import (
    EXEC_BITS,
    OTHER_EXEC,
    OWNER_EXEC,
    file_entry,
    policy_entry,
    second_word,
)
from dockarmor.rules.kind import Effect, Entry

_DENY, _EXACT, _ALLOW, _PROMPT = 3, 2, 1, 0
_STEP = 4

#: For each half of a file's word: exec, how and into what, inherit, mmap.
_HALVES = (
    (0x1, OWNER_EXEC & ~0x1, 0x200, 0x40),
    (0x4000, OTHER_EXEC & ~0x4000, 0x200 << 14, 0x40 << 14),
)
_EXEC_TYPES = (OWNER_EXEC | OTHER_EXEC) & ~EXEC_BITS


class AcceptClass(NamedTuple):
    """What entries can have in common."""

    priority: int
    effect: Effect
    permissions: int
    audit: int
    exact: bool


class Resolved(NamedTuple):
    """Accept words of what holds in a state. Denials have taken effect; of them only `quiet` is left."""

    allow: int = 0
    audit: int = 0
    quiet: int = 0
    prompt: int = 0


class ExecConflict(Exception):
    """Two accept classes of one level say differently how the same string is executed."""

    def __init__(self, first: int, second: int) -> None:
        super().__init__(f"accept classes {first} and {second} disagree on exec")
        self.first = first
        self.second = second


class _Part(NamedTuple):
    """A class, or its exec bits, at its level."""

    level: int
    effect: Effect
    bits: int
    accept: int


Layout = Callable[[Resolved], Hashable]


class AcceptClasses:
    """The accept classes of one table, and the values that states get.

    `layout` gives the form in which permissions are written; sets of classes with the same form get the same
    value, so that minimisation sees no difference where the kernel sees none. Value 0 is: nothing.
    """

    def __init__(self, use: Literal["file", "policy"], layout: Layout) -> None:
        self.use = use
        self.layout = layout
        self.classes: list[AcceptClass] = []
        self.resolved = [Resolved()]
        self._numbers: dict[tuple[object, ...], int] = {}  # of AcceptClass
        self._parts: list[list[_Part]] = []
        #: those that others can cover: number, priority, permissions and what is audited
        self._coverable: list[tuple[int, int, int, int]] = []
        self._values: dict[Hashable, int] = {layout(Resolved()): 0}
        self._known: dict[tuple[int, ...], int] = {}

    def number(self, entry: Entry) -> int:
        """The number of the class that an entry belongs to."""
        # an exact match only matters for exec
        exact = entry.exact and bool(entry.permissions & EXEC_BITS) and entry.effect == "allow"
        number = self._numbers.get((entry.priority, entry.effect, entry.permissions, entry.audit, exact))
        if number is None:
            made = AcceptClass(entry.priority, entry.effect, entry.permissions, entry.audit, exact)
            number = self._numbers[made] = len(self.classes)
            self.classes.append(made)
            self._parts.append(list(self._split(made, number)))
            if made.effect == "allow" and not (made.permissions | made.audit) & EXEC_BITS:
                self._coverable.append((number, made.priority, made.permissions, made.audit))
        return number

    def value(self, accepts: Iterable[int]) -> int:
        """The value of a state in which these classes end. Raises ExecConflict."""
        key = tuple(accepts)
        known = self._known.get(key)
        if known is None:
            resolved = self.resolve(key)
            form = self.layout(resolved)
            known = self._values.get(form)
            if known is None:
                known = self._values[form] = len(self.resolved)
                self.resolved.append(resolved)
            self._known[key] = known
        return known

    def resolve(self, accepts: Iterable[int]) -> Resolved:
        """Decide every permission bit by the highest level that speaks of it. Raises ExecConflict."""
        parts = [part for accept in accepts for part in self._parts[accept]]
        if len(parts) > 1:
            parts.sort(key=lambda part: -part.level)
        state = _State()
        for part in parts:
            self._apply(state, part)
        if self.use == "file":
            state.imply_mmap()
        return Resolved(state.allow, state.audit, state.quiet, state.prompt)

    def covered(self, sinks: Iterable[int]) -> int:
        """A bitset of the classes that change nothing in any state in which all `sinks` end.

        A class is covered where each of its bits is allowed by a sink of the same or a higher priority with
        the same audit, or denied by one. Nothing that speaks of exec is ever covered: conflicts must be seen.
        """
        present = set(sinks)
        found = sum(1 << number for number in present)
        covers = [self._cover(self.classes[sink]) for sink in present]
        for number, priority, permissions, audit in self._coverable:
            for level, bits, audited in covers:
                if level >= priority:
                    permissions &= ~(bits & (audited | ~audit))
            if not permissions:
                found |= 1 << number
        return found

    @staticmethod
    def _cover(sink: AcceptClass) -> tuple[int, int, int]:
        """Up to which priority a sink covers which bits, and for which of them also audited ones."""
        if sink.effect == "prompt":
            return sink.priority, 0, 0
        if sink.effect == "deny":
            return sink.priority, sink.permissions, -1
        return sink.priority, sink.permissions & ~EXEC_BITS, sink.audit

    def _split(self, one: AcceptClass, number: int) -> Iterable[_Part]:
        bits = one.permissions
        if self.use == "file":
            bits &= ~_EXEC_TYPES
        base = one.priority * _STEP
        if one.effect == "allow" and one.exact:
            yield _Part(base + _EXACT, "allow", bits & EXEC_BITS, number)
            bits &= ~EXEC_BITS
        level = {"deny": _DENY, "allow": _ALLOW, "prompt": _PROMPT}[one.effect]
        if bits:
            yield _Part(base + level, one.effect, bits, number)

    def _apply(self, state: "_State", part: _Part) -> None:
        bits = state.open_bits(part)
        one = self.classes[part.accept]
        if part.effect == "deny":
            state.settled |= bits
            state.quiet |= bits & one.audit
        elif part.effect == "prompt":
            state.prompt |= bits
            state.audit |= bits & one.audit  # of what is allowed after all: `m` by `ix`, what needs no permission
        else:
            state.allow |= bits
            state.audit |= bits & one.audit
            if self.use == "file" and part.bits & EXEC_BITS:
                self._exec(state, part, bits)

    def _exec(self, state: "_State", part: _Part, bits: int) -> None:
        """Of the rules that allow exec those of the highest level agree on how, even where a rule denies it."""
        permissions = self.classes[part.accept].permissions
        for bit, how, _, mmap in _HALVES:
            if not part.bits & bit:
                continue
            first = state.exec_parts.setdefault(bit, part)
            if first.level == part.level and (self.classes[first.accept].permissions ^ permissions) & how:
                raise ExecConflict(first.accept, part.accept)
            if bits & bit:
                state.settled |= state.prompt & mmap
                state.allow |= permissions & how


class _State:
    """Words while they are decided: level after level, from the highest down."""

    __slots__ = ("allow", "audit", "decided", "exec_parts", "level", "now", "prompt", "quiet", "settled")

    def __init__(self) -> None:
        self.allow = self.audit = self.quiet = self.prompt = 0
        self.decided = 0  # bits decided by a higher level than `level`
        self.now = 0  # bits decided at `level`
        self.level = 0
        self.settled = 0  # bits that ix does not bring: denied ones, prompts of a higher level
        self.exec_parts: dict[int, _Part] = {}

    def open_bits(self, part: _Part) -> int:
        """The part's bits that no higher level has decided."""
        if part.level != self.level:
            self.decided |= self.now
            self.now, self.level = 0, part.level
        bits = part.bits & ~self.decided
        self.now |= bits
        return bits

    def imply_mmap(self) -> None:
        """`ix` maps the program: m comes with it, but not against a deny of m, whatever its priority."""
        for bit, _, inherit, mmap in _HALVES:
            if self.allow & bit and self.allow & inherit and not self.settled & mmap:
                self.allow |= mmap
                self.prompt &= ~mmap


def inline(resolved: Resolved) -> tuple[int, int]:
    """The two accept words of a state."""
    return resolved.allow, second_word(resolved.audit, resolved.quiet)


def file_pair(resolved: Resolved) -> Hashable:
    """A file state's entries in a permission table: the owner's and the others'."""
    return file_entry(*resolved), file_entry(*resolved, owner=False)


def policy_single(resolved: Resolved) -> Hashable:
    """A policy state's entry in a permission table."""
    return policy_entry(*resolved, table=True)
