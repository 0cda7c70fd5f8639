# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
# cython: annotation_typing=False, freethreading_compatible=True
"""The smallest automaton of the same strings and values, in one canonical numbering."""

from array import array
from collections.abc import Iterator

from dockarmor.automata.alphabet import in_order
from dockarmor.automata.dfa import Dfa
from dockarmor.automata.vectors import VectorSet, numbers, unsigned


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
    quotient = Quotient(dfa, parts)
    del parts  # most of the memory at this point
    for start in starts:
        quotient.visit_all(start)
        yield merge_columns(
            Dfa(
                dfa.classes,
                dfa.width,
                unsigned(quotient.new_defaults, quotient.count),
                unsigned(quotient.new_offsets, quotient.count + 1),
                unsigned(quotient.new_columns, quotient.used),
                unsigned(quotient.new_targets, quotient.used),
                unsigned(quotient.new_values, quotient.count),
            )
        )


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
        self.size = numbers(states + 1)
        self._by_value(dfa.values)
        self._invert()
        self.dirty = numbers(states)
        self.is_dirty = numbers(states)
        self.changed = numbers(states)
        self.slot_of = numbers(states)
        slots = 16
        while slots <= 2 * states:
            slots *= 2
        self.mask = slots - 1
        self.slot_class = numbers(slots)
        self.slot_round = numbers(slots)
        self.slot_first = numbers(slots)
        self.slot_new = numbers(slots)
        self.slot_count = numbers(slots)
        self.slot_hash = array("Q", bytes(8 * slots))
        self.dirty_count = numbers(states + 1)
        self.best = numbers(states + 1)
        self.best_count = numbers(states + 1)
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
            self.size[number] += 1
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
            while self.mask < 2 * self.dirty_total:
                self.mask = 2 * self.mask + 1
            self._sign_all()
            self._mark(self._split())

    def _sign_all(self) -> None:
        """Give each dirty state the slot of its (part, row); one slot per distinct one."""
        for i in range(self.dirty_total):
            s = self.dirty[i]
            self.is_dirty[s] = 0
            own = self.of[s]
            hashed = self._hash(s)
            place = (hashed ^ (hashed >> 32)) & self.mask
            while self.slot_round[place] == self.round:
                if (
                    self.slot_hash[place] == hashed
                    and self.slot_class[place] == own
                    and self._same(self.slot_first[place], s)
                ):
                    break
                place = (place + 1) & self.mask
            if self.slot_round[place] != self.round:
                self.slot_round[place] = self.round
                self.slot_class[place] = own
                self.slot_hash[place] = hashed
                self.slot_first[place] = s
                self.slot_count[place] = 0
                self.slot_new[place] = -1
            self.slot_count[place] += 1
            self.slot_of[i] = place
            self.dirty_count[own] += 1
            if self.slot_count[place] > self.best_count[own]:
                self.best_count[own] = self.slot_count[place]
                self.best[own] = place

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
        count = 0
        for i in range(self.dirty_total):
            place = self.slot_of[i]
            own = self.slot_class[place]
            if self.slot_new[place] < 0:
                if self.dirty_count[own] == self.size[own] and self.best[own] == place:
                    self.slot_new[place] = own
                else:
                    self.slot_new[place] = self.classes
                    self.classes += 1
            if self.slot_new[place] != own:
                self.changed[count] = self.dirty[i]
                count += 1
        for i in range(self.dirty_total):
            place = self.slot_of[i]
            own = self.slot_class[place]
            self.dirty_count[own] = 0
            self.best_count[own] = 0
        for i in range(self.dirty_total):
            place = self.slot_of[i]
            own = self.slot_class[place]
            if self.slot_new[place] != own:
                s = self.dirty[i]
                self.size[own] -= 1
                self.size[self.slot_new[place]] += 1
                self.of[s] = self.slot_new[place]
        return count

    def _mark(self, changes: int) -> None:
        """What leads to a state that moved is dirty."""
        self.dirty_total = 0
        for i in range(changes):
            s = self.changed[i]
            for j in range(self.before_offsets[s], self.before_offsets[s + 1]):
                t = self.before[j]
                if self.is_dirty[t] == 0:
                    self.is_dirty[t] = 1
                    self.dirty[self.dirty_total] = t
                    self.dirty_total += 1


