# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
# cython: annotation_typing=False, freethreading_compatible=True
"""Tables are checked once, then walked without further checks."""

from array import array

from dockarmor.automata.expand import expand
from dockarmor.automata.tables import DIFFERENTIAL, OFFSET, OUT_OF_BAND, Tables

__all__ = ["MalformedTables", "expand", "step_out_of_band", "verify", "walk", "walk_many"]


class MalformedTables(Exception):
    """Tables that must not be walked. `state` is where, -1 for the tables as a whole."""

    def __init__(self, reason: str, state: int = -1) -> None:
        super().__init__(reason if state < 0 else f"{reason} (state {state})")
        self.reason = reason
        self.state = state


def verify(tables: Tables) -> None:
    """Check what a kernel checks. After this every walk stays inside the tables and ends.

    Beyond the kernel's rules the dead state must be dead: a policy that brings it to life is not one that
    we can decide. Raises MalformedTables.
    """
    states = len(tables.base)
    slots = len(tables.next)
    if states < 2:
        raise MalformedTables("fewer than two states")
    if len(tables.default) != states or len(tables.values) != states:
        raise MalformedTables("the tables per state differ in length")
    if len(tables.check) != slots:
        raise MalformedTables("next and check differ in length")
    for table in (tables.values, tables.base, tables.default, tables.next, tables.check):
        if table.typecode != "I":
            raise MalformedTables("a table is not of 32-bit numbers")
    if tables.classes is not None and len(tables.classes) != 256:
        raise MalformedTables("the class table has not 256 entries")
    base = tables.base
    default = tables.default
    following = tables.next
    check = tables.check
    strange = 0xFFFFFFFF ^ OFFSET ^ DIFFERENTIAL ^ OUT_OF_BAND
    band = OUT_OF_BAND
    mask = OFFSET
    for s in range(states):
        entry = base[s]
        if entry & strange:
            raise MalformedTables("unknown bits in a base", s)
        if (entry & mask) + 255 >= slots:
            raise MalformedTables("a base lies beyond the end", s)
        if entry & band and entry & mask == 0:
            raise MalformedTables("an out-of-band edge lies before the beginning", s)
        if default[s] >= states:
            raise MalformedTables("a default is no state", s)
    for i in range(slots):
        if following[i] >= states or check[i] >= states:
            raise MalformedTables(f"slot {i} names no state")
    _verify_chains(tables)
    if base[0] & ~mask or default[0] != 0:
        raise MalformedTables("the dead state is not dead", 0)
    for i in range(base[0] & mask, (base[0] & mask) + 256):
        if check[i] == 0 and following[i] != 0:
            raise MalformedTables("the dead state is not dead", 0)


def _verify_chains(tables: Tables) -> None:
    """Differential states must come down to one that is not."""
    base = tables.base
    default = tables.default
    differential = DIFFERENTIAL
    done = bytearray(len(base))
    for s in range(len(base)):
        at = s
        while base[at] & differential and done[at] == 0:
            done[at] = 1
            at = default[at]
        if base[at] & differential and done[at] == 1:
            raise MalformedTables("a differential chain does not end", s)
        end = s
        while base[end] & differential and done[end] == 1:
            done[end] = 2
            end = default[end]


def _step(
    base: "array[int]",
    default: "array[int]",
    following: "array[int]",
    check: "array[int]",
    state: int,
    symbol: int,
) -> int:
    at = state
    while True:
        entry = base[at]
        slot = (entry & 0xFFFFFF) + symbol
        if check[slot] == at:
            return following[slot]
        at = default[at]
        if not entry >> 31:
            return at


def walk(tables: Tables, state: int, data: bytes) -> int:
    """The state that `data` leads to from `state`. State 0 stays where it is. Raises IndexError for no state.

    >>> from dockarmor.automata.dfa import EMPTY
    >>> from dockarmor.automata.pack import pack
    >>> walk(pack(EMPTY), 1, b"x")
    0
    """
    base = tables.base
    default = tables.default
    following = tables.next
    check = tables.check
    classes = tables.classes
    if not 0 <= state < len(base):
        raise IndexError(f"{state} is no state")
    now = state
    for i in range(len(data)):
        if now == 0:
            break
        symbol = data[i]
        if classes is not None:
            symbol = classes[symbol]
        now = _step(base, default, following, check, now, symbol)
    return now


def walk_many(tables: Tables, state: int, data: bytes, offsets: "array[int]") -> "array[int]":
    """Walk the strings data[offsets[i] : offsets[i + 1]], each from `state`; the states they lead to.

    Offsets must ascend and lie within `data`: else ValueError. Raises IndexError for no state.

    >>> from dockarmor.automata.dfa import EMPTY
    >>> from dockarmor.automata.pack import pack
    >>> walk_many(pack(EMPTY), 1, b"ab", array("I", (0, 0, 2)))
    array('I', [1, 0])
    """
    base = tables.base
    default = tables.default
    following = tables.next
    check = tables.check
    classes = tables.classes
    if not 0 <= state < len(base):
        raise IndexError(f"{state} is no state")
    count = max(len(offsets) - 1, 0)
    result = array("I", (0,)) * count
    reached = result
    at = offsets[0] if count else 0
    if at < 0:
        raise ValueError("an offset lies before the beginning")
    for n in range(count):
        high = offsets[n + 1]
        if high < at or high > len(data):
            raise ValueError("offsets must ascend within the data")
        now = state
        for i in range(at, high):
            if now == 0:
                break
            symbol = data[i]
            if classes is not None:
                symbol = classes[symbol]
            now = _step(base, default, following, check, now, symbol)
        reached[n] = now
        at = high
    return result


def step_out_of_band(tables: Tables, state: int) -> int:
    """Where the symbol -1 leads from `state`; 0 where the state has no such edge."""
    if not 0 <= state < len(tables.base):
        raise IndexError(f"{state} is no state")
    entry = tables.base[state]
    if not entry & OUT_OF_BAND:
        return 0
    return _step(tables.base, tables.default, tables.next, tables.check, state, -1)
