# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
# cython: annotation_typing=False, freethreading_compatible=True
"""Rows into a comb: every row slides along the table until its entries fall into free slots."""

from array import array

from dockarmor.automata.dfa import Dfa
from dockarmor.automata.encode import Encoder
from dockarmor.automata.limits import LimitExceeded
from dockarmor.automata.tables import DIFFERENTIAL, OFFSET, OUT_OF_BAND, Tables
from dockarmor.automata.vectors import VectorSet, numbers, unsigned

__all__ = ["Tables", "pack"]

#: so many slots of 16-bit numbers cost as much as a class table
CLASSES_COST = 67
#: above so many states classes always come out smaller
FEW = 256


def pack(
    dfa: Dfa,
    *,
    differential: bool = False,
    classes: bool = False,
    chain: int = 4,
) -> Tables:
    """The tables of an automaton.

    `differential`: states may be stored as what differs from another state, in chains of at most `chain`
    steps. `classes`: symbols are byte classes, unless bytes come out smaller. Both make tables smaller and
    each step a little slower. Raises LimitExceeded ("entries" where the tables would be too large).

    >>> from dockarmor.automata.dfa import EMPTY
    >>> tables = pack(EMPTY)
    >>> len(tables.base), len(tables.next)
    (2, 256)
    """
    if not classes:
        return _packed(dfa, False, differential, chain)
    by_class = _packed(dfa, True, differential, chain)
    if dfa.states > FEW:
        return by_class
    by_byte = _packed(dfa, False, differential, chain)
    return by_class if len(by_class.next) + CLASSES_COST < len(by_byte.next) else by_byte


def _packed(dfa: Dfa, by_class: bool, differential: bool, chain: int) -> Tables:
    rows = Encoder(dfa, by_class, chain)
    rows.run(differential)
    symbols = dfa.classes.translate(rows.spread().ljust(256, b"\0")) if by_class else None
    comb = Comb(rows)
    if comb.highest > OFFSET:
        raise LimitExceeded("entries", OFFSET)
    return _assemble(dfa, rows, comb, symbols)


def _assemble(dfa: Dfa, rows: Encoder, comb: "Comb", classes: bytes | None) -> Tables:
    states = rows.states
    size = comb.highest + (256 if dfa.out_of_band is None else 257)
    result = [array("I", (0,)) * size, array("I", (0,)) * size, array("I", (0,)) * states]
    following, check, base = result
    banded = dfa.out_of_band is not None
    band = dfa.out_of_band if dfa.out_of_band is not None else array("I")
    for s in range(states):
        place = comb.base[s]
        for i in range(rows.offsets[s], rows.offsets[s + 1]):
            following[place + rows.entries[i]] = rows.targets[i]
            check[place + rows.entries[i]] = s
        flag = 0
        if rows.relative[s]:
            flag = DIFFERENTIAL
        if banded and band[s] != 0:
            # the symbols of such a row are moved up by one
            place += 1
            flag |= OUT_OF_BAND
        base[s] = place | flag
    return Tables(
        values=dfa.values,
        base=result[2],
        default=unsigned(rows.default, states),
        next=result[0],
        check=result[1],
        classes=classes,
    )


#: as many entries has a row at most: all bytes, and the out-of-band edge
LONGEST = 257


class Comb:
    """Finds the base of every row, longest rows first.

    `taken` has a bit per slot. The bits that a row's entries would fall on, each shifted by its symbol and
    joined, show which of 64 neighbouring bases are free. Rows with the same symbols go on from where the last
    one fitted: what was full stays full.
    """

    def __init__(self, rows: Encoder) -> None:
        self.rows = rows
        self.words = (rows.used >> 5) + 16
        self.taken = array("Q", (0,)) * self.words
        self.taken[0] = 1  # slot 0 belongs to the dead state
        self.full = 0
        self.shapes = VectorSet()
        self.hint = numbers(rows.states + 1)
        self.order = numbers(rows.states)
        self.base = numbers(rows.states)
        self.highest = 0
        self._sort()
        self._place()

    def _sort(self) -> None:
        """The longest rows first, those of one length by their first symbol: the last rows reach the last slots."""
        offsets = self.rows.offsets
        by_symbol = numbers(self.rows.states)
        tally = numbers(LONGEST + 2)
        for s in range(self.rows.states):
            tally[self._first(s) + 1] += 1
        for n in range(LONGEST + 1):
            tally[n + 1] += tally[n]
        for s in range(self.rows.states):
            symbol = self._first(s)
            by_symbol[tally[symbol]] = s
            tally[symbol] += 1
        tally = numbers(LONGEST + 2)
        for s in range(self.rows.states):
            tally[LONGEST - (offsets[s + 1] - offsets[s]) + 1] += 1
        for n in range(LONGEST + 1):
            tally[n + 1] += tally[n]
        for n in range(self.rows.states):
            s = by_symbol[n]
            missing = LONGEST - (offsets[s + 1] - offsets[s])
            self.order[tally[missing]] = s
            tally[missing] += 1

    def _first(self, s: int) -> int:
        """The first symbol of a row, 0 of one without entries."""
        low = self.rows.offsets[s]
        return self.rows.entries[low] if low < self.rows.offsets[s + 1] else 0

    def _place(self) -> None:
        bit = 1
        for i in range(self.rows.states):
            s = self.order[i]
            low = self.rows.offsets[s]
            high = self.rows.offsets[s + 1]
            if low == high:
                continue  # base 0, where every slot belongs to someone else
            shape = self.shapes.intern(self.rows.entries, low, high - low)
            place = self._fit(low, high, self.hint[shape])
            self.hint[shape] = place >> 6
            self.base[s] = place
            if place > self.highest:
                self.highest = place
            for j in range(low, high):
                symbol = place + self.rows.entries[j]
                self.taken[symbol >> 6] |= bit << (symbol & 63)

    def _fit(self, low: int, high: int, word: int) -> int:
        """The lowest base from 64 * word on where a row fits."""
        ones = 0xFFFFFFFFFFFFFFFF
        one = 1
        entries = self.rows.entries
        while self.full + 1 < self.words and self.taken[self.full] == ones:
            self.full += 1
        # nothing is free below `full`, so the first entry cannot lie there
        word = max(word, self.full - (entries[low] >> 6) - 1, 0)
        taken = self.taken
        while True:
            if word + 6 > self.words:
                self._room(2 * word + 12)
                taken = self.taken
            found = 0
            for j in range(low, high):
                slot = (word << 6) + entries[j]
                shift = slot & 63
                slot >>= 6
                part = taken[slot] >> shift
                if shift:
                    part |= (taken[slot + 1] << (64 - shift)) & ones
                found |= part
                if found == ones:
                    break
            if found != ones:
                break
            word += 1
        bit = 0
        while (found >> bit) & one:
            bit += 1
        return (word << 6) + bit

    def _room(self, words: int) -> None:
        old = self.taken
        self.taken = array("Q", (0,)) * words
        self.taken[: self.words] = old
        self.words = words
