# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
# cython: annotation_typing=False, freethreading_compatible=True
"""Which default a state gets, and which entries are left."""

from array import array

from dockarmor.automata.dfa import Dfa
from dockarmor.automata.limits import LimitExceeded
from dockarmor.automata.vectors import grown, numbers

#: how many of the last states with the same plain default are tried as the relative state, and how many
#: ancestors
RECENT = 8
ANCESTORS = 4


def full_rows(dfa: Dfa, limit: int) -> "array[int]":
    """All targets, row by row. Raises LimitExceeded if there are more than `limit`."""
    states = dfa.states
    width = dfa.width
    if states * width > limit:
        raise LimitExceeded("cells", limit)
    defaults = dfa.defaults
    offsets = dfa.offsets
    columns = dfa.columns
    targets = dfa.targets
    rows = array("i", bytes(4 * states * width))
    for s in range(states):
        default = defaults[s]
        for c in range(s * width, s * width + width):
            rows[c] = default
        for i in range(offsets[s], offsets[s + 1]):
            rows[s * width + columns[i]] = targets[i]
    return rows


class Encoder:
    """Chooses per state a plain default (the commonest target) or a state to be relative to.

    Relative states have lower numbers, so chains end; no chain is longer than `chain`. Entries of state s
    are offsets[s] : offsets[s + 1] in `entries` (symbols, ascending) and `targets`. A symbol is a class if
    `classes`, else a byte. A state with an out-of-band edge has its symbols moved up by one, to make room
    for the symbol -1 at 0.
    """

    def __init__(self, dfa: Dfa, classes: bool, chain: int, limit: int) -> None:
        self.states = dfa.states
        self.width = dfa.width
        self.chain = chain
        self.rows = full_rows(dfa, limit)
        self.band = dfa.out_of_band
        self.column_of = bytes(range(dfa.width)) if classes else dfa.classes
        self.symbols = len(self.column_of)
        self.weight = numbers(self.width)
        self.lists = numbers(self.symbols)
        self.list_start = numbers(self.width + 1)
        self.count = numbers(self.states)
        self.parent = numbers(self.states)
        self.length = numbers(self.states)
        self.recent = numbers(self.states * RECENT)
        self.recent_count = numbers(self.states)
        self.candidates = numbers(RECENT + 2 * ANCESTORS + 2)
        self.default = numbers(self.states)
        self.relative = numbers(self.states)
        self.offsets = numbers(self.states + 1)
        self.entries = numbers(1024)
        self.targets = numbers(1024)
        self.used = 0
        self._weigh()

    def _weigh(self) -> None:
        """The symbols of each column, and how many they are."""
        fill = 0
        for c in range(self.width):
            self.list_start[c] = fill
            for b in range(self.symbols):
                if self.column_of[b] == c:
                    self.lists[fill] = b
                    fill += 1
            self.weight[c] = fill - self.list_start[c]
        self.list_start[self.width] = fill

    def run(self, differential: bool) -> None:
        """Choose for all states."""
        if differential:
            self._parents()
        for s in range(self.states):
            plain = self._majority(s)
            self.default[s] = plain
            relative = -1
            if differential:
                relative = self._relative(s, plain, self.symbols - self.count[0])
                self.recent[plain * RECENT + self.recent_count[plain] % RECENT] = s
                self.recent_count[plain] += 1
            self.count[0] = 0
            self._emit(s, plain, relative)
            self.offsets[s + 1] = self.used
            if relative >= 0:
                self.relative[s] = 1
                self.length[s] = self.length[relative] + 1
                self.default[s] = relative

    def _parents(self) -> None:
        """Which state first leads to a state."""
        rows = self.rows
        parent = self.parent
        for s in range(self.states):
            parent[s] = -1
        for s in range(self.states):
            for c in range(s * self.width, s * self.width + self.width):
                target = rows[c]
                if parent[target] < 0 and target != s:
                    parent[target] = s

    def _majority(self, s: int) -> int:
        """The commonest target of a state; count[0] is left at how many symbols lead there."""
        rows = self.rows
        weight = self.weight
        count = self.count
        row = s * self.width
        best = 0
        most = 0
        for c in range(self.width):
            target = rows[row + c]
            count[target] += weight[c]
            if count[target] > most:
                most = count[target]
                best = target
        for c in range(self.width):
            count[rows[row + c]] = 0
        count[0] = most
        return best

    def _candidates(self, s: int, plain: int) -> int:
        """States that a row may resemble: where it mostly leads, its ancestors, its lately seen siblings."""
        self.candidates[0] = plain
        self.candidates[1] = self.default[plain]
        n = 2
        up = self.parent[s]
        hops = 0
        while up >= 0 and hops < ANCESTORS:
            self.candidates[n] = up
            self.candidates[n + 1] = self.default[up]
            n += 2
            up = self.parent[up]
            hops += 1
        for i in range(min(RECENT, self.recent_count[plain])):
            self.candidates[n] = self.recent[plain * RECENT + i]
            n += 1
        return n

    def _relative(self, s: int, plain: int, entries: int) -> int:
        """The state with fewest differing symbols, -1 if a plain default needs no more entries."""
        if entries <= 1:
            return -1
        rows = self.rows
        weight = self.weight
        row = s * self.width
        best = -1
        least = entries
        n = self._candidates(s, plain)
        for i in range(n):
            candidate = self.candidates[i]
            if candidate >= s or candidate < 1 or self.length[candidate] >= self.chain:
                continue
            other = candidate * self.width
            cost = 0
            for c in range(self.width):
                if rows[row + c] != rows[other + c]:
                    cost += weight[c]
                    if cost >= least:
                        break
            if cost < least:
                least = cost
                best = candidate
        return best

    def _emit(self, s: int, plain: int, relative: int) -> None:
        """Append the entries of a state."""
        if self.used + self.symbols + 1 > len(self.entries):
            self.entries = grown(self.entries, 2 * self.used + self.symbols + 1)
            self.targets = grown(self.targets, 2 * self.used + self.symbols + 1)
        rows = self.rows
        row = s * self.width
        other = relative * self.width
        low = self.used
        for c in range(self.width):
            target = rows[row + c]
            if target == (rows[other + c] if relative >= 0 else plain):
                continue
            for j in range(self.list_start[c], self.list_start[c + 1]):
                symbol = self.lists[j]
                x = self.used
                while x > low and self.entries[x - 1] > symbol:
                    self.entries[x] = self.entries[x - 1]
                    self.targets[x] = self.targets[x - 1]
                    x -= 1
                self.entries[x] = symbol
                self.targets[x] = target
                self.used += 1
        if self.band is not None and self.band[s]:
            for x in range(self.used, low, -1):
                self.entries[x] = self.entries[x - 1] + 1
                self.targets[x] = self.targets[x - 1]
            self.entries[low] = 0
            self.targets[low] = self.band[s]
            self.used += 1
