# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
# cython: annotation_typing=False, freethreading_compatible=True
"""Subset construction: which sets of items can strings lead to."""

from array import array
from collections.abc import Callable

from dockarmor.automata.alphabet import Alphabet
from dockarmor.automata.charset import EVERY
from dockarmor.automata.items import Items
from dockarmor.automata.limits import LimitExceeded, Limits
from dockarmor.automata.prune import Prune
from dockarmor.automata.trie import Trie
from dockarmor.automata.vectors import VectorSet, enlarge, grown, numbers, sort_distinct

#: how many of the last states are looked at for who made them so many, and how many accepts are named
BLAMED = 200
BLAMED_MOST = 20

#: from so many closures on a default counts as long
LONG = 3

Resolve = Callable[[tuple[int, ...]], int]

_NOTHING = array("I")


class Subset:
    """The work of `determinise.determinise`.

    A state is the number of its value and its items. The default of a state is its union of the closures of
    cofinite charsets; a class that some charset lists is an exception. Unions are looked up by the list of
    closure numbers, so that most of them are never computed. Where an exception adds to a long default, what
    is looked up is only what it adds, and to what.
    """

    def __init__(self, trie: Trie, resolve: Resolve, covered: Resolve | None, limits: Limits) -> None:
        self.limits = limits
        self.limit_states = limits.states
        self.limit_items = limits.items
        self.limit_transitions = limits.transitions
        self.resolve = resolve
        self.accepts = trie.accepts
        self.alphabet = Alphabet(trie.charsets)
        self.width = self.alphabet.width
        self.items = Items(trie)
        if covered is not None:
            null = bytearray([2 if charset == 1 else charset & 1 for charset in trie.charsets])
            sinking = bytearray([charset == EVERY ^ 1 for charset in trie.charsets])
            self.items.annotate(null, sinking)
        self.prune = Prune(self.items, self.accepts, covered)
        self.states = VectorSet()
        self.unions = VectorSet()
        self.additions = VectorSet()
        self.accept_sets = VectorSet()
        self.of_closure = numbers(self.items.closures.count + 1)
        self.of_union = numbers(64)
        self.of_addition = numbers(64)
        self.set_values: list[int] = []
        self.values: list[int] = [0]
        self.value_numbers: dict[int, int] = {0: 0}
        #: defaults, offsets, columns, targets, value numbers: the automaton so far
        self.stores = [array("I") for _ in range(5)]
        self._room(64, 64)
        self.used = 0
        self.head = numbers(self.width)
        self.touched = numbers(self.width)
        self.is_touched = numbers(self.width)
        self.link_next = numbers(2 * self.width + 64)
        self.link_closure = numbers(2 * self.width + 64)
        self.wide = numbers(self.alphabet.charsets + 1)
        self.wide_head = numbers(self.alphabet.charsets + 1)
        self.wide_slot = numbers(self.alphabet.charsets + 1)
        self.links = 1
        self.touches = 0
        self.wides = 0
        self.wide_links = 0
        self.union = 0
        self.raw = numbers(64)
        self.added = numbers(64)
        self.mark = numbers(self.items.count + 1)
        self.live = numbers(self.items.count + 2)
        self.ended = numbers(self.items.accepts + 1)
        self.epoch = 0
        self.live_count = 0
        self.ended_count = 0

    def run(self, roots: list[list[int]]) -> list[int]:
        """Build all states; state 0 is dead, state 1 the first start. Gives all starts."""
        self.accept_sets.intern(self.ended, 0, 0)
        self.set_values.append(0)
        self.live[0] = 0
        self.states.intern(self.live, 0, 1)  # the dead state
        self.of_closure[0] = 1
        starts = [self._start(one) for one in roots]
        if starts[0] == 0:
            # nothing can match; a start of its own keeps the numbering. Minus one is no value number.
            self.live[0] = -1
            starts[0] = self.states.intern(self.live, 0, 1)
        state = 0
        while state < self.states.count:
            self._expand(state)
            state += 1
        return starts

    def release(self) -> "list[array[int]]":
        """The automaton: defaults, offsets, columns, targets, value numbers. All else that was built is let go of."""
        self._look_away()
        states = self.states.count
        self.states = self.unions = self.additions = VectorSet()
        for store, count in zip(self.stores, (states, states + 1, self.used, self.used, states), strict=True):
            del store[count:]
        return self.stores

    def _look_away(self) -> None:
        """An array that is looked at can neither grow nor shrink."""
        self.defaults = self.offsets = self.columns = self.targets = self.state_values = _NOTHING

    def _room(self, states: int, transitions: int) -> None:
        self._look_away()
        for store, count in zip(self.stores, (states, states + 1, transitions, transitions, states), strict=True):
            enlarge(store, count)
        self.defaults, self.offsets, self.columns, self.targets, self.state_values = self.stores

    def _start(self, roots: list[int]) -> int:
        """The state that is the union of the closures of these nodes, 0 where that is empty."""
        if len(roots) > len(self.raw):
            self.raw = numbers(2 * len(roots))
        count = 0
        for root in roots:
            if self.items.closure[root] != 0:
                self.raw[count] = self.items.closure[root]
                count += 1
        return self._target(count)

    def _expand(self, state: int) -> None:
        """The default and the exceptions of a state."""
        self._gather(state)
        if self.used + self.width > len(self.columns):
            self._room(0, self.used + self.used // 4 + 2 * self.width)
        default = self._target(self._collect(-1))
        self.defaults[state] = default
        union = self.union
        target = default
        last = -1
        for t in range(self.touches):
            column = self.touched[t]
            self.is_touched[column] = 0
            if last >= 0 and self._alike(column, last):
                pass  # the classes of one charset stand side by side, and lead to the same
            elif self.wide_links >= LONG and self._adds(column):
                target = self._addition(union, column)
            else:
                target = self._target(self._collect(column))
            last = column
            if target != default:
                # kept sorted by class
                i = self.used
                while i > self.offsets[state] and self.columns[i - 1] > column:
                    self.columns[i] = self.columns[i - 1]
                    self.targets[i] = self.targets[i - 1]
                    i -= 1
                self.columns[i] = column
                self.targets[i] = target
                self.used += 1
        self.offsets[state + 1] = self.used
        if self.used > self.limit_transitions:
            raise self._exceeded("transitions", self.limit_transitions)

    def _gather(self, state: int) -> None:
        """Hang the closures of a state's edges on the classes and the cofinite charsets that lead there."""
        pool = self.states.pool
        item_offsets = self.items.offsets
        item_charsets = self.items.charsets
        item_targets = self.items.targets
        listed = self.alphabet.listed
        listed_offsets = self.alphabet.offsets
        for n in range(self.wides):
            self.wide_slot[self.wide[n]] = 0
        self.links = 1
        self.touches = 0
        self.wides = 0
        self.wide_links = 0
        # from behind: what is put in front of its list then comes in order, as it will be sorted
        for i in range(self.states.offsets[state + 1] - 1, self.states.offsets[state], -1):
            item = pool[i]
            for edge in range(item_offsets[item], item_offsets[item + 1]):
                charset = item_charsets[edge]
                closure = item_targets[edge]
                link = self.links
                if link + self.width >= len(self.link_next):
                    self.link_next = grown(self.link_next, 2 * len(self.link_next))
                    self.link_closure = grown(self.link_closure, 2 * len(self.link_closure))
                if self.alphabet.cofinite[charset]:
                    n = self._widen(charset)
                    self.link_closure[link] = closure
                    self.link_next[link] = self.wide_head[n]
                    self.wide_head[n] = link
                    self.wide_links += 1
                    self.links = link + 1
                    continue
                for n in range(listed_offsets[charset], listed_offsets[charset + 1]):
                    column = listed[n]
                    if not self.is_touched[column]:
                        self.is_touched[column] = 1
                        self.touched[self.touches] = column
                        self.touches += 1
                        self.head[column] = 0
                    self.link_closure[link] = closure
                    self.link_next[link] = self.head[column]
                    self.head[column] = link
                    link += 1
                self.links = link

    def _widen(self, charset: int) -> int:
        """The slot of a cofinite charset in this state; the classes that it lacks become exceptions."""
        slot = self.wide_slot[charset] - 1
        if slot < 0:
            slot = self.wides
            self.wides = slot + 1
            self.wide_slot[charset] = slot + 1
            self.wide[slot] = charset
            self.wide_head[slot] = 0
            for n in range(self.alphabet.offsets[charset], self.alphabet.offsets[charset + 1]):
                column = self.alphabet.listed[n]
                if not self.is_touched[column]:
                    self.is_touched[column] = 1
                    self.touched[self.touches] = column
                    self.touches += 1
                    self.head[column] = 0
        return slot

    def _collect(self, column: int) -> int:
        """All closures that a class leads to (-1: any class that is not listed), into `raw`; how many."""
        if self.links > len(self.raw):
            self.raw = numbers(2 * self.links)
        count = 0
        if column >= 0:
            link = self.head[column]
            while link != 0:
                self.raw[count] = self.link_closure[link]
                count += 1
                link = self.link_next[link]
        for slot in range(self.wides):
            if column < 0 or self.alphabet.member[self.wide[slot] * self.width + column]:
                link = self.wide_head[slot]
                while link != 0:
                    self.raw[count] = self.link_closure[link]
                    count += 1
                    link = self.link_next[link]
        return count

    def _alike(self, column: int, other: int) -> bool:
        """Do two classes lead to the same closures, link by link?"""
        left = self.head[column]
        right = self.head[other]
        while left != 0 and right != 0 and self.link_closure[left] == self.link_closure[right]:
            left = self.link_next[left]
            right = self.link_next[right]
        if left != right:
            return False
        for slot in range(self.wides):
            row = self.wide[slot] * self.width
            if self.alphabet.member[row + column] != self.alphabet.member[row + other]:
                return False
        return True

    def _adds(self, column: int) -> bool:
        """Do all cofinite charsets of this state contain a class?"""
        left = self.wides
        while left > 0 and self.alphabet.member[self.wide[left - 1] * self.width + column] != 0:
            left -= 1
        return left == 0

    def _addition(self, union: int, column: int) -> int:
        """The state that is the default's union and what else a class leads to."""
        if self.links > len(self.added):
            self.added = numbers(2 * self.links)
        self.added[0] = union
        count = 1
        link = self.head[column]
        while link != 0:
            self.added[count] = self.link_closure[link]
            count += 1
            link = self.link_next[link]
        if count > 2:
            count = 1 + sort_distinct(self.added, 1, count - 1)
        known = self.additions.count
        addition = self.additions.intern(self.added, 0, count)
        if addition < known:
            return self.of_addition[addition]
        found = self._target(self._collect(column))
        if addition >= len(self.of_addition):
            self.of_addition = grown(self.of_addition, 2 * addition)
        self.of_addition[addition] = found
        return found

    def _target(self, count: int) -> int:
        """The state that is the union of the closures in `raw`; `union` is left at the number of that set.

        Sets of one closure have its number, unions come after all closures.
        """
        self.union = 0
        if count == 0:
            return 0
        if count > 1:
            count = sort_distinct(self.raw, 0, count)
        if count == 1:
            self.union = self.raw[0]
            found = self.of_closure[self.raw[0]] - 1
            if found < 0:
                known = self.raw[0]
                found = self._state(1)
                self.of_closure[known] = found + 1
            return found
        known = self.unions.count
        union = self.unions.intern(self.raw, 0, count)
        self.union = self.items.closures.count + union
        if union < known:
            return self.of_union[union]
        found = self._state(count)
        if union >= len(self.of_union):
            self.of_union = grown(self.of_union, 2 * union)
        self.of_union[union] = found
        return found

    def _state(self, count: int) -> int:
        """Compute the union of the closures in `raw` and find or make its state."""
        pool = self.items.closures.pool
        offsets = self.items.closures.offsets
        mark = self.mark
        alive = self.live
        accepts = self.items.accepts
        pruning = self.items.words > 0
        self.epoch += 1
        epoch = self.epoch
        live = 0
        ended = 0
        sinks = 0
        for i in range(count):
            closure = self.raw[i]
            for j in range(offsets[closure], offsets[closure + 1]):
                item = pool[j]
                if mark[item] != epoch:
                    mark[item] = epoch
                    if item < accepts:
                        self.ended[ended] = item
                        ended += 1
                    else:
                        live += 1
                        alive[live] = item
                        if pruning and self.items.sink[item] >= 0:
                            sinks += 1
        self.live_count = live
        self.ended_count = ended
        if sinks > 0:
            self.prune.apply(alive, live, self.ended, ended)
            self.live_count = self.prune.live
            self.ended_count = self.prune.ended
        number = self._value()
        alive[0] = number
        count = 1 + sort_distinct(alive, 1, self.live_count)
        found = self.states.intern(alive, 0, count)
        if found >= len(self.state_values):
            self._room(found + found // 4, 0)
        self.state_values[found] = number
        if self.states.count > self.limit_states:
            raise self._exceeded("states", self.limit_states)
        if self.states.used + self.unions.used > self.limit_items:
            raise self._exceeded("items", self.limit_items)
        return found

    def _value(self) -> int:
        """The number of the value of the accepts in `ended`."""
        before = self.accept_sets.count
        number = self.accept_sets.intern(self.ended, 0, sort_distinct(self.ended, 0, self.ended_count))
        if number == before:
            ids = sorted({self.accepts[index] for index in self.accept_sets.vector(number)})
            value = self.resolve(tuple(ids))
            if value not in self.value_numbers:
                self.value_numbers[value] = len(self.values)
                self.values.append(value)
            self.set_values.append(self.value_numbers[value])
        return self.set_values[number]

    def _exceeded(self, limit: str, value: int) -> LimitExceeded:
        """Blames the accepts that the items of the last states lead to, most items first."""
        last = max(self.states.count - BLAMED, 0)
        tally = self.items.tally(self.states, last)
        worst = sorted((-count, self.accepts[index]) for index, count in enumerate(tally) if count)
        return LimitExceeded(limit, value, tuple(accept for _, accept in worst[:BLAMED_MOST]))
