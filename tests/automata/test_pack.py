"""Every encoding of the tables holds the same automaton."""

from array import array
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pattern_oracle import minimal, pattern_lists, sample, strings

from dockarmor.automata.dfa import Dfa
from dockarmor.automata.limits import LimitExceeded, Limits
from dockarmor.automata.pack import Tables, pack
from dockarmor.automata.tables import DIFFERENTIAL, OFFSET, OUT_OF_BAND
from dockarmor.automata.walk import expand, step_out_of_band, verify, walk


def encodings(dfa: Dfa, chain: int = 4) -> Iterator[Tables]:
    for differential in (False, True):
        for classes in (False, True):
            yield pack(dfa, differential=differential, classes=classes, chain=chain)


def with_band(dfa: Dfa, targets: list[int]) -> Dfa:
    band = array("I", targets)
    return Dfa(dfa.classes, dfa.width, dfa.defaults, dfa.offsets, dfa.columns, dfa.targets, dfa.values, band)


def chain_length(tables: Tables, state: int) -> int:
    length = 0
    while tables.base[state] & DIFFERENTIAL:
        state = tables.default[state]
        length += 1
    return length


@given(pattern_lists, st.integers(1, 6))
def test_expanding_gives_back_what_was_packed(given_patterns: list[bytes], chain: int) -> None:
    dfa = minimal(given_patterns)
    for tables in encodings(dfa, chain):
        verify(tables)
        assert expand(tables).identical(dfa)


@given(pattern_lists, st.lists(strings, max_size=20))
def test_walking_is_stepping(given_patterns: list[bytes], samples: list[bytes]) -> None:
    dfa = minimal(given_patterns)
    for tables in encodings(dfa):
        for data in samples:
            for start in (0, 1, dfa.states - 1):
                assert walk(tables, start, data) == dfa.walk(data, start)


@pytest.mark.parametrize("chain", [1, 2, 4, 9])
def test_chains_are_capped(chain: int) -> None:
    dfa = sample(5, 40)
    tables = pack(dfa, differential=True, chain=chain)
    lengths = [chain_length(tables, state) for state in range(dfa.states)]
    assert 1 <= max(lengths) <= chain


def test_relative_states_make_tables_smaller() -> None:
    dfa = sample(1, 60)
    plain, classes, differential, both = (
        len(pack(dfa, differential=d, classes=c).next) for d in (False, True) for c in (False, True)
    )
    assert both <= differential < plain
    assert classes < plain


def test_slots_and_bases_are_as_a_kernel_wants_them() -> None:
    dfa = sample(2, 30)
    for tables in encodings(dfa):
        assert len(tables.next) == len(tables.check) >= 256
        assert all((base & OFFSET) + 255 < len(tables.next) for base in tables.base)
        assert (tables.base[0], tables.default[0], tables.check[0], tables.next[0]) == (0, 0, 0, 0)
        assert all(owner or not target for owner, target in zip(tables.check, tables.next, strict=True))


@given(pattern_lists, st.data())
def test_out_of_band_edges_come_back(given_patterns: list[bytes], data: st.DataObject) -> None:
    dfa = minimal(given_patterns)
    targets = data.draw(st.lists(st.integers(0, dfa.states - 1), min_size=dfa.states, max_size=dfa.states))
    targets[0] = 0
    banded = with_band(dfa, targets)
    for tables in encodings(banded):
        verify(tables)
        assert [step_out_of_band(tables, state) for state in range(dfa.states)] == targets
        assert all(bool(tables.base[state] & OUT_OF_BAND) == bool(targets[state]) for state in range(dfa.states))
        back = expand(tables)
        assert back.identical(banded if any(targets) else dfa)


def test_cells_are_limited() -> None:
    with pytest.raises(LimitExceeded) as caught:
        expand(pack(minimal([b"abc"])), Limits(cells=1000))
    assert caught.value.limit == "cells"
