"""Automata are compared and combined over all strings."""

from array import array
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pattern_oracle import automaton, ids, meaning, minimal, pattern_lists, strings

from dockarmor.automata.dfa import EMPTY, Dfa
from dockarmor.automata.limits import LimitExceeded, Limits
from dockarmor.automata.minimise import minimise
from dockarmor.automata.pack import pack
from dockarmor.automata.product import combine, difference, live_values, revalue, witness
from dockarmor.automata.walk import walk

ALL = 0b111111


def both(left: int, right: int) -> int:
    return left & right


def either(left: int, right: int) -> int:
    return left | right


def inverse(dfa: Dfa) -> Dfa:
    return revalue(dfa, lambda value: ALL & ~value)


@given(pattern_lists, pattern_lists, st.lists(strings, max_size=20))
def test_a_difference_is_found_iff_there_is_one(one: list[bytes], other: list[bytes], samples: list[bytes]) -> None:
    left, right = minimal(one), minimal(other)
    for options in ({}, {"differential": True}, {"classes": True}):
        first, second = pack(left, **options), pack(right, differential=True, classes=True)
        found = difference(first, left.values, second, right.values)
        assert (found is None) == left.identical(right)
        if found is None:
            continue
        assert meaning(one, found.witness) != meaning(other, found.witness)
        assert walk(first, 1, found.witness) == found.left
        assert walk(second, 1, found.witness) == found.right
        for data in samples:
            if meaning(one, data) != meaning(other, data):
                assert len(found.witness) <= len(data)


def test_a_witness_reads_well() -> None:
    left, right = minimal([b"/etc/[^\\x00]*"]), minimal([b"/etc/[^/\\x00]*"])
    found = difference(pack(left), left.values, pack(right), right.values)
    assert found is not None
    assert found.witness == b"/etc//"


def test_a_difference_may_start_anywhere() -> None:
    dfa = minimal([b"ab", b"cb"])
    tables = pack(dfa)
    after_a, after_c = walk(tables, 1, b"a"), walk(tables, 1, b"c")
    found = difference(tables, dfa.values, tables, dfa.values, after_a, after_c)
    assert found is not None
    assert found.witness == b"b"


def test_values_may_be_read_in_another_way() -> None:
    dfa = minimal([b"a", b"b"])
    tables = pack(dfa)
    flat = array("I", [int(value > 0) for value in dfa.values])
    assert difference(tables, flat, tables, flat) is None
    assert difference(tables, dfa.values, tables, flat) is not None


def test_out_of_band_edges_are_compared() -> None:
    dfa = minimal([b"ab"])
    band = array("I", [0] * dfa.states)
    band[dfa.walk(b"a")] = dfa.walk(b"ab")
    banded = Dfa(dfa.classes, dfa.width, dfa.defaults, dfa.offsets, dfa.columns, dfa.targets, dfa.values, band)
    found = difference(pack(banded), dfa.values, pack(dfa), dfa.values)
    assert found is not None
    assert (found.witness, found.out_of_band) == (b"a", (1,))
    assert difference(pack(banded), dfa.values, pack(banded, differential=True), dfa.values) is None


@pytest.mark.parametrize("merge", [both, either, lambda left, right: left & ~right, lambda left, right: left ^ right])
@given(one=pattern_lists, other=pattern_lists, samples=st.lists(strings, max_size=12))
def test_combining_combines_values(
    merge: Callable[[int, int], int], one: list[bytes], other: list[bytes], samples: list[bytes]
) -> None:
    combined = combine(automaton(one), minimal(other), merge)
    smallest = minimise(combined)
    for data in samples:
        left, right = (sum(1 << index for index in meaning(given, data)) for given in (one, other))
        assert combined.value(data) == smallest.value(data) == merge(left, right)


@given(pattern_lists, pattern_lists)
def test_de_morgan(one: list[bytes], other: list[bytes]) -> None:
    left, right = minimal(one), minimal(other)
    outside = minimise(inverse(combine(left, right, either)))
    assert outside.identical(minimise(combine(inverse(left), inverse(right), both)))


@given(pattern_lists)
def test_identities(given_patterns: list[bytes]) -> None:
    dfa = minimal(given_patterns)
    assert minimise(combine(dfa, EMPTY, either)).identical(dfa)
    assert minimise(combine(dfa, EMPTY, both)).identical(EMPTY)
    assert minimise(combine(dfa, dfa, both)).identical(dfa)
    assert minimise(inverse(inverse(dfa))).identical(dfa)


@given(pattern_lists, st.lists(strings, max_size=12))
def test_a_union_of_patterns_is_the_union_of_their_automata(
    given_patterns: list[bytes], samples: list[bytes]
) -> None:
    union = EMPTY
    for index, pattern in enumerate(given_patterns):
        shifted = revalue(minimal([pattern]), lambda value, index=index: value << index)
        union = combine(union, shifted, either)
    assert minimise(union).identical(minimal(given_patterns))


@given(pattern_lists, st.lists(strings, max_size=20))
def test_a_witness_is_a_shortest_string(given_patterns: list[bytes], samples: list[bytes]) -> None:
    dfa = minimal(given_patterns)
    found = witness(dfa, lambda value: value & 1 == 1)
    for data in samples:
        if 0 in meaning(given_patterns, data):
            assert found is not None
            assert len(found) <= len(data)
    if found is not None:
        assert 0 in meaning(given_patterns, found)


@given(pattern_lists)
def test_live_values_are_those_with_a_witness(given_patterns: list[bytes]) -> None:
    dfa = automaton(given_patterns)
    live = live_values(dfa)
    for value in range(1 << len(given_patterns)):
        found = witness(dfa, lambda other, value=value: other == value)
        assert (found is not None) == (value in live)
        if found is not None:
            assert ids(value) == meaning(given_patterns, found)


def test_pairs_are_limited() -> None:
    left, right = minimal([b"abcdef"]), minimal([b"ghijkl"])
    with pytest.raises(LimitExceeded) as caught:
        combine(left, right, either, Limits(pairs=3))
    assert caught.value.limit == "pairs"
