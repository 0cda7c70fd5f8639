"""Minimal automata are small, and there is only one for a language."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pattern_oracle import automaton, bits, ids, meaning, minimal, pattern_lists, patterns, strings, trie_of

from dockarmor.automata.determinise import determinise, determinise_all
from dockarmor.automata.dfa import EMPTY, Dfa
from dockarmor.automata.minimise import minimise, minimise_all
from dockarmor.automata.pack import pack
from dockarmor.automata.product import difference
from dockarmor.automata.trie import Trie


@given(pattern_lists, st.lists(strings, max_size=20))
def test_values_stay(given_patterns: list[bytes], samples: list[bytes]) -> None:
    dfa = minimal(given_patterns)
    for data in samples:
        assert ids(dfa.value(data)) == meaning(given_patterns, data)


@given(st.lists(patterns, min_size=2, max_size=5), st.randoms(use_true_random=False))
def test_the_order_of_patterns_leaves_no_trace(given_patterns: list[bytes], chance: object) -> None:
    order = list(enumerate(given_patterns))
    chance.shuffle(order)  # type: ignore[attr-defined]
    trie = Trie()
    for accept, pattern in order:
        trie.add(pattern, accept)
    shuffled = minimise(determinise(trie, bits))
    straight = minimal(given_patterns)
    assert shuffled.identical(straight)
    assert pack(shuffled, differential=True).next == pack(straight, differential=True).next


@given(st.lists(pattern_lists, min_size=1, max_size=4))
def test_made_together_each_is_as_if_made_alone(several: list[list[bytes]]) -> None:
    trie = Trie()
    roots = []
    for given_patterns in several:
        roots.append([])
        for accept, pattern in enumerate(given_patterns):
            root = trie.root()
            trie.add(pattern, accept, root)
            roots[-1].append(root)
    dfa, starts = determinise_all(trie, roots, bits)
    together = list(minimise_all(dfa, starts))
    assert len(together) == len(several)
    for given_patterns, mine in zip(several, together, strict=True):
        assert mine.identical(minimal(given_patterns))


@given(st.lists(patterns, min_size=1, max_size=2))
def test_no_two_states_mean_the_same(given_patterns: list[bytes]) -> None:
    dfa = minimal(given_patterns)
    tables = pack(dfa)
    for one, other in combinations(range(min(dfa.states, 8)), 2):
        if {one, other} == {0, 1} and dfa.states == 2:
            continue  # nothing is accepted: the start is as dead as state 0
        assert difference(tables, dfa.values, tables, dfa.values, one, other) is not None


@given(pattern_lists)
def test_states_are_numbered_breadth_first(given_patterns: list[bytes]) -> None:
    dfa = minimal(given_patterns)
    seen = [0, 1]
    for state in range(dfa.states):
        for target in [dfa.defaults[state], *dfa.targets[dfa.offsets[state] : dfa.offsets[state + 1]]]:
            if target not in seen:
                seen.append(target)
    assert seen == list(range(dfa.states))


@given(pattern_lists)
def test_minimising_twice_changes_nothing(given_patterns: list[bytes]) -> None:
    dfa = minimal(given_patterns)
    assert minimise(dfa).identical(dfa)
    assert dfa.states <= max(automaton(given_patterns).states, 2)


def test_bytes_that_nothing_tells_apart_share_a_class() -> None:
    assert minimal([b"a|b|c|[d-f]"]).identical(minimal([b"[a-f]"]))
    assert minimal([b"[a-f]"]).width == 2


def test_equal_suffixes_are_one() -> None:
    trie = trie_of([b"(/a|/bb|/ccc)/same/end"])
    # dead, start, "/", three within the names, one after them, nine for the suffix
    assert minimise(determinise(trie, bits)).states == 16


def test_nothing_accepted_leaves_two_states() -> None:
    assert minimal([]).identical(EMPTY)


def test_out_of_band_edges_are_refused() -> None:
    dfa = minimal([b"a"])
    banded = Dfa(dfa.classes, dfa.width, dfa.defaults, dfa.offsets, dfa.columns, dfa.targets, dfa.values, dfa.values)
    with pytest.raises(ValueError, match="out-of-band"):
        minimise(banded)
