"""The deterministic automaton that the stages hand to each other."""

from array import array

from dockarmor.value import frozen


@frozen(eq=False)
class Dfa:
    """A complete automaton over byte classes: per state a default and the exceptions from it.

    classes: 256 bytes, byte -> class, numbered by the lowest byte; width: how many classes there are. The
    default of a state is where it goes on byte 0xff. Its exceptions are at offsets[s] : offsets[s + 1] in
    columns (classes, ascending, never that of 0xff) and targets (never the default). values: what the
    caller's `resolve` gave for the state. State 0 is dead: value 0, only to itself. State 1 is the start,
    even where nothing at all is accepted. out_of_band: per state where the symbol -1 leads (0: nowhere), or
    None where no state has such an edge.
    """

    classes: bytes
    width: int
    defaults: "array[int]"
    offsets: "array[int]"
    columns: "array[int]"
    targets: "array[int]"
    values: "array[int]"
    out_of_band: "array[int] | None" = None

    @property
    def states(self) -> int:
        """How many states there are, the dead one included."""
        return len(self.defaults)

    @property
    def transitions(self) -> int:
        """How many exceptions there are."""
        return len(self.columns)

    def step(self, state: int, byte: int) -> int:
        """Where `state` goes on `byte`. Slow; for batches pack the automaton and walk its tables."""
        column = self.classes[byte]
        for i in range(self.offsets[state], self.offsets[state + 1]):
            if self.columns[i] == column:
                return self.targets[i]
        return self.defaults[state]

    def walk(self, data: bytes, state: int = 1) -> int:
        """Step over all of `data`."""
        for byte in data:
            state = self.step(state, byte)
        return state

    def value(self, data: bytes) -> int:
        """The value of the string `data`."""
        return self.values[self.walk(data)]

    def identical(self, other: "Dfa") -> bool:
        """The same numbers throughout; for minimal automata, the same language."""
        return (
            self.classes == other.classes
            and self.defaults == other.defaults
            and self.offsets == other.offsets
            and self.columns == other.columns
            and self.targets == other.targets
            and self.values == other.values
            and (self.out_of_band or array("I")) == (other.out_of_band or array("I"))
        )


#: nothing is accepted
EMPTY = Dfa(
    classes=bytes(256),
    width=1,
    defaults=array("I", (0, 0)),
    offsets=array("I", (0, 0, 0)),
    columns=array("I"),
    targets=array("I"),
    values=array("I", (0, 0)),
)
