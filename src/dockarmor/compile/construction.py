"""Entries to minimal automata, those of many profiles at once.

Profiles include the same files, so most states of one profile's automaton are states of another's, too. Made
together, a pattern is read once and a state that several profiles have is made once. What each gets is the minimal
automaton in its canonical numbering, so it does not depend on the company.
"""

from collections.abc import Iterator, Sequence

from dockarmor.automata.dfa import Dfa
from dockarmor.automata.limits import Limits
from dockarmor.automata.minimise import minimise, minimise_all
from dockarmor.automata.subset import determinise, determinise_all
from dockarmor.automata.trie import Trie
from dockarmor.compile.accept import AcceptClasses
from dockarmor.compile.encoding import PlacedEntry


def construct(placed: Sequence[PlacedEntry], classes: AcceptClasses, limits: Limits) -> Dfa:
    """The minimal automaton of these entries. Raises ExecConflict and LimitExceeded."""
    trie = Trie(limits)
    for one in placed:
        trie.add(one.entry.pattern, classes.number(one.entry))
    return minimise(determinise(trie, classes.value, classes.covered, limits))


def construct_all(several: Sequence[Sequence[PlacedEntry]], classes: AcceptClasses, limits: Limits) -> Iterator[Dfa]:
    """The minimal automaton of each; the limits are for all of them. Raises ExecConflict and LimitExceeded."""
    trie = Trie(limits)
    known: dict[tuple[int, ...], int] = {}
    roots = []
    for placed in several:
        own = []
        for group in _by_file(placed):
            # The same entries are the same objects where profiles were encoded together; `several` keeps them.
            key = tuple(map(id, group))
            root = known.get(key)
            if root is None:
                root = known[key] = trie.root()
                for one in group:
                    trie.add(one.entry.pattern, classes.number(one.entry), root)
            own.append(root)
        roots.append(own)
    dfa, starts = determinise_all(trie, roots, classes.value, classes.covered, limits)
    return minimise_all(dfa, starts)


def _by_file(placed: Sequence[PlacedEntry]) -> Iterator[list[PlacedEntry]]:
    """Entries of one profile by the file that their rules stand in: other profiles have some of these whole."""
    groups: dict[int, list[PlacedEntry]] = {}
    for one in placed:
        groups.setdefault(id(one.rule.rule.span.source) if one.rule is not None else 0, []).append(one)
    yield from groups.values()
