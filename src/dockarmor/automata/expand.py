# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
# cython: annotation_typing=False, freethreading_compatible=True
"""Tables back into an automaton, wherever they came from."""

from array import array

from dockarmor.automata.alphabet import in_order
from dockarmor.automata.dfa import Dfa
from dockarmor.automata.limits import DEFAULT, LimitExceeded, Limits
from dockarmor.automata.tables import DIFFERENTIAL, OFFSET, OUT_OF_BAND, Tables
from dockarmor.automata.vectors import numbers


def expand(tables: Tables, limits: Limits = DEFAULT) -> Dfa:
    """The automaton of verified tables: same states, same numbers, bytes that are never told apart in one class.

    Raises LimitExceeded ("cells").

    >>> from dockarmor.automata.dfa import EMPTY
    >>> from dockarmor.automata.pack import pack
    >>> expand(pack(EMPTY)).identical(EMPTY)
    True
    """
    symbols = 256 if tables.classes is None else max(tables.classes) + 1
    if tables.states * symbols > limits.cells:
        raise LimitExceeded("cells", limits.cells)
    full = comb_rows(tables, symbols)
    band = None
    if any(entry & OUT_OF_BAND for entry in tables.base):
        band = array("I", [_band_target(tables, state) for state in range(tables.states)])
    symbol_of = bytes(range(256)) if tables.classes is None else tables.classes
    return sparse(full, symbols, symbol_of, tables.values, band)


def comb_rows(tables: Tables, symbols: int) -> "array[int]":
    """All rows, symbol by symbol: each begins as a copy of what it is relative to, then takes its own entries."""
    base = tables.base
    default = tables.default
    following = tables.next
    check = tables.check
    states = len(base)
    full = array("I", (0,)) * (states * symbols)
    rows = full
    stack = numbers(states + 1)
    done = bytearray(states)
    for s in range(states):
        at = s
        depth = 0
        while True:
            stack[depth] = at
            depth += 1
            if not base[at] >> 31 or done[default[at]]:
                break
            at = default[at]
        while depth > 0:
            depth -= 1
            at = stack[depth]
            if done[at]:
                continue
            done[at] = 1
            row = at * symbols
            entry = base[at]
            if entry >> 31:
                parent = default[at] * symbols
                for c in range(symbols):
                    rows[row + c] = rows[parent + c]
            else:
                for c in range(symbols):
                    rows[row + c] = default[at]
            slot = entry & 0xFFFFFF
            for c in range(symbols):
                if check[slot + c] == at:
                    rows[row + c] = following[slot + c]
    return full


def _band_target(tables: Tables, state: int) -> int:
    if not tables.base[state] & OUT_OF_BAND:
        return 0
    while True:
        slot = (tables.base[state] & OFFSET) - 1
        if tables.check[slot] == state:
            return tables.next[slot]
        differential = tables.base[state] & DIFFERENTIAL
        state = tables.default[state]
        if not differential:
            return state


def equal_columns(full: "array[int]", symbols: int) -> bytes:
    """For each column of full rows the first column that equals it."""
    rows = full
    first = numbers(symbols)
    finer = numbers(symbols)
    for s in range(len(full) // symbols):
        start = s * symbols
        split = False
        for c in range(symbols):
            if rows[start + c] != rows[start + first[c]]:
                split = True
                break
        if not split:
            continue
        # at most 255 rows come here: each makes a column the first of its kind
        for c in range(symbols):
            other = first[c]
            while first[other] != first[c] or rows[start + other] != rows[start + c]:
                other += 1
            finer[c] = other
        for c in range(symbols):
            first[c] = finer[c]
    return bytes([first[c] for c in range(symbols)])


def sparse(
    full: "array[int]",
    symbols: int,
    symbol_of: bytes,
    values: "array[int]",
    band: "array[int] | None",
) -> Dfa:
    """The automaton of full rows. `symbol_of` maps bytes to the columns of the rows."""
    states = len(full) // symbols
    merged = equal_columns(full, symbols)
    classes = in_order(bytes([merged[symbol] for symbol in symbol_of]))
    width = max(classes) + 1
    first = numbers(width)  # a column of the rows for each class
    for c in range(255, -1, -1):
        first[classes[c]] = symbol_of[c]
    rows = full
    other = symbol_of[255]
    used = 0
    for s in range(states):
        for c in range(width):
            if rows[s * symbols + first[c]] != rows[s * symbols + other]:
                used += 1
    made = [array("I", (0,)) * size for size in (states, states + 1, used, used)]
    defaults, offsets, columns, targets = made
    place = 0
    for s in range(states):
        target = rows[s * symbols + other]
        defaults[s] = target
        for c in range(width):
            if rows[s * symbols + first[c]] != target:
                columns[place] = c
                targets[place] = rows[s * symbols + first[c]]
                place += 1
        offsets[s + 1] = place
    return Dfa(classes, width, made[0], made[1], made[2], made[3], values, band)
