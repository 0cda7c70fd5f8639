# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
# cython: annotation_typing=False, freethreading_compatible=True
"""Two automata walked side by side over all strings: differences, witnesses, set algebra."""

from array import array
from collections.abc import Callable

from dockarmor.automata.dfa import EMPTY, Dfa
from dockarmor.automata.encode import full_rows
from dockarmor.automata.expand import expand
from dockarmor.automata.limits import DEFAULT, LimitExceeded, Limits
from dockarmor.automata.tables import Tables
from dockarmor.automata.vectors import grown, numbers, unsigned
from dockarmor.value import frozen

#: which byte a witness shows for a class of bytes: what reads best first
_READABLE = b"/abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"
_RANK = {byte: rank for rank, byte in enumerate(_READABLE)}

#: the symbol of an out-of-band edge in `via`
_BAND = 256


@frozen
class Difference:
    """A shortest string over which two automata differ, and the states that it leads to.

    out_of_band: places in the witness before which the symbol -1 stands.
    """

    witness: bytes
    left: int
    right: int
    out_of_band: tuple[int, ...] = ()


def difference(
    left: Tables,
    left_values: "array[int]",
    right: Tables,
    right_values: "array[int]",
    left_start: int = 1,
    right_start: int = 1,
    limits: Limits = DEFAULT,
) -> Difference | None:
    """The first string, shortest first, whose values differ; None where there is none.

    The values are per state and need not be those of the tables. Both tables must be verified; their
    encodings do not matter. Raises LimitExceeded ("pairs" or "cells").

    >>> from dockarmor.automata.pack import pack
    >>> tables = pack(EMPTY)
    >>> difference(tables, array("I", [0, 0]), tables, array("I", [0, 7]))
    Difference(witness=b'', left=1, right=1, out_of_band=())
    """
    product = Product(expand(left, limits), expand(right, limits), limits)
    product.pair(left_start, right_start, -1, -1)
    found = product.search(left_values, right_values)
    if found < 0:
        return None
    witness, band = product.spell(found)
    return Difference(witness, product.left[found], product.right[found], band)


def witness(dfa: Dfa, wanted: Callable[[int], bool], start: int = 1) -> bytes | None:
    """A shortest string from `start` to a state whose value is wanted, of readable bytes where it can be.

    >>> witness(EMPTY, lambda value: value == 0), witness(EMPTY, lambda value: value > 0)
    (b'', None)
    """
    asked = {value: int(wanted(value)) for value in set(dfa.values)}
    product = Product(_without_band(dfa), EMPTY, DEFAULT)
    product.pair(start, 0, -1, -1)
    found = product.search(array("I", [asked[value] for value in dfa.values]), EMPTY.values)
    return None if found < 0 else product.spell(found)[0]


def live_values(dfa: Dfa, start: int = 1) -> frozenset[int]:
    """All values that some string from `start` has.

    >>> live_values(EMPTY)
    frozenset({0})
    """
    product = Product(_without_band(dfa), EMPTY, DEFAULT)
    product.pair(start, 0, -1, -1)
    product.search(None, None)
    return frozenset(dfa.values[state] for state in set(product.left[: product.count]))


def combine(left: Dfa, right: Dfa, merge: Callable[[int, int], int], limits: Limits = DEFAULT) -> Dfa:
    """The automaton whose value for a string is merge(left value, right value).

    `merge` is called once per pair of values. The result is not minimal. Raises LimitExceeded ("pairs"), and
    ValueError where there are out-of-band edges.

    >>> everything = combine(EMPTY, EMPTY, lambda left, right: 1)
    >>> everything.value(b"any"), combine(everything, EMPTY, lambda left, right: left & right).value(b"any")
    (1, 0)
    """
    if left.out_of_band is not None or right.out_of_band is not None:
        raise ValueError("automata with out-of-band edges cannot be combined")
    known: dict[tuple[int, int], int] = {(0, 0): merge(0, 0)}
    product = Product(left, right, limits)
    # where even the dead pair has a value, state 0 is one that nothing leads to
    first = 1 if known[0, 0] else 0
    if not first:
        product.pair(0, 0, -1, -1)
    product.pair(1, 1, -1, -1)
    defaults, offsets, columns, targets = product.rows(first)
    values = array("I", (0,)) * first
    for i in range(product.count):
        key = left.values[product.left[i]], right.values[product.right[i]]
        if key not in known:
            known[key] = merge(*key)
        values.append(known[key])
    return Dfa(product.classes, product.width, defaults, offsets, columns, targets, values)


def revalue(dfa: Dfa, change: Callable[[int], int]) -> Dfa:
    """The same strings with changed values; change(0) may be non-zero, which makes a complement.

    >>> revalue(EMPTY, lambda value: 1 - value).value(b"x")
    1
    """
    return combine(dfa, EMPTY, lambda value, _: change(value))


def _without_band(dfa: Dfa) -> Dfa:
    if dfa.out_of_band is None:
        return dfa
    return Dfa(dfa.classes, dfa.width, dfa.defaults, dfa.offsets, dfa.columns, dfa.targets, dfa.values)


