# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
# cython: annotation_typing=False, freethreading_compatible=True
"""Epsilon elimination and suffix merging in one pass over the trie, from its last node to its first.

An item is what is left of a node: an accept, or a set of edges. Nodes with the same edges become one item,
so equal suffixes of all patterns are shared. A closure is the sorted vector of items that a node stands
for.
"""

from array import array

from dockarmor.automata.limits import LimitExceeded
from dockarmor.automata.trie import Trie
from dockarmor.automata.vectors import VectorSet, grown, numbers, sort_distinct

#: up to this many edges are sorted by insertion
SMALL = 64

#: how many items are looked at for who is to blame, and how far from each
TALLIED = 50
TALLY_WORK = 5000


class Items:
    """Items and closures of a trie.

    Item i < `accepts` is the trie's accept i. Another item i has the edges offsets[i] : offsets[i + 1]: on
    a byte of charsets[e] to closure targets[e]; its first edge is its self-loop if loop[i] >= 0. Edges go
    to items with lower numbers, loops aside. closure[n] is the closure of the trie's node n. Raises
    LimitExceeded.
    """

    def __init__(self, trie: Trie) -> None:
        self.accepts = len(trie.accepts)
        self.limit = trie.limits.items
        self.closures = VectorSet()
        self.signatures = VectorSet()
        self.offsets = numbers(self.accepts + 64)
        self.loop = numbers(self.accepts + 64)
        self.charsets = numbers(64)
        self.targets = numbers(64)
        self.used = 0
        self.buffer = numbers(64)
        self.signature = numbers(64)
        self.closure = numbers(trie.nodes)
        self.words = 0
        self.reach = array("Q", (0,))
        self.sink = numbers(1)
        self._eliminate(trie)
        self.signatures = VectorSet()  # all is found

    def _eliminate(self, trie: Trie) -> None:
        self.closures.intern(self.buffer, 0, 0)  # closure 0 is empty
        for i in range(self.accepts):
            self.signature[0] = -2
            self.signature[1] = i
            self.signatures.intern(self.signature, 0, 2)
            self.loop[i] = -1
        self.count = self.accepts
        for node in range(trie.nodes - 1, -1, -1):
            self.closure[node] = self._close(trie, node)

    def _close(self, trie: Trie, node: int) -> int:
        """The closure of a node whose successors are done."""
        jumps = self._jumps(trie, node)
        beyond = self.closures.intern(self.buffer, 0, jumps)
        if trie.first_edge[node] == 0 and (trie.loop[node] < 0 or beyond == 0):
            return beyond
        length = self._sign(trie, node)
        if length == 2 and (trie.loop[node] < 0 or beyond == 0):
            return beyond  # its edges lead nowhere
        self.signature[0] = trie.loop[node]
        self.signature[1] = beyond if trie.loop[node] >= 0 else -1
        item = self.signatures.intern(self.signature, 0, length)
        if jumps >= len(self.buffer):
            self._room(jumps + 1)
        self.buffer[jumps] = item
        own = self.closures.intern(self.buffer, 0, sort_distinct(self.buffer, 0, jumps + 1))
        if self.closures.used > self.limit:
            raise LimitExceeded("items", self.limit)
        if item == self.count:
            self._keep(item, own, length)
        return own

    def _jumps(self, trie: Trie, node: int) -> int:
        """All items beyond the epsilon edges of a node, into the buffer; how many."""
        count = 0
        jump = trie.first_jump[node]
        while jump != 0:
            target = trie.jump_target[jump]
            if target < 0:
                if count >= len(self.buffer):
                    self._room(count + 1)
                self.buffer[count] = -1 - target
                count += 1
            else:
                low = self.closures.offsets[self.closure[target]]
                high = self.closures.offsets[self.closure[target] + 1]
                if count + high - low > len(self.buffer):
                    if count > 4096:  # duplicates first
                        count = sort_distinct(self.buffer, 0, count)
                    self._room(count + high - low)
                for i in range(low, high):
                    self.buffer[count] = self.closures.pool[i]
                    count += 1
            jump = trie.jump_next[jump]
        return sort_distinct(self.buffer, 0, count)

    def _sign(self, trie: Trie, node: int) -> int:
        """The edges of a node, sorted pairs (charset, closure) from place 2 of the signature; its length."""
        count = 2
        edge = trie.first_edge[node]
        while edge != 0:
            target = self.closure[trie.edge_target[edge]]
            charset = trie.edge_charset[edge]
            if target != 0:
                if count + 2 > len(self.signature):
                    self.signature = grown(self.signature, 2 * len(self.signature))
                i = count
                if count < 2 * SMALL:
                    while i > 2 and (
                        self.signature[i - 2] > charset
                        or (self.signature[i - 2] == charset and self.signature[i - 1] > target)
                    ):
                        self.signature[i] = self.signature[i - 2]
                        self.signature[i + 1] = self.signature[i - 1]
                        i -= 2
                self.signature[i] = charset
                self.signature[i + 1] = target
                count += 2
            edge = trie.edge_next[edge]
        if count >= 2 * SMALL:
            return self._sort_signature(count)
        return count

    def _sort_signature(self, length: int) -> int:
        pairs = sorted({(self.signature[i], self.signature[i + 1]) for i in range(2, length, 2)})
        count = 2
        for charset, target in pairs:
            self.signature[count] = charset
            self.signature[count + 1] = target
            count += 2
        return count

    def _keep(self, item: int, own: int, length: int) -> None:
        """Store the edges of a new item."""
        if item + 2 > len(self.loop):
            self.loop = grown(self.loop, 2 * item + 2)
            self.offsets = grown(self.offsets, 2 * item + 2)
        if self.used + length > len(self.charsets):
            self.charsets = grown(self.charsets, 2 * self.used + length)
            self.targets = grown(self.targets, 2 * self.used + length)
        self.loop[item] = self.signature[0]
        if self.signature[0] >= 0:
            self.charsets[self.used] = self.signature[0]
            self.targets[self.used] = own
            self.used += 1
        for i in range(2, length, 2):
            self.charsets[self.used] = self.signature[i]
            self.targets[self.used] = self.signature[i + 1]
            self.used += 1
        self.count = item + 1
        self.offsets[item + 1] = self.used

    def _room(self, need: int) -> None:
        self.buffer = grown(self.buffer, 2 * need)

    def tally(self, states: VectorSet, since: int) -> list[int]:
        """How often the commonest items of the states from `since` on lead to each accept.

        Runs when a limit was exceeded, so it does a bounded amount of work itself.
        """
        present: dict[int, int] = {}
        for state in range(since, states.count):
            for item in states.vector(state)[1:]:
                present[item] = present.get(item, 0) + 1
        commonest = sorted(present, key=lambda item: (-present[item], item))[:TALLIED]
        counts = [0] * self.accepts
        for item in commonest:
            for accept in self._reached(item):
                counts[accept] += present[item]
        return counts

    def _reached(self, item: int) -> set[int]:
        """The accepts that an item leads to, or some of them."""
        seen = {item}
        waiting = [item]
        known: set[int] = set()  # closures
        while waiting and len(seen) < TALLY_WORK:
            item = waiting.pop()
            if item < self.accepts:
                continue
            for edge in range(self.offsets[item], self.offsets[item + 1]):
                closure = self.targets[edge]
                if closure not in known:
                    known.add(closure)
                    fresh = [other for other in self.closures.vector(closure) if other not in seen]
                    seen.update(fresh)
                    waiting.extend(fresh)
        return {other for other in seen if other < self.accepts}

    # -- what pruning needs to know ------------------------------------------------------------------------

    def annotate(self, null: bytearray, sinking: bytearray) -> None:
        """Fill `reach` (bitset of the accepts that an item can reach) and `sink` (accept of a sink, else -1).

        Both arguments are indexed by charset: does it contain NUL (2: nothing else), is it all but NUL. A set
        bit `accepts` of an item's reach says that the item may still consume a NUL. A sink is an item that
        stays on all bytes but NUL, has one accept, and goes nowhere else but through a NUL.
        """
        words = (self.accepts + 64) // 64
        self.words = words
        self.reach = array("Q", (0,)) * (words * (self.count + 1))
        self.sink = numbers(self.count + 1)
        memo = array("Q", (0,)) * (words * (self.closures.count + 1))
        known = bytearray(self.closures.count + 1)
        through_null = bytearray(self.count + 1)
        bit = 1
        for item in range(self.count):
            self.sink[item] = -1
            if item < self.accepts:
                self.reach[item * words + (item >> 6)] = bit << (item & 63)
                continue
            first = self.offsets[item]
            for edge in range(self.offsets[item + 1] - 1, first - 1, -1):
                target = self.targets[edge]
                if null[self.charsets[edge]]:
                    self.reach[item * words + (self.accepts >> 6)] |= bit << (self.accepts & 63)
                if edge == first and self.loop[item] >= 0:
                    # this closure holds the item itself, whose reach is only now complete
                    for i in range(self.closures.offsets[target], self.closures.offsets[target + 1]):
                        other = self.closures.pool[i]
                        for w in range(words):
                            self.reach[item * words + w] |= self.reach[other * words + w]
                    continue
                if not known[target]:
                    known[target] = 1
                    for i in range(self.closures.offsets[target], self.closures.offsets[target + 1]):
                        other = self.closures.pool[i]
                        for w in range(words):
                            memo[target * words + w] |= self.reach[other * words + w]
                for w in range(words):
                    self.reach[item * words + w] |= memo[target * words + w]
            only_null = True
            for edge in range(first + (1 if self.loop[item] >= 0 else 0), self.offsets[item + 1]):
                if null[self.charsets[edge]] != 2:
                    only_null = False
            through_null[item] = only_null and self.loop[item] < 0
            if only_null and self.loop[item] >= 0 and sinking[self.loop[item]]:
                self.sink[item] = self._only_accept(item, self.targets[first], through_null)

    def _only_accept(self, item: int, closure: int, through_null: bytearray) -> int:
        """The accept of a loop's closure, -1 unless beside it there are only the loop and items behind a NUL."""
        found = -1
        for i in range(self.closures.offsets[closure], self.closures.offsets[closure + 1]):
            other = self.closures.pool[i]
            if other < self.accepts:
                if found >= 0:
                    return -1
                found = other
            elif other != item and not through_null[other]:
                return -1
        return found
