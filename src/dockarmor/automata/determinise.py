"""The automaton of all patterns of a trie, from one start or from several."""

from array import array

from dockarmor.automata.dfa import Dfa
from dockarmor.automata.limits import DEFAULT, Limits
from dockarmor.automata.subset import Resolve, Subset
from dockarmor.automata.trie import Trie
from dockarmor.automata.vectors import chosen


def determinise(trie: Trie, resolve: Resolve, covered: Resolve | None = None, limits: Limits = DEFAULT) -> Dfa:
    """The automaton of all patterns of a trie.

    `resolve` maps a sorted tuple of distinct accept ids to a value from 0 to 2**32 - 1 (0: nothing). It is
    called once per distinct tuple; what it raises passes through. `covered` maps accept ids that will stay
    accepted until the next NUL, whatever follows, to a bitset of the accept ids that can change no value
    while those are present; they are then left out of the sets that `resolve` sees. None: nothing is left
    out. Raises LimitExceeded.

    >>> from dockarmor.automata.trie import Trie
    >>> trie = Trie()
    >>> trie.add(b"a*b", 1)
    >>> trie.add(b"[ab]", 2)
    >>> dfa = determinise(trie, lambda accepts: sum(accepts))
    >>> [dfa.value(data) for data in (b"b", b"a", b"aab", b"")]
    [3, 2, 1, 0]
    """
    return determinise_all(trie, [[0]], resolve, covered, limits)[0]


def determinise_all(
    trie: Trie, roots: list[list[int]], resolve: Resolve, covered: Resolve | None = None, limits: Limits = DEFAULT
) -> tuple[Dfa, list[int]]:
    """One automaton with many starts: a state that several of them lead to is made once.

    Start i is of the patterns that were added to the trie at any of roots[i]. The starts are the second value;
    0 where nothing is accepted. All else is as in `determinise`, the limits are for the whole.
    """
    return automaton(Subset(trie, resolve, covered, limits), roots)


def automaton(subset: Subset, roots: list[list[int]]) -> tuple[Dfa, list[int]]:
    """What `determinise_all` gives. The subset is used up: its memory is let go of as soon as it can be."""
    starts = subset.run(roots)
    alphabet, values = subset.alphabet, array("I", subset.values)
    defaults, offsets, columns, targets, of_state = subset.release()
    return Dfa(
        alphabet.classes, alphabet.width, defaults, offsets, columns, targets, chosen(values, of_state)
    ), starts
