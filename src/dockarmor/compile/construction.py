"""Entries to minimal automata, those of many profiles at once.

Profiles include the same files, so most states of one profile's automaton are states of another's, too. Made
together, a pattern is read once and a state that several profiles have is made once. What each gets is the minimal
automaton in its canonical numbering, so it does not depend on the company.
"""

from collections.abc import Iterator, Sequence

from dockarmor.automata.determinise import automaton, determinise
from dockarmor.automata.dfa import Dfa
from dockarmor.automata.limits import Limits
from dockarmor.automata.minimise import minimise, minimise_all
from dockarmor.automata.subset import Subset
from dockarmor.automata.trie import Trie
from dockarmor.compile.accept import AcceptClasses
from dockarmor.compile.encoding import Entries, PlacedEntry


def construct(placed: Sequence[PlacedEntry], classes: AcceptClasses, limits: Limits) -> Dfa:
    """The minimal automaton of these entries. Raises ExecConflict and LimitExceeded."""
    trie = Trie(limits)
    for one in placed:
        trie.add(one.entry.pattern, classes.number(one.entry))
    return minimise(determinise(trie, classes.value, classes.covered, limits))


def construct_all(several: Sequence[Sequence[PlacedEntry]], classes: AcceptClasses, limits: Limits) -> Iterator[Dfa]:
    """The minimal automaton of each; the limits are for all of them. Raises ExecConflict and LimitExceeded."""
    trie = Trie(limits)
    known: dict[int, int] = {}
    roots = []
    for placed in several:
        own = []
        for group in placed.groups() if isinstance(placed, Entries) else (placed,):
            root = known.get(id(group))  # `several` keeps it, so that its id stays its
            if root is None:
                root = known[id(group)] = trie.root()
                for one in group:
                    trie.add(one.entry.pattern, classes.number(one.entry), root)
            own.append(root)
        roots.append(own)
    subset = Subset(trie, classes.value, classes.covered, limits)
    del trie, known  # what was made of it stays
    return minimise_all(*automaton(subset, roots))
