"""What patterns mean according to Python's `re`, and strategies that make patterns and strings."""

import random
import re
from collections.abc import Sequence

from hypothesis import strategies as st

from dockarmor.automata.determinise import determinise
from dockarmor.automata.dfa import Dfa
from dockarmor.automata.minimise import minimise
from dockarmor.automata.trie import Trie

#: few letters, so that patterns meet; NUL, a high byte and a slash for the classes that treat them specially
LETTERS = b"abc/\0\xff"

_ATOMS = [
    b"a",
    b"b",
    b"c",
    b"/",
    b"\\xff",
    b"\\x00",
    b".",
    b"[ab]",
    b"[^a]",
    b"[^\\x00]",
    b"[^/\\x00]",
    b"[b-c/]",
]


def _terms(sequences: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    single = st.tuples(st.sampled_from(_ATOMS), st.sampled_from([b"", b"", b"*"])).map(b"".join)
    group = st.lists(sequences, min_size=1, max_size=3).map(lambda parts: b"(" + b"|".join(parts) + b")")
    return st.lists(st.one_of(single, single, group), max_size=4).map(b"".join)


#: one pattern of the dialect
patterns = st.recursive(_terms(st.just(b"ab")), _terms, max_leaves=6)
pattern_lists = st.lists(patterns, min_size=1, max_size=6)
strings = st.lists(st.sampled_from(list(LETTERS)), max_size=9).map(bytes)


def matches(pattern: bytes, data: bytes) -> bool:
    """Does `re` match the whole string?"""
    return re.fullmatch(b"(?:" + pattern + b")", data, re.DOTALL) is not None


def meaning(given: Sequence[bytes], data: bytes) -> frozenset[int]:
    """The indices of the patterns that match."""
    return frozenset(index for index, pattern in enumerate(given) if matches(pattern, data))


def bits(accepts: tuple[int, ...]) -> int:
    """A value that names its accept ids."""
    return sum(1 << accept for accept in accepts)


def ids(value: int) -> frozenset[int]:
    """The accept ids that a value of `bits` names."""
    return frozenset(index for index in range(32) if value >> index & 1)


def trie_of(given: Sequence[bytes]) -> Trie:
    """All patterns, each with its index as accept id."""
    trie = Trie()
    for accept, pattern in enumerate(given):
        trie.add(pattern, accept)
    return trie


def automaton(given: Sequence[bytes]) -> Dfa:
    """The automaton whose values name the patterns that match."""
    return determinise(trie_of(given), bits)


def minimal(given: Sequence[bytes]) -> Dfa:
    """The same, minimal."""
    return minimise(automaton(given))


def sample(seed: int, count: int) -> Dfa:
    """A minimal automaton of some size, the same for a seed everywhere."""
    trie = trie_of(random_patterns(seed, count))
    return minimise(determinise(trie, lambda accepts: 1 + min(accepts)))


def random_patterns(seed: int, count: int) -> list[bytes]:
    """Patterns as rules have them: shared prefixes, alternations, stars; the same for a seed everywhere."""
    chance = random.Random(seed)
    folders = [
        b"/etc",
        b"/usr(|/local)/lib(|32|64)",
        b"/home/[^/\\x00]*",
        b"/(run|var/run)/user/[0-9]*",
        b"/proc/[0-9]*",
    ]
    names = [
        b"passwd",
        b"lib[a-z]*\\.so(|\\.[0-9])",
        b"[^/\\x00]*\\.conf",
        b"[^\\x00]*",
        b"(a|b|)c*d",
        b"x[^a-m]y",
    ]
    made = []
    for _ in range(count):
        depth = chance.randrange(1, 4)
        made.append(b"/".join([chance.choice(folders), *(chance.choice(names) for _ in range(depth))]))
    return made
