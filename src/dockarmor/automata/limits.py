"""Named bounds, and what is raised beyond them."""

from dockarmor.value import frozen


@frozen
class Limits:
    """How much an automaton may grow before the work is given up.

    `nodes`: NFA nodes. `states`: states during subset construction. `items`: summed length of the state
    vectors, which bounds memory. `transitions`: explicit transitions before minimisation. `pairs`: pairs of
    states in a product. `cells`: states times classes where full rows are needed.
    """

    nodes: int = 1_000_000
    states: int = 500_000
    items: int = 10_000_000
    transitions: int = 10_000_000
    pairs: int = 4_000_000
    cells: int = 64_000_000


DEFAULT = Limits()


class LimitExceeded(Exception):
    """A bound was reached. `culprits`: the accept ids most present in the states that grew, worst first."""

    def __init__(self, limit: str, value: int, culprits: tuple[int, ...] = ()) -> None:
        super().__init__(f"more than {value} {limit}")
        self.limit = limit
        self.value = value
        self.culprits = culprits


class PatternError(Exception):
    """A pattern that is not of the dialect. `offset` is in bytes."""

    def __init__(self, reason: str, offset: int) -> None:
        super().__init__(f"{reason} at offset {offset}")
        self.reason = reason
        self.offset = offset
