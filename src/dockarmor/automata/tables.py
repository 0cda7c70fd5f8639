"""The comb form of an automaton: the only form that is written, read and walked."""

from array import array

from dockarmor.value import frozen

#: in a base entry: what is not an exception is looked up in the default state, again as an exception
DIFFERENTIAL = 1 << 31
#: in a base entry: the state has an edge on the symbol -1
OUT_OF_BAND = 1 << 29
#: the part of a base entry that is an offset
OFFSET = (1 << 24) - 1


@frozen(eq=False)
class Tables:
    """State s goes on symbol c to next[base[s] + c] if check[base[s] + c] == s, else to default[s].

    values: per state, opaque here. base: bits 0 to 23 offset, bit 31 differential (the default is a state
    to ask the same symbol of, not a target), bit 29 has an out-of-band edge (symbol -1). classes: 256 bytes
    that map a byte to its symbol, or None. State 0 is dead, state 1 the start. Tables from outside must
    pass `walk.verify` before anything else touches them.
    """

    values: "array[int]"
    base: "array[int]"
    default: "array[int]"
    next: "array[int]"
    check: "array[int]"
    classes: bytes | None = None

    @property
    def states(self) -> int:
        """How many states there are, the dead one included."""
        return len(self.base)
