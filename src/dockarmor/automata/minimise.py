# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
# cython: annotation_typing=False, freethreading_compatible=True
"""The smallest automaton of the same strings and values, in one canonical numbering."""

from array import array
from collections.abc import Iterator

from dockarmor.automata.dfa import Dfa
from dockarmor.automata.quotient import Quotient
from dockarmor.automata.vectors import VectorSet, numbers

#: what is noted of a part, side by side: its states, how many of them are dirty, the slot of most of those, how many
SIZE, DIRTY, BEST, MOST, PART = range(5)
#: what is noted of a row in a round: the round, its part, a hash, the first state with it, its new part, how many
ROUND, OWN, HASH, FIRST, NEW, COUNT = range(6)
SLOT = 8
#: where at least one state in so many is dirty, they are looked at in order
MANY = 16


def minimise(dfa: Dfa) -> Dfa:
    """The minimal automaton, numbered breadth first: 0 dead, 1 start, then by default target and class order.

    Classes of bytes that no state tells apart are merged. So automata with the same values for all strings
    become identical, however they were made. An automaton with out-of-band edges raises ValueError.

    >>> from dockarmor.automata.dfa import EMPTY
    >>> minimise(EMPTY).states
    2
    """
    return next(minimise_all(dfa, [1]))


def minimise_all(dfa: Dfa, starts: list[int]) -> Iterator[Dfa]:
    """The minimal automaton of what can be reached from each start: the same as if it were minimised alone."""
    if dfa.out_of_band is not None:
        raise ValueError("an automaton with out-of-band edges cannot be minimised")
    parts = Partition(dfa)
    parts.refine()
    of, classes = parts.of, parts.classes
    del parts  # most of the memory at this point
    quotient = Quotient(dfa, of, classes)
    del dfa, of
    for start in starts:
        yield quotient.reachable(start)