class Product:
    """Pairs of states, in the order in which strings reach them."""

    def __init__(self, left: Dfa, right: Dfa, limits: Limits) -> None:
        self.limit = limits.pairs
        self.left_rows = full_rows(left, limits.cells)
        self.right_rows = full_rows(right, limits.cells)
        self.left_width = left.width
        self.right_width = right.width
        self.left_band = left.out_of_band
        self.right_band = right.out_of_band
        self.left = numbers(64)
        self.right = numbers(64)
        self.parent = numbers(64)
        self.via = numbers(64)
        self.table = numbers(128)
        self.mask = 127
        self.count = 0
        self.last_left = -1  # neighbouring classes often lead to the same pair
        self.last_right = -1
        self.last = -1
        self._join(left.classes, right.classes)

    def _join(self, left: bytes, right: bytes) -> None:
        """Classes of bytes that neither automaton tells apart, numbered by their lowest byte."""
        known: dict[tuple[int, int], int] = {}
        self.classes = bytes([known.setdefault(pair, len(known)) for pair in zip(left, right, strict=True)])
        self.width = len(known)
        self.left_column = numbers(self.width)
        self.right_column = numbers(self.width)
        for pair, number in known.items():
            self.left_column[number] = pair[0]
            self.right_column[number] = pair[1]
        self.letters = [-1] * self.width
        for byte in sorted(range(256), key=_rank):
            if self.letters[self.classes[byte]] < 0:
                self.letters[self.classes[byte]] = byte

    def pair(self, left: int, right: int, parent: int, via: int) -> int:
        """The number of a pair; a new one remembers the pair and the class that led to it."""
        if left == self.last_left and right == self.last_right:
            return self.last
        found = self._find(left, right, parent, via)
        self.last_left = left
        self.last_right = right
        self.last = found
        return found

    def _find(self, left: int, right: int, parent: int, via: int) -> int:
        mixer = 0x9E3779B97F4A7C15
        wrap = 0xFFFFFFFFFFFFFFFF
        key = left
        key = (key << 32) | right
        key = (key * mixer) & wrap
        place = (key >> 32) & self.mask
        while self.table[place] != 0:
            found = self.table[place] - 1
            if self.left[found] == left and self.right[found] == right:
                return found
            place = (place + 1) & self.mask
        found = self.count
        if found >= self.limit:
            raise LimitExceeded("pairs", self.limit)
        if found >= len(self.left):
            self.left = grown(self.left, 2 * found)
            self.right = grown(self.right, 2 * found)
            self.parent = grown(self.parent, 2 * found)
            self.via = grown(self.via, 2 * found)
        self.left[found] = left
        self.right[found] = right
        self.parent[found] = parent
        self.via[found] = via
        self.table[place] = found + 1
        self.count = found + 1
        if 2 * self.count > self.mask:
            self._rehash()
        return found

    def _rehash(self) -> None:
        mixer = 0x9E3779B97F4A7C15
        wrap = 0xFFFFFFFFFFFFFFFF
        self.mask = 2 * self.mask + 1
        self.table = numbers(self.mask + 1)
        for i in range(self.count):
            key = self.left[i]
            key = (key << 32) | self.right[i]
            key = (key * mixer) & wrap
            place = (key >> 32) & self.mask
            while self.table[place] != 0:
                place = (place + 1) & self.mask
            self.table[place] = i + 1

    def search(self, left_values: "array[int] | None", right_values: "array[int] | None") -> int:
        """Visit all pairs beyond the given ones; the first whose values differ, -1 if none does."""
        none = array("I")
        lows = left_values if left_values is not None else none
        highs = right_values if right_values is not None else none
        comparing = left_values is not None
        banded = self.left_band is not None or self.right_band is not None
        order = numbers(self.width)
        for i, letter in enumerate(sorted(self.letters, key=_rank)):
            order[i] = self.classes[letter]
        i = 0
        while i < self.count:
            if comparing and lows[self.left[i]] != highs[self.right[i]]:
                return i
            for n in range(self.width):
                self._step(i, order[n])
            if banded:
                self.pair(
                    self.left_band[self.left[i]] if self.left_band is not None else 0,
                    self.right_band[self.right[i]] if self.right_band is not None else 0,
                    i,
                    _BAND,
                )
            i += 1
        return -1

    def spell(self, found: int) -> tuple[bytes, tuple[int, ...]]:
        """The string that leads to a pair, and where the symbol -1 stands in it."""
        path: list[int] = []
        while self.parent[found] >= 0:
            path.append(self.via[found])
            found = self.parent[found]
        text = bytearray()
        band = []
        for column in reversed(path):
            if column == _BAND:
                band.append(len(text))
            else:
                text.append(self.letters[column])
        return bytes(text), tuple(band)

    def rows(self, first: int) -> "tuple[array[int], array[int], array[int], array[int]]":
        """Defaults, offsets, columns and targets of all pairs, which are numbered from `first`."""
        defaults = numbers(64)
        offsets = numbers(65)
        columns = numbers(64)
        targets = numbers(64)
        other = self.classes[255]
        used = 0
        i = 0
        while i < self.count:
            if i + first + 1 >= len(defaults):
                defaults = grown(defaults, 2 * len(defaults))
                offsets = grown(offsets, 2 * len(offsets))
            if used + self.width > len(columns):
                columns = grown(columns, 2 * used + self.width)
                targets = grown(targets, 2 * used + self.width)
            default = self._step(i, other) + first
            defaults[i + first] = default
            for c in range(self.width):
                target = self._step(i, c) + first
                if target != default:
                    columns[used] = c
                    targets[used] = target
                    used += 1
            i += 1
            offsets[i + first] = used
        states = self.count + first
        return (
            unsigned(defaults, states),
            unsigned(offsets, states + 1),
            unsigned(columns, used),
            unsigned(targets, used),
        )

    def _step(self, i: int, c: int) -> int:
        return self.pair(
            self.left_rows[self.left[i] * self.left_width + self.left_column[c]],
            self.right_rows[self.right[i] * self.right_width + self.right_column[c]],
            i,
            c,
        )


def _rank(byte: int) -> int:
    """Readable first, then printable, then the rest; NUL last."""
    if byte == 0:
        return 1000
    return _RANK.get(byte, 100 + byte if 32 <= byte < 127 else 400 + byte)
