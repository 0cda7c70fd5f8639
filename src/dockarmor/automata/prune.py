# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
# cython: annotation_typing=False, freethreading_compatible=True
"""Dominance: while a sink is present, what its accept covers cannot change a value."""

from array import array
from collections.abc import Callable

from dockarmor.automata.items import Items
from dockarmor.automata.vectors import VectorSet, numbers, sort_distinct


class Prune:
    """Drops the items and accepts of a state that change nothing.

    A sink stays on every byte but NUL, so its accept stays too. An item that cannot get past a NUL either,
    and that leads only to covered accepts, can be dropped. Sinks are dropped by other sinks only.
    """

    def __init__(self, items: Items, accepts: list[int], covered: Callable[[tuple[int, ...]], int] | None) -> None:
        self.items = items
        self.accepts = accepts
        self.covered = covered
        self.sinks = numbers(items.count + 1)
        self.sink_sets = VectorSet()
        #: of each set of sinks: which of them stay, and a bitset of the accepts that they cover
        self.kept: array[int] = array("B", (0,)) * (items.accepts + 1)
        self.masks = array("Q", (0,)) * (items.words + 1)
        self.sets = 0
        self.set = 0
        self.live = 0
        self.ended = 0

    def apply(self, live: "array[int]", live_count: int, ended: "array[int]", ended_count: int) -> None:
        """Compact live[1 : live_count + 1] and ended[:ended_count]; the new counts are left in the attributes."""
        self._choose(live, live_count)
        words = self.items.words
        kept = self.kept
        masks = self.masks
        first = self.set * self.items.accepts
        mask = self.set * words
        bit = 1
        n = 0
        for i in range(1, live_count + 1):
            item = live[i]
            # a mask never has the bit that says NUL: what may consume one stays
            keep = self.items.sink[item] >= 0 and kept[first + self.items.sink[item]] != 0
            if not keep:
                for w in range(words):
                    if self.items.reach[item * words + w] & ~masks[mask + w]:
                        keep = True
                        break
            if keep:
                n += 1
                live[n] = item
        self.live = n
        n = 0
        for i in range(ended_count):
            item = ended[i]
            if kept[first + item] != 0 or not masks[mask + (item >> 6)] & (bit << (item & 63)):
                ended[n] = item
                n += 1
        self.ended = n

    def _choose(self, live: "array[int]", live_count: int) -> None:
        """The number of the set of sinks of this state."""
        sinks = self.sinks
        n = 0
        for i in range(1, live_count + 1):
            if self.items.sink[live[i]] >= 0:
                sinks[n] = self.items.sink[live[i]]
                n += 1
        self.set = self.sink_sets.intern(sinks, 0, sort_distinct(sinks, 0, n))
        if self.set == self.sets:
            self._learn(self.sink_sets.vector(self.set))
            self.sets += 1

    def _learn(self, sinks: list[int]) -> None:
        """Find out about a set of sinks that was not met before."""
        keep = list(sinks)
        for sink in sinks:
            # one at a time, or two equal sinks would drop each other
            rest = [other for other in keep if other != sink]
            if rest and sink in self._covered_by(rest):
                keep = rest
        bits = sum(_single(index) for index in self._covered_by(keep).union(keep))
        accepts, words = self.items.accepts, self.items.words
        if (self.sets + 1) * accepts > len(self.kept):
            self.kept = _doubled(self.kept, "B", 2 * (self.sets + 1) * accepts)
            self.masks = _doubled(self.masks, "Q", 2 * (self.sets + 1) * words)
        for sink in keep:
            self.kept[self.sets * accepts + sink] = 1
        for w in range(words):
            self.masks[self.sets * words + w] = bits >> 64 * w & 0xFFFFFFFFFFFFFFFF

    def _covered_by(self, sinks: list[int]) -> set[int]:
        """`covered`, from accept indices to accept indices."""
        assert self.covered is not None
        ids = self.covered(tuple(sorted({self.accepts[sink] for sink in sinks})))
        return {index for index, accept in enumerate(self.accepts) if ids >> accept & 1}


def _doubled(old: "array[int]", kind: str, count: int) -> "array[int]":
    """A copy with room for `count`."""
    new = array(kind)
    new.frombytes(bytes(old).ljust(count * new.itemsize, b"\0"))
    return new


def _single(index: int) -> int:
    return 1 << index