class Partition:
    """Partition refinement by dirty propagation.

    All states are split by value, then again and again by the parts that their edges lead to. Only states
    with an edge into a part that changed are looked at again. Rows that hash alike are compared, so no hash
    is trusted.
    """

    def __init__(self, dfa: Dfa) -> None:
        states = dfa.states
        self.states = states
        self.classes = 0
        self.defaults = dfa.defaults
        self.offsets = dfa.offsets
        self.columns = dfa.columns
        self.targets = dfa.targets
        self.of = numbers(states)
        self.parts = numbers(PART * (states + 1))
        self._by_value(dfa.values)
        self._invert()
        self.dirty = numbers(states)
        self.is_dirty = array("B", (0,)) * states
        self.changed = numbers(states)
        self.slot_of = numbers(states)
        slots = 16
        while slots <= states + states // 4:
            slots *= 2
        self.slots = numbers(SLOT * slots)
        self.mask = slots - 1
        self.round = 0
        self.dirty_total = 0

    def _by_value(self, values: "array[int]") -> None:
        known = VectorSet()
        halves = numbers(2)
        for s in range(self.states):
            halves[0] = values[s] & 0xFFFF
            halves[1] = values[s] >> 16
            number = known.intern(halves, 0, 2)
            self.of[s] = number
            self.parts[PART * number + SIZE] += 1
        self.classes = known.count

    def _invert(self) -> None:
        """Who leads to a state: before[before_offsets[t] : before_offsets[t + 1]]."""
        states = self.states
        self.before_offsets = numbers(states + 1)
        fill = numbers(states + 1)
        for s in range(states):
            self.before_offsets[self.defaults[s] + 1] += 1
            for i in range(self.offsets[s], self.offsets[s + 1]):
                self.before_offsets[self.targets[i] + 1] += 1
        for s in range(states):
            self.before_offsets[s + 1] += self.before_offsets[s]
            fill[s] = self.before_offsets[s]
        self.before = numbers(self.before_offsets[states] + 1)
        for s in range(states):
            t = self.defaults[s]
            self.before[fill[t]] = s
            fill[t] += 1
            for i in range(self.offsets[s], self.offsets[s + 1]):
                t = self.targets[i]
                self.before[fill[t]] = s
                fill[t] += 1

    def refine(self) -> None:
        """Split until nothing changes."""
        for s in range(self.states):
            self.dirty[s] = s
        self.dirty_total = self.states
        while self.dirty_total > 0:
            self.round += 1
            # few states use few slots, which stay in the processor's cache
            self.mask = 15
            while self.mask < self.dirty_total + self.dirty_total // 4:
                self.mask = 2 * self.mask + 1
            self._sign_all()
            self._mark(self._split())

    def _sign_all(self) -> None:
        """Give each dirty state the slot of its (part, row); one slot per distinct one."""
        slots = self.slots
        parts = self.parts
        last = SLOT * self.mask
        for i in range(self.dirty_total):
            s = self.dirty[i]
            self.is_dirty[s] = 0
            own = self.of[s]
            hashed = self._hash(s)
            place = SLOT * ((hashed ^ (hashed >> 32)) & self.mask)
            trace = hashed >> 33
            while slots[place + ROUND] == self.round:
                if slots[place + HASH] == trace and slots[place + OWN] == own and self._same(slots[place + FIRST], s):
                    break
                place = place + SLOT if place < last else 0
            if slots[place + ROUND] != self.round:
                slots[place + ROUND] = self.round
                slots[place + OWN] = own
                slots[place + HASH] = trace
                slots[place + FIRST] = s
                slots[place + COUNT] = 0
                slots[place + NEW] = -1
            slots[place + COUNT] += 1
            self.slot_of[i] = place
            part = PART * own
            parts[part + DIRTY] += 1
            if slots[place + COUNT] > parts[part + MOST]:
                parts[part + MOST] = slots[place + COUNT]
                parts[part + BEST] = place

    def _hash(self, s: int) -> int:
        """Of the part of a state and of its row in terms of parts."""
        wrap = 0xFFFFFFFFFFFFFFFF
        first = 0x9E3779B97F4A7C15
        second = 0xBF58476D1CE4E5B9
        default = self.of[self.defaults[s]]
        word = default
        hashed = ((word + first) * second) & wrap
        word = self.of[s]
        hashed = ((hashed ^ word) * first) & wrap
        for i in range(self.offsets[s], self.offsets[s + 1]):
            target = self.of[self.targets[i]]
            if target != default:
                word = target
                word = (((word << 8) | self.columns[i]) * first) & wrap
                word ^= word >> 32
                hashed = (hashed + word * second) & wrap
        return hashed

    def _same(self, left: int, right: int) -> bool:
        """Do two rows lead to the same parts?"""
        default = self.of[self.defaults[left]]
        if default != self.of[self.defaults[right]]:
            return False
        i = self.offsets[left]
        j = self.offsets[right]
        i_end = self.offsets[left + 1]
        j_end = self.offsets[right + 1]
        while True:
            while i < i_end and self.of[self.targets[i]] == default:
                i += 1
            while j < j_end and self.of[self.targets[j]] == default:
                j += 1
            if i == i_end or j == j_end:
                return i == i_end and j == j_end
            if self.columns[i] != self.columns[j] or self.of[self.targets[i]] != self.of[self.targets[j]]:
                return False
            i += 1
            j += 1

    def _split(self) -> int:
        """Move dirty states to new parts; how many moved.

        Where a part has clean members, every dirty group leaves it: its rows differ from theirs. Otherwise
        the largest group stays.
        """
        slots = self.slots
        parts = self.parts
        count = 0
        for i in range(self.dirty_total):
            place = self.slot_of[i]
            own = slots[place + OWN]
            if slots[place + NEW] < 0:
                part = PART * own
                if parts[part + DIRTY] == parts[part + SIZE] and parts[part + BEST] == place:
                    slots[place + NEW] = own
                else:
                    slots[place + NEW] = self.classes
                    self.classes += 1
            if slots[place + NEW] != own:
                self.changed[count] = self.dirty[i]
                count += 1
        for i in range(self.dirty_total):
            place = self.slot_of[i]
            own = slots[place + OWN]
            new = slots[place + NEW]
            parts[PART * own + DIRTY] = 0
            parts[PART * own + MOST] = 0
            if new != own:
                parts[PART * own + SIZE] -= 1
                parts[PART * new + SIZE] += 1
                self.of[self.dirty[i]] = new
        return count

    def _mark(self, changes: int) -> None:
        """What leads to a state that moved is dirty."""
        total = 0
        for i in range(changes):
            s = self.changed[i]
            for j in range(self.before_offsets[s], self.before_offsets[s + 1]):
                t = self.before[j]
                if self.is_dirty[t] == 0:
                    self.is_dirty[t] = 1
                    self.dirty[total] = t
                    total += 1
        self.dirty_total = total
        if total > self.states // MANY:
            # in the order in which they lie in memory
            total = 0
            for s in range(self.states):
                if self.is_dirty[s] != 0:
                    self.dirty[total] = s
                    total += 1
