# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
# cython: annotation_typing=False, freethreading_compatible=True
"""Sets of bytes as 256-bit integers (bit n: byte n), and the byte classes that a collection of them needs."""

from dockarmor.automata.limits import PatternError

#: every byte
EVERY = (1 << 256) - 1


def only(byte: int) -> int:
    """The set of one byte."""
    return 1 << byte


def parse_class(text: bytes, offset: int = 0) -> int:
    """The set of a class `[...]`; `text` includes both brackets. `offset` is where it stands, for errors.

    class = "[" [ "^" ] item { item } "]" ; item = byte [ "-" byte ] ; byte = literal | "\\xHH" | "\\" byte
    A `-` first or last is itself; a `]` is written `\\]`. A range may not be reversed.

    >>> parse_class(b"[a-c]") == 0b111 << ord("a")
    True
    """
    negated = text[1:2] == b"^"
    found = 0
    at = 2 if negated else 1
    end = len(text) - 1
    if at >= end:
        raise PatternError("an empty class", offset)
    while at < end:
        first = at
        low, at = class_byte(text, at, offset)
        high = low
        if at + 1 < end and text[at] == 45:
            high, at = class_byte(text, at + 1, offset)
            if high < low:
                raise PatternError("a reversed range", offset + first)
        found |= ((1 << (high - low + 1)) - 1) << low
    return EVERY & ~found if negated else found


def class_byte(text: bytes, at: int, offset: int) -> tuple[int, int]:
    """One byte of a class, and where the next begins."""
    if text[at] != 92:
        return text[at], at + 1
    if text[at + 1] == 120:
        return hex_byte(text, at, offset), at + 4
    return text[at + 1], at + 2


def hex_byte(text: bytes, at: int, offset: int = 0) -> int:
    """The value of the `\\xHH` at `at`."""
    digits = text[at + 2 : at + 4]
    if len(digits) < 2 or not digits.isalnum():
        raise PatternError("two hex digits must follow \\x", offset + at)
    try:
        return int(digits, 16)
    except ValueError:
        raise PatternError("two hex digits must follow \\x", offset + at) from None
