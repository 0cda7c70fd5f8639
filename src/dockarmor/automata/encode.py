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
    rows = array("i", (0,)) * (states * width)
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
    are offsets[s] : offsets[s + 1] in `entries` (symbols, ascending) and `targets`. A symbol is a byte or, for
    `by_class`, a column, until `spread` gives each another number. A state with an out-of-band edge has its
    symbols moved up by one, to make room for the symbol -1 at 0.
    """

    def __init__(self, dfa: Dfa, by_class: bool, chain: int) -> None:
        self.states = dfa.states
        self.width = dfa.width
        self.chain = chain
        self.row_default = dfa.defaults
        self.row_offsets = dfa.offsets
        self.row_columns = dfa.columns
        self.row_targets = dfa.targets
        self.band = dfa.out_of_band
        self.by_class = by_class
        self.symbols = dfa.width if by_class else 256
        self.weight = numbers(self.width)
        self.lists = numbers(256)
        self.list_start = numbers(self.width + 1)
        self.count = numbers(self.states)
        self.parent = self.length = self.recent = self.recent_count = self.count  # until they are needed
        self.candidates = numbers(RECENT + 2 * ANCESTORS + 2)
        self.mine = numbers(self.width)
        self.theirs = numbers(self.width)
        self.default = numbers(self.states)
        self.relative = numbers(self.states)
        self.offsets = numbers(self.states + 1)
        room = dfa.transitions + self.symbols + 1  # by class, rows become no longer than they are
        self.entries = numbers(room)
        self.targets = numbers(room)
        self.used = 0
        self.most = 0
        self._weigh(dfa.classes)

    def _weigh(self, classes: bytes) -> None:
        """The symbols of each column, and how many they are."""
        fill = 0
        for c in range(self.width):
            self.list_start[c] = fill
            for b in range(256):
                if classes[b] == c and (not self.by_class or fill == self.list_start[c]):
                    self.lists[fill] = c if self.by_class else b
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
                relative = self._relative(s, plain, self.symbols - self.most)
                self.recent[plain * RECENT + self.recent_count[plain] % RECENT] = s
                self.recent_count[plain] += 1
            if self.used + self.symbols + 1 > len(self.entries):
                self.entries = grown(self.entries, 2 * self.used + self.symbols + 1)
                self.targets = grown(self.targets, 2 * self.used + self.symbols + 1)
            if relative < 0 and self.by_class and plain == self.row_default[s]:
                self._copy(s)
            else:
                self._emit(s, plain, relative)
            if self.band is not None and self.band[s]:
                self._insert_band(s)
            self.offsets[s + 1] = self.used
            if relative >= 0:
                self.relative[s] = 1
                self.length[s] = self.length[relative] + 1
                self.default[s] = relative

    def spread(self) -> bytes:
        """Give every class a symbol from 0 to 255, and say which.

        Classes that stand in the same long rows get neighbouring symbols, so that such rows are dense and leave no
        gaps in the comb. A table ends 255 slots after its last base, whatever the symbols are; so half of all
        entries are on symbols that reach there, and half on symbols that reach the first slots.
        """
        weight = numbers(self.width)
        count = numbers(self.width)
        symbol = numbers(self.width)
        for s in range(self.states):
            low = self.offsets[s]
            high = self.offsets[s + 1]
            band = 1 if self.band is not None and self.band[s] else 0
            for i in range(low + band, high):
                weight[self.entries[i] - band] += high - low
                count[self.entries[i] - band] += 1
        order = sorted(range(self.width), key=list(weight).__getitem__)
        passed = 0
        lower = 0
        while lower + 1 < self.width and 2 * (passed + count[order[lower]]) <= self.used:
            passed += count[order[lower]]
            lower += 1
        for i in range(self.width):
            symbol[order[i]] = i if i < lower else 256 - self.width + i
        self._renumber(symbol)
        return bytes(list(symbol))

    def _renumber(self, number: "array[int]") -> None:
        """Exchange all symbols; rows are ascending again."""
        for s in range(self.states):
            low = self.offsets[s]
            band = 1 if self.band is not None and self.band[s] else 0
            for i in range(low + band, self.offsets[s + 1]):
                symbol = number[self.entries[i] - band] + band
                target = self.targets[i]
                x = i
                while x > low + band and self.entries[x - 1] > symbol:
                    self.entries[x] = self.entries[x - 1]
                    self.targets[x] = self.targets[x - 1]
                    x -= 1
                self.entries[x] = symbol
                self.targets[x] = target

    def _parents(self) -> None:
        """Which state first leads to a state; what else relative states need."""
        self.length = numbers(self.states)
        self.recent = numbers(self.states * RECENT)
        self.recent_count = numbers(self.states)
        parent = self.parent = numbers(self.states)
        for s in range(self.states):
            parent[s] = -1
        for s in range(self.states):
            target = self.row_default[s]
            if parent[target] < 0 and target != s:
                parent[target] = s
            for i in range(self.row_offsets[s], self.row_offsets[s + 1]):
                target = self.row_targets[i]
                if parent[target] < 0 and target != s:
                    parent[target] = s

    def _majority(self, s: int) -> int:
        """The commonest target of a state; `most` is left at how many symbols lead there."""
        low = self.row_offsets[s]
        high = self.row_offsets[s + 1]
        best = self.row_default[s]
        most = self.symbols
        for i in range(low, high):
            most -= self.weight[self.row_columns[i]]
        if 2 * most < self.symbols:
            for i in range(low, high):
                target = self.row_targets[i]
                self.count[target] += self.weight[self.row_columns[i]]
                if self.count[target] > most:
                    most = self.count[target]
                    best = target
            for i in range(low, high):
                self.count[self.row_targets[i]] = 0
        self.most = most
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
        best = -1
        least = entries
        n = self._candidates(s, plain)
        for i in range(n):
            candidate = self.candidates[i]
            if candidate >= s or candidate < 1 or self.length[candidate] >= self.chain:
                continue
            cost = self._distance(s, candidate, least)
            if cost < least:
                least = cost
                best = candidate
        return best

    def _distance(self, s: int, other: int, least: int) -> int:
        """How many symbols lead elsewhere from two states; `least` or more where it is not less than that."""
        i = self.row_offsets[s]
        i_end = self.row_offsets[s + 1]
        j = self.row_offsets[other]
        j_end = self.row_offsets[other + 1]
        left = self.row_default[s]
        right = self.row_default[other]
        cost = 0
        rest = self.symbols  # of the columns that neither row lists
        while i < i_end or j < j_end:
            if j == j_end or (i < i_end and self.row_columns[i] < self.row_columns[j]):
                column = self.row_columns[i]
                same = self.row_targets[i] == right
                i += 1
            elif i == i_end or self.row_columns[j] < self.row_columns[i]:
                column = self.row_columns[j]
                same = self.row_targets[j] == left
                j += 1
            else:
                column = self.row_columns[i]
                same = self.row_targets[i] == self.row_targets[j]
                i += 1
                j += 1
            rest -= self.weight[column]
            if not same:
                cost += self.weight[column]
                if cost >= least:
                    return cost
        return cost if left == right else cost + rest

    def _copy(self, s: int) -> None:
        """The entries of a state are its exceptions."""
        for i in range(self.row_offsets[s], self.row_offsets[s + 1]):
            self.entries[self.used] = self.lists[self.row_columns[i]]
            self.targets[self.used] = self.row_targets[i]
            self.used += 1

    def _fill(self, row: "array[int]", s: int) -> None:
        """All targets of a state, column by column."""
        for c in range(self.width):
            row[c] = self.row_default[s]
        for i in range(self.row_offsets[s], self.row_offsets[s + 1]):
            row[self.row_columns[i]] = self.row_targets[i]

    def _emit(self, s: int, plain: int, relative: int) -> None:
        """Append the entries of a state."""
        self._fill(self.mine, s)
        if relative >= 0:
            self._fill(self.theirs, relative)
        low = self.used
        for c in range(self.width):
            target = self.mine[c]
            if target == (self.theirs[c] if relative >= 0 else plain):
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

    def _insert_band(self, s: int) -> None:
        """The symbol -1 becomes 0, and all others move up by one."""
        assert self.band is not None
        low = self.offsets[s]
        for x in range(self.used, low, -1):
            self.entries[x] = self.entries[x - 1] + 1
            self.targets[x] = self.targets[x - 1]
        self.entries[low] = 0
        self.targets[low] = self.band[s]
        self.used += 1
