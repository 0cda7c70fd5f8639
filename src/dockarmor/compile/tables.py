"""An automaton's tables as bytes: a header and flat arrays, all big endian.

Source: security/apparmor/match.c (aa_dfa_unpack, unpack_table) and include/match.h.
"""

import sys
from array import array
from struct import Struct

from dockarmor.automata.tables import Tables
from dockarmor.automata.vectors import halved
from dockarmor.automata.walk import MalformedTables, verify
from dockarmor.compile.stream import broken
from dockarmor.value import frozen

ACCEPT, BASE, CHECK, DEFAULT, CLASSES, _META, ACCEPT2, NEXT = range(1, 9)

MAGIC = 0x1B5E783D
VERSION = b"notflex\0"
HEADER_SIZE = 24
DIFFERENTIAL, OUT_OF_BAND = 1, 2

#: Bits in a base entry that say how the state is walked.
BASE_DIFFERENTIAL = 1 << 31
BASE_OUT_OF_BAND = 1 << 29

#: A 16-bit table can name this many states.
MAX_STATES_16 = 0xFFFF

_HEADER = Struct(">IIIH")
_TABLE = Struct(">HHII")
_SIZES = {
    ACCEPT: (4,),
    BASE: (4,),
    CHECK: (2, 4),
    DEFAULT: (2, 4),
    CLASSES: (1,),
    ACCEPT2: (4,),
    NEXT: (2, 4),
}
_NAMES = {
    ACCEPT: "accept",
    BASE: "base",
    CHECK: "check",
    DEFAULT: "default",
    CLASSES: "class",
    ACCEPT2: "accept2",
    NEXT: "next",
}
_CODES = {1: "B", 2: "H", 4: "I"}


@frozen(eq=False)
class Dfa:
    """Tables as a blob holds them. `tables.values` is the accept table; `accept2` may be missing.

    `flags` are what a header claims; what is written is what the tables need.
    """

    tables: Tables
    accept2: "array[int] | None"
    flags: int = 0
    wide: bool = False


def dfa_bytes(dfa: Dfa) -> bytes:
    """The tables in the order in which the parsers write them.

    Raises ValueError where 16 bits do not hold a state number; `Dfa.wide` asks for 32.
    """
    tables = dfa.tables
    states = len(tables.base)
    if not dfa.wide and states > MAX_STATES_16:
        raise ValueError("more states than a 16-bit table can name")
    width = 4 if dfa.wide else 2
    parts = [b"", *_table(ACCEPT, 4, _words(tables.values))]
    if dfa.accept2 is not None:
        parts += _table(ACCEPT2, 4, _words(dfa.accept2))
    if tables.classes is not None:
        parts += _table(CLASSES, 1, tables.classes)
    bases = _words(tables.base)
    parts += _table(BASE, 4, bases)
    for id, data in ((DEFAULT, tables.default), (NEXT, tables.next), (CHECK, tables.check)):
        parts += _table(id, width, _words(data) if dfa.wide else _halves(data))
    size = HEADER_SIZE + sum(map(len, parts))
    header = _HEADER.pack(MAGIC, HEADER_SIZE, size, _flags(bases)) + VERSION
    parts[0] = header.ljust(HEADER_SIZE, b"\0")
    return b"".join(parts)


def _flags(bases: bytes) -> int:
    """What the base entries, big endian, say of how states are walked: it stands in their first byte."""
    told = set(bases[::4])
    differential = any(byte & BASE_DIFFERENTIAL >> 24 for byte in told)
    out_of_band = any(byte & BASE_OUT_OF_BAND >> 24 for byte in told)
    return (DIFFERENTIAL if differential else 0) | (OUT_OF_BAND if out_of_band else 0)


