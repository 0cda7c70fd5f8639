# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
# cython: annotation_typing=False, freethreading_compatible=True
"""Growing integer arrays, and an interner that gives each distinct integer vector a dense number."""

from array import array

_ZERO = array("i", (0,))
#: one copy of it is cheaper than the repetitions that fill a short array
_ZEROS = _ZERO * 1024


def numbers(count: int) -> "array[int]":
    """An array of `count` zeros."""
    return _ZEROS[:count] if count <= 1024 else _ZERO * count


def grown(old: "array[int]", count: int) -> "array[int]":
    """A copy of `old` with room for `count`."""
    new = numbers(count)
    new[: len(old)] = old
    return new


def enlarge(store: "array[int]", count: int) -> None:
    """Room for `count` numbers, zeros so far, in an array that nobody looks at. It is not copied where it can stay.

    >>> store = array("I", (7,))
    >>> enlarge(store, 3); store
    array('I', [7, 0, 0])
    """
    if count > len(store):
        store.frombytes(bytes(store.itemsize * (count - len(store))))


def unsigned(values: "array[int]", count: int) -> "array[int]":
    """The first `count` numbers, as an array of unsigned ones."""
    result = array("I")
    result.frombytes(memoryview(values).cast("B")[: 4 * count])
    return result


def chosen(values: "array[int]", places: "array[int]") -> "array[int]":
    """values[place] for every place. Both are arrays of unsigned numbers; no place lies outside.

    >>> chosen(array("I", (5, 6, 7)), array("I", (2, 0, 2)))
    array('I', [7, 5, 7])
    """
    result = array("I", (0,)) * len(places)
    target = result
    for i in range(len(places)):
        target[i] = values[places[i]]
    return result


def halved(values: "array[int]") -> "array[int]":
    """The same numbers, which 16 bits hold, in an array of such.

    >>> halved(array("I", (1, 65535)))
    array('H', [1, 65535])
    """
    result = array("H", (0,)) * len(values)
    target = result
    for i in range(len(values)):
        target[i] = values[i]
    return result


def sort_distinct(values: "array[int]", start: int, count: int) -> int:
    """Sort values[start : start + count] in place and drop duplicates; the new count."""
    end = start + count
    gap = 1
    if count > 24:
        while gap < count // 9:
            gap = 3 * gap + 1
    while gap >= 1:
        for i in range(start + gap, end):
            value = values[i]
            j = i - gap
            while j >= start and values[j] > value:
                values[j + gap] = values[j]
                j -= gap
            values[j + gap] = value
        gap = gap // 3
    if count < 2:
        return count
    j = start + 1
    for i in range(start + 1, end):
        if values[i] != values[j - 1]:
            values[j] = values[i]
            j += 1
    return j - start


class VectorSet:
    """Interns integer vectors: equal vectors get equal numbers, from 0 in order of arrival.

    Vector n is pool[offsets[n] : offsets[n + 1]]. `table` is open addressing: 31 bits of a vector's hash, then its
    number plus one in the lower 32.
    """

    def __init__(self) -> None:
        self.store = array("i", (0,)) * 64
        self.pool = self.store
        self.offsets = numbers(18)
        self.table = array("q", (0,)) * 32
        self.mask = 31
        self.count = 0
        self.used = 0

    def intern(self, values: "array[int]", start: int, length: int) -> int:
        """The number of values[start : start + length]; it is `count - 1` for one that is new."""
        mixer = 0x9E3779B97F4A7C15
        word = 0xFFFFFFFF
        wrap = 0xFFFFFFFFFFFFFFFF
        hashed = length + 1
        end = start + length
        i = start
        while i + 1 < end:  # two at a time: a step waits for the one before
            hashed = ((hashed ^ (values[i] & word) ^ (values[i + 1] & word) << 32) * mixer) & wrap
            hashed ^= hashed >> 32
            i += 2
        if i < end:
            hashed = ((hashed ^ (values[i] & word)) * mixer) & wrap
            hashed ^= hashed >> 32
        hashed = (hashed * mixer) & wrap
        signed = hashed >> 33
        place = signed & self.mask
        while True:
            entry = self.table[place]
            if entry == 0:
                break
            if entry >> 32 == signed:
                found = (entry & word) - 1
                offset = self.offsets[found]
                if self.offsets[found + 1] - offset == length:
                    i = 0
                    while i < length and self.pool[offset + i] == values[start + i]:
                        i += 1
                    if i == length:
                        return found
            place = (place + 1) & self.mask
        return self._add(values, start, length, signed, place)

    def _add(self, values: "array[int]", start: int, length: int, signed: int, place: int) -> int:
        number = self.count
        if number + 2 >= len(self.offsets):
            self.offsets = grown(self.offsets, 2 * len(self.offsets))
        if self.used + length > len(self.pool):
            self.pool = _ZERO  # an array that is looked at cannot grow
            enlarge(self.store, self.used + self.used // 4 + length + 64)
            self.pool = self.store
        for i in range(length):
            self.pool[self.used + i] = values[start + i]
        self.offsets[number] = self.used
        self.used += length
        self.offsets[number + 1] = self.used
        self.table[place] = (signed << 32) + number + 1
        self.count = number + 1
        if 2 * self.count > self.mask:
            self._rehash()
        return number

    def _rehash(self) -> None:
        size = 2 * (self.mask + 1)
        old = self.table
        self.table = array("q", (0,)) * size
        self.mask = size - 1
        for i in range(size // 2):
            entry = old[i]
            if entry != 0:
                place = (entry >> 32) & self.mask
                while self.table[place] != 0:
                    place = (place + 1) & self.mask
                self.table[place] = entry

    def vector(self, number: int) -> list[int]:
        """Vector `number`, as a list."""
        return [self.pool[i] for i in range(self.offsets[number], self.offsets[number + 1])]