class Quotient:
    """One state per part that can be reached from a start, breadth first."""

    def __init__(self, dfa: Dfa, parts: Partition) -> None:
        self.of = parts.of
        self.states = parts.states
        self.defaults = dfa.defaults
        self.offsets = dfa.offsets
        self.columns = dfa.columns
        self.targets = dfa.targets
        self.values = dfa.values
        self.order = numbers(parts.classes + 1)
        self.number = numbers(parts.classes)
        self.first = numbers(parts.classes)
        self.count = 0
        self.used = 0
        self.new_columns = array("I", bytes(4 * len(dfa.columns) + 4))
        self.new_targets = array("I", bytes(4 * len(dfa.columns) + 4))
        self.new_defaults = array("I", bytes(4 * parts.classes + 4))
        self.new_offsets = array("I", bytes(4 * parts.classes + 8))
        self.new_values = array("I", bytes(4 * parts.classes + 4))
        self._find_first()

    def _find_first(self) -> None:
        """The first state of each part; none has a number yet."""
        for s in range(self.states - 1, -1, -1):
            self.first[self.of[s]] = s
            self.number[self.of[s]] = -1

    def visit_all(self, start: int) -> None:
        """Number what can be reached from a start; the rows are left in the attributes."""
        for s in range(self.count):
            self.number[self.order[s]] = -1
        self.count = 0
        self.used = 0
        dead = self._visit(self.of[0])
        if self.of[start] == self.of[0]:
            # nothing is accepted: the start is a dead state of its own
            self.order[1] = self.of[0]
            self.count = 2
            self._row(0, 0)
            self._row(1, 0)
            return
        self._visit(self.of[start])
        s = dead
        while s < self.count:
            self._row(s, self.first[self.order[s]])
            s += 1

    def _visit(self, part: int) -> int:
        known = self.number[part]
        if known < 0:
            known = self.count
            self.number[part] = known
            self.order[known] = part
            self.count = known + 1
        return known

    def _row(self, new: int, old: int) -> None:
        default = self._visit(self.of[self.defaults[old]])
        self.new_defaults[new] = default
        self.new_values[new] = self.values[old]
        for i in range(self.offsets[old], self.offsets[old + 1]):
            target = self._visit(self.of[self.targets[i]])
            if target != default:
                self.new_columns[self.used] = self.columns[i]
                self.new_targets[self.used] = target
                self.used += 1
        self.new_offsets[new + 1] = self.used


def merge_columns(dfa: Dfa) -> Dfa:
    """The same automaton with one class for bytes that no state tells apart."""
    width = dfa.width
    states = dfa.states
    used = dfa.transitions
    offsets = dfa.offsets
    columns = dfa.columns
    targets = dfa.targets
    keep = _alike(dfa, width, states)
    if keep is None:
        return dfa
    merged = bytes([keep[column] for column in dfa.classes])
    classes = in_order(merged)
    number = numbers(256)
    for column, renamed in zip(merged, classes, strict=True):
        number[column] = renamed
    new_columns = array("I", bytes(4 * used))
    new_targets = array("I", bytes(4 * used))
    new_offsets = array("I", bytes(4 * states + 4))
    used = 0
    for s in range(states):
        for i in range(offsets[s], offsets[s + 1]):
            column = columns[i]
            if keep[column] == column:
                new_columns[used] = number[column]
                new_targets[used] = targets[i]
                used += 1
        new_offsets[s + 1] = used
    return Dfa(
        classes,
        max(classes) + 1,
        dfa.defaults,
        unsigned(new_offsets, states + 1),
        unsigned(new_columns, used),
        unsigned(new_targets, used),
        dfa.values,
        dfa.out_of_band,
    )


def _alike(dfa: Dfa, width: int, states: int) -> "array[int] | None":
    """For each class the first one that leads to the same states everywhere; None where all differ.

    Classes are found by a hash of what they list and then compared. Two that hash alike and differ, which takes a
    collision of 64 bits, stay apart.
    """
    wrap = 0xFFFFFFFFFFFFFFFF
    first = 0x9E3779B97F4A7C15
    second = 0xBF58476D1CE4E5B9
    offsets = dfa.offsets
    columns = dfa.columns
    targets = dfa.targets
    hashes = array("Q", bytes(8 * width))
    counts = numbers(width)
    for s in range(states):
        row = s
        row = (row * first) & wrap
        for i in range(offsets[s], offsets[s + 1]):
            column = columns[i]
            word = targets[i]
            word = ((word ^ row) * second) & wrap
            word ^= word >> 29
            hashes[column] = (hashes[column] + word * first) & wrap
            counts[column] += 1
    known: dict[tuple[int, int], int] = {}
    keep = numbers(width)
    for column in range(width):
        keep[column] = known.setdefault((hashes[column], counts[column]), column)
    if len(known) == width:
        return None
    row_of = numbers(width)
    target_of = array("I", bytes(4 * width))
    for s in range(states):
        for i in range(offsets[s], offsets[s + 1]):
            row_of[columns[i]] = s + 1
            target_of[columns[i]] = targets[i]
        for i in range(offsets[s], offsets[s + 1]):
            column = columns[i]
            other = keep[column]
            if other != column and (row_of[other] != s + 1 or target_of[other] != target_of[column]):
                keep[column] = column
    return keep