def _table(id: int, width: int, data: bytes) -> tuple[bytes, bytes, bytes]:
    head = _TABLE.pack(id, width, 0, len(data) // width)
    return head, data, bytes(-(len(head) + len(data)) % 8)


def _words(data: "array[int]") -> bytes:
    """Numbers in an array's own width, big endian."""
    elements = data[:]
    if sys.byteorder == "little":
        elements.byteswap()
    return elements.tobytes()


def _halves(data: "array[int]") -> bytes:
    """Numbers of 32 bits that 16 hold, big endian."""
    return _words(halved(data))


def read_dfa(data: bytes, offset: int) -> Dfa:
    """The tables in these bytes, verified as the kernel verifies them.

    `offset` is where they stand in the blob. Raises DiagnosticError (DA502).
    """
    if len(data) < _HEADER.size:
        raise broken("DA502", "an automaton is too short for its header", offset)
    magic, header_size, _, flags = _HEADER.unpack_from(data)
    if magic != MAGIC:
        raise broken("DA502", f"an automaton begins with 0x{magic:08x} instead of 0x{MAGIC:08x}", offset)
    if not _HEADER.size <= header_size <= len(data):
        raise broken("DA502", f"an automaton's header claims {header_size} bytes", offset)
    if flags & ~(DIFFERENTIAL | OUT_OF_BAND):
        raise broken("DA502", f"an automaton has unknown flags 0x{flags:x}", offset)
    found = _read_tables(data, header_size, offset)
    dfa = _assemble(found, flags, offset)
    _check_flags(dfa, offset)
    try:
        verify(dfa.tables)
    except MalformedTables as error:
        raise broken("DA502", f"an automaton is malformed: {error}", offset) from None
    return dfa


def _read_tables(data: bytes, pos: int, offset: int) -> "dict[int, array[int]]":
    found: dict[int, array[int]] = {}
    while pos < len(data):
        if pos + _TABLE.size > len(data):
            raise broken("DA502", "an automaton ends within a table's header", offset + pos)
        id, width, _, count = _TABLE.unpack_from(data, pos)
        if id not in _SIZES:
            raise broken("DA502", f"{id} is no table of an automaton", offset + pos)
        if id in found:
            raise broken("DA502", f"an automaton has two {_NAMES[id]} tables", offset + pos)
        if width not in _SIZES[id]:
            raise broken("DA502", f"a {_NAMES[id]} table has elements of {width} bytes", offset + pos)
        end = pos + _TABLE.size + width * count
        if end > len(data):
            raise broken("DA502", f"the {_NAMES[id]} table ends before its {count} elements", offset + pos)
        found[id] = elements = array(_CODES[width])
        elements.frombytes(data[pos + _TABLE.size : end])
        if width > 1 and sys.byteorder == "little":
            elements.byteswap()
        pos = end + -end % 8 if (end - pos) % 8 else end
    return found


def _assemble(found: "dict[int, array[int]]", flags: int, offset: int) -> Dfa:
    for id in (ACCEPT, BASE, DEFAULT, NEXT, CHECK):
        if id not in found:
            raise broken("DA502", f"an automaton has no {_NAMES[id]} table", offset)
    states = len(found[BASE])
    if states < 2:
        raise broken("DA502", "an automaton needs a trap and a start state", offset)
    for id in (ACCEPT, ACCEPT2, DEFAULT):
        if id in found and len(found[id]) != states:
            raise broken("DA502", f"the {_NAMES[id]} table has {len(found[id])} states, not {states}", offset)
    if len(found[NEXT]) != len(found[CHECK]):
        raise broken("DA502", "the next and check tables differ in length", offset)
    classes = found.get(CLASSES)
    if classes is not None and len(classes) != 256:
        raise broken("DA502", f"the class table has {len(classes)} elements, not 256", offset)
    tables = Tables(
        values=found[ACCEPT],
        base=found[BASE],
        default=array("I", found[DEFAULT]),
        next=array("I", found[NEXT]),
        check=array("I", found[CHECK]),
        classes=None if classes is None else classes.tobytes(),
    )
    return Dfa(tables, found.get(ACCEPT2), flags, found[NEXT].itemsize == 4)


def _check_flags(dfa: Dfa, offset: int) -> None:
    """A base bit is only allowed where the header announces it (verify_dfa)."""
    used = 0
    for base in dfa.tables.base:
        used |= base
    if used & BASE_DIFFERENTIAL and not dfa.flags & DIFFERENTIAL:
        raise broken("DA502", "an automaton is differential but does not say so", offset)
    if used & BASE_OUT_OF_BAND and not dfa.flags & OUT_OF_BAND:
        raise broken("DA502", "an automaton has out-of-band steps but does not say so", offset)
