# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
# cython: annotation_typing=False, freethreading_compatible=True
"""States of one part made one, and what of them can be reached from a start."""

from array import array

from dockarmor.automata.alphabet import in_order
from dockarmor.automata.dfa import Dfa
from dockarmor.automata.vectors import numbers, unsigned


class Quotient:
    """An automaton with one state per part; automata of what its starts reach are read from it.

    Parts are numbered by their first state here, so that what is read together lies together. `of` (the part of
    each state) is renumbered in place.
    """

    def __init__(self, dfa: Dfa, of: "array[int]", parts: int) -> None:
        self.of = of
        self.classes = dfa.classes
        self.width = dfa.width
        self.defaults = numbers(parts)
        self.offsets = numbers(parts + 1)
        self.columns = numbers(dfa.transitions)
        self.targets = numbers(dfa.transitions)
        self.values = array("I", (0,)) * parts
        self._make(dfa, self._number(parts))
        self.order = numbers(parts + 1)
        self.number = numbers(parts)
        for part in range(parts):
            self.number[part] = -1
        self.count = 0
        self.used = 0
        self.new_defaults = numbers(parts + 1)
        self.new_offsets = numbers(parts + 2)
        self.new_columns = numbers(self.offsets[parts])
        self.new_targets = numbers(self.offsets[parts])
        self.new_values = array("I", (0,)) * (parts + 1)

    def _number(self, parts: int) -> "array[int]":
        """The first state of each part, in order; `of` tells parts by their place there."""
        first = numbers(parts)
        renamed = numbers(parts)
        count = 0
        for s in range(len(self.of)):
            part = self.of[s]
            if renamed[part] == 0:
                first[count] = s
                count += 1
                renamed[part] = count
            self.of[s] = renamed[part] - 1
        return first

    def _make(self, dfa: Dfa, first: "array[int]") -> None:
        """A part has the row of its first state, in terms of parts."""
        of = self.of
        defaults = dfa.defaults
        offsets = dfa.offsets
        columns = dfa.columns
        targets = dfa.targets
        values = dfa.values
        used = 0
        for part in range(len(first)):
            s = first[part]
            default = of[defaults[s]]
            self.defaults[part] = default
            self.values[part] = values[s]
            for i in range(offsets[s], offsets[s + 1]):
                target = of[targets[i]]
                if target != default:
                    self.columns[used] = columns[i]
                    self.targets[used] = target
                    used += 1
            self.offsets[part + 1] = used

    def reachable(self, start: int) -> Dfa:
        """The automaton of what a state reaches, numbered breadth first, with as few classes as it needs."""
        self._visit_all(self.of[start])
        keep = self._alike()
        classes = self.classes if keep is None else self._merge(keep)
        return Dfa(
            classes,
            max(classes) + 1,
            unsigned(self.new_defaults, self.count),
            unsigned(self.new_offsets, self.count + 1),
            unsigned(self.new_columns, self.used),
            unsigned(self.new_targets, self.used),
            unsigned(self.new_values, self.count),
        )

    def _visit_all(self, start: int) -> None:
        """Number what can be reached from a part; the rows are left in the attributes."""
        for s in range(self.count):
            self.number[self.order[s]] = -1
        self.count = 0
        self.used = 0
        self._visit(0)  # the part of the dead state
        if start == 0:
            # nothing is accepted: the start is a dead state of its own
            self.order[1] = 0
            self.count = 2
            self._row(0, 0)
            self._row(1, 0)
            return
        self._visit(start)
        s = 0
        while s < self.count:
            self._row(s, self.order[s])
            s += 1

    def _visit(self, part: int) -> int:
        known = self.number[part]
        if known < 0:
            known = self.count
            self.number[part] = known
            self.order[known] = part
            self.count = known + 1
        return known

    def _row(self, new: int, part: int) -> None:
        self.new_defaults[new] = self._visit(self.defaults[part])
        self.new_values[new] = self.values[part]
        used = self.used
        for i in range(self.offsets[part], self.offsets[part + 1]):
            self.new_columns[used] = self.columns[i]
            self.new_targets[used] = self._visit(self.targets[i])
            used += 1
        self.used = used
        self.new_offsets[new + 1] = used

    def _alike(self) -> "array[int] | None":
        """For each class the first one that leads to the same states everywhere; None where all differ.

        Classes are found by a hash of what they list and then compared. Two that hash alike and differ, which takes a
        collision of 64 bits, stay apart.
        """
        wrap = 0xFFFFFFFFFFFFFFFF
        first = 0x9E3779B97F4A7C15
        second = 0xBF58476D1CE4E5B9
        hashes = array("Q", (0,)) * self.width
        counts = numbers(self.width)
        for s in range(self.count):
            row = s
            row = (row * first) & wrap
            for i in range(self.new_offsets[s], self.new_offsets[s + 1]):
                column = self.new_columns[i]
                word = self.new_targets[i]
                word = ((word ^ row) * second) & wrap
                word ^= word >> 29
                hashes[column] = (hashes[column] + word * first) & wrap
                counts[column] += 1
        known: dict[tuple[int, int], int] = {}
        keep = numbers(self.width)
        for column in range(self.width):
            keep[column] = known.setdefault((hashes[column], counts[column]), column)
        if len(known) == self.width:
            return None
        self._compare(keep)
        return keep

    def _compare(self, keep: "array[int]") -> None:
        """Let go of what only hashes alike."""
        row_of = numbers(self.width)
        target_of = numbers(self.width)
        for s in range(self.count):
            for i in range(self.new_offsets[s], self.new_offsets[s + 1]):
                column = self.new_columns[i]
                row_of[column] = s + 1
                target_of[column] = self.new_targets[i]
            for i in range(self.new_offsets[s], self.new_offsets[s + 1]):
                column = self.new_columns[i]
                other = keep[column]
                if other != column and (row_of[other] != s + 1 or target_of[other] != target_of[column]):
                    keep[column] = column

    def _merge(self, keep: "array[int]") -> bytes:
        """Write the rows with one class for those that are alike; which class each byte has then."""
        merged = bytes([keep[column] for column in self.classes])
        classes = in_order(merged)
        number = numbers(256)
        for column, renamed in zip(merged, classes, strict=True):
            number[column] = renamed
        used = 0
        i = 0
        for s in range(self.count):
            end = self.new_offsets[s + 1]
            while i < end:  # never behind what is read
                column = self.new_columns[i]
                if keep[column] == column:
                    self.new_columns[used] = number[column]
                    self.new_targets[used] = self.new_targets[i]
                    used += 1
                i += 1
            self.new_offsets[s + 1] = used
        self.used = used
        return classes
