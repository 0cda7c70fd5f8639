"""The automaton of patterns gives each string the value of the set of patterns that match it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pattern_oracle import (
    automaton,
    bits,
    ids,
    meaning,
    minimal,
    pattern_lists,
    patterns,
    strings,
    trie_of,
)

from dockarmor.automata.determinise import determinise
from dockarmor.automata.minimise import minimise
from dockarmor.automata.trie import Trie


@given(pattern_lists, st.lists(strings, max_size=30))
def test_values_are_what_re_says(given_patterns: list[bytes], samples: list[bytes]) -> None:
    dfa = automaton(given_patterns)
    for data in samples:
        assert ids(dfa.value(data)) == meaning(given_patterns, data)


def test_the_dead_state_is_dead_and_the_start_is_there() -> None:
    for given_patterns in ([], [b"a"], [b""], [b".*"]):
        dfa = automaton(given_patterns)
        assert dfa.states >= 2
        assert {dfa.step(0, byte) for byte in range(256)} == {0}
        assert dfa.values[0] == 0


@given(pattern_lists)
def test_resolve_is_asked_once_per_set(given_patterns: list[bytes]) -> None:
    asked = []

    def resolve(accepts: tuple[int, ...]) -> int:
        asked.append(accepts)
        return bits(accepts)

    determinise(trie_of(given_patterns), resolve)
    assert len(set(asked)) == len(asked)
    assert all(list(accepts) == sorted(set(accepts)) for accepts in asked)


def test_what_resolve_raises_passes_through() -> None:
    def resolve(accepts: tuple[int, ...]) -> int:
        if len(accepts) > 1:
            raise ArithmeticError(accepts)
        return 1

    with pytest.raises(ArithmeticError) as caught:
        determinise(trie_of([b"a*", b"[a-c]", b"c"]), resolve)
    assert caught.value.args == ((0, 1),)


def test_a_set_without_value_leaves_nothing() -> None:
    dfa = minimise(determinise(trie_of([b"ab", b"ac"]), lambda accepts: 0))
    assert dfa.states == 2


def test_values_use_all_32_bits() -> None:
    dfa = determinise(trie_of([b"a"]), lambda accepts: 0xFFFFFFFF)
    assert dfa.value(b"a") == 0xFFFFFFFF


SINKS = st.lists(
    st.sampled_from([b"[^\\x00]*", b"a[^\\x00]*", b"[^/]*[^\\x00]*", b"a*[^\\x00]*", b"b.*", b"/[^\\x00]*"]),
    min_size=1,
    max_size=3,
)


@given(SINKS, st.lists(patterns, max_size=5), st.lists(strings, max_size=30), st.data())
def test_pruning_changes_no_value(
    sinks: list[bytes], others: list[bytes], samples: list[bytes], data: st.DataObject
) -> None:
    """Values are unions of letters, so an accept is covered when the sinks have all its letters."""
    given_patterns = sinks + others
    letters = data.draw(st.lists(st.integers(1, 15), min_size=len(given_patterns), max_size=len(given_patterns)))

    def union(accepts: tuple[int, ...]) -> int:
        value = 0
        for accept in accepts:
            value |= letters[accept]
        return value

    def covered(present: tuple[int, ...]) -> int:
        have = union(present)
        return bits(tuple(accept for accept in range(len(letters)) if letters[accept] & ~have == 0))

    trie = trie_of(given_patterns)
    plain = determinise(trie, union)
    pruned = determinise(trie, union, covered)
    assert pruned.states <= plain.states
    assert minimise(pruned).identical(minimise(plain))
    for sample in samples:
        assert pruned.value(sample) == union(tuple(meaning(given_patterns, sample)))


def test_pruning_makes_fewer_states() -> None:
    given_patterns = [b"/[^\\x00]*", b"/a[^\\x00]*b", b"/[^/\\x00]*x[^/\\x00]*y"]
    trie = trie_of(given_patterns)
    pruned = determinise(trie, lambda accepts: 1, lambda present: 0b111)
    assert pruned.states == 3
    assert determinise(trie, lambda accepts: 1).states > 3


@settings(max_examples=30)
@given(st.lists(st.integers(0, 2**40), min_size=1, max_size=4, unique=True))
def test_accept_ids_may_be_any_number(accepts: list[int]) -> None:
    trie = Trie()
    for accept in accepts:
        trie.add(b"a", accept)
    seen = []
    determinise(trie, lambda found: seen.append(found) or 1)  # type: ignore[func-returns-value]
    assert seen == [tuple(sorted(accepts))]


@given(pattern_lists)
def test_nothing_but_the_language_matters_for_size(given_patterns: list[bytes]) -> None:
    doubled = [b"(" + pattern + b"|" + pattern + b")" for pattern in given_patterns]
    assert minimal(doubled).identical(minimal(given_patterns))
