# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
# cython: annotation_typing=False, freethreading_compatible=True
"""The byte classes that a collection of charsets needs, and the charsets in terms of those classes."""

from array import array

from dockarmor.automata.vectors import numbers


class Alphabet:
    """Charsets over byte classes.

    The class of byte 0xff stands for "any other byte". A charset that contains it is cofinite: what is
    listed for it, listed[offsets[i] : offsets[i + 1]], are the classes that it lacks; for other charsets,
    those it has. member[charset * width + class] is 1 for a class within the charset.
    """

    def __init__(self, charsets: list[int]) -> None:
        self.classes = byte_classes(charsets)
        self.width = max(self.classes) + 1
        self.charsets = len(charsets)
        self.cofinite = numbers(len(charsets))
        self.offsets = numbers(len(charsets) + 1)
        self.listed = numbers(len(charsets) * self.width + 1)
        self.member = array("B", (0,)) * (len(charsets) * self.width + 1)
        self._list(charsets)

    def _list(self, charsets: list[int]) -> None:
        width = self.width
        classes = self.classes
        lowest = bytearray(256)
        for byte in range(255, -1, -1):
            lowest[classes[byte]] = byte
        other = classes[255]
        used = 0
        for i in range(len(charsets)):
            bits = charsets[i].to_bytes(32, "little")
            row = i * width
            for column in range(width):
                byte = lowest[column]
                self.member[row + column] = (bits[byte >> 3] >> (byte & 7)) & 1
            inside = self.member[row + other]
            self.cofinite[i] = inside
            for column in range(width):
                if self.member[row + column] != inside:
                    self.listed[used] = column
                    used += 1
            self.offsets[i + 1] = used


def byte_classes(charsets: list[int]) -> bytes:
    """Split the 256 bytes into classes that no charset tells apart, numbered by their lowest byte.

    >>> classes = byte_classes([1 << 97])
    >>> classes[97], classes[98], max(classes)
    (1, 0, 1)
    """
    classes = bytearray(256)
    width = 1
    tally = numbers(256)
    size = numbers(256)
    moved = numbers(256)
    for charset in charsets:
        if width == 256:
            break
        bits = charset.to_bytes(32, "little")
        for number in range(width):
            tally[number] = 0
            size[number] = 0
            moved[number] = -1
        for byte in range(256):
            number = classes[byte]
            size[number] += 1
            tally[number] += (bits[byte >> 3] >> (byte & 7)) & 1
        before = width
        for number in range(before):
            if tally[number] != 0 and tally[number] != size[number]:
                moved[number] = width
                width += 1
        if width == before:
            continue
        for byte in range(256):
            number = classes[byte]
            if moved[number] >= 0 and (bits[byte >> 3] >> (byte & 7)) & 1:
                classes[byte] = moved[number]
    return in_order(bytes(classes))


def in_order(classes: bytes) -> bytes:
    """The same 256 classes, numbered by their lowest byte."""
    order = numbers(256)
    result = bytearray(256)
    count = 0
    for byte in range(256):
        number = classes[byte]
        if order[number] == 0:
            count += 1
            order[number] = count
        result[byte] = order[number] - 1
    return bytes(result)
