"""Tables that pass `verify` are walked inside their bounds; what a kernel refuses is refused."""

import random
from array import array

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pattern_oracle import ids, meaning, minimal, pattern_lists, sample, strings

from dockarmor.automata.pack import Tables, pack
from dockarmor.automata.tables import DIFFERENTIAL, OUT_OF_BAND
from dockarmor.automata.walk import MalformedTables, expand, step_out_of_band, verify, walk, walk_many
from dockarmor.value import replace

GOOD = pack(minimal([b"/etc/(passwd|group)", b"/etc/[^\\x00]*"]), differential=True)
PLAIN = pack(minimal([b"ab", b"ac*"]))


def changed(tables: Tables, field: str, index: int, value: int) -> Tables:
    copy = array("I", getattr(tables, field))
    copy[index] = value
    return replace(tables, **{field: copy})


@given(pattern_lists, st.lists(strings, min_size=1, max_size=20))
def test_a_batch_is_many_walks(given_patterns: list[bytes], samples: list[bytes]) -> None:
    dfa = minimal(given_patterns)
    offsets = array("i", [0])
    for data in samples:
        offsets.append(offsets[-1] + len(data))
    for tables in (pack(dfa), pack(dfa, differential=True, classes=True)):
        reached = walk_many(tables, 1, b"".join(samples), offsets)
        assert list(reached) == [walk(tables, 1, data) for data in samples]
        for state, data in zip(reached, samples, strict=True):
            assert ids(tables.values[state]) == meaning(given_patterns, data)


def test_state_0_is_absorbing() -> None:
    assert walk(GOOD, 0, b"/etc/passwd") == 0
    assert list(walk_many(GOOD, 0, b"/etc/passwd", array("I", [0, 4, 11]))) == [0, 0]


@pytest.mark.parametrize("offsets", [[0, 5], [2, 1], [-1, 2], [0, 2, 1], [5, 6]])
def test_offsets_outside_the_data_are_refused(offsets: list[int]) -> None:
    with pytest.raises(ValueError):
        walk_many(PLAIN, 1, b"abcd", array("q", offsets))


def test_no_offsets_are_no_strings() -> None:
    assert list(walk_many(PLAIN, 1, b"", array("I"))) == []
    assert list(walk_many(PLAIN, 1, b"", array("I", [0]))) == []


@pytest.mark.parametrize("state", [-1, PLAIN.states, 2**31, 2**32 - 1])
def test_a_state_that_is_none_is_refused(state: int) -> None:
    with pytest.raises(IndexError):
        walk(PLAIN, state, b"a")
    with pytest.raises(IndexError):
        walk_many(PLAIN, state, b"a", array("I", [0, 1]))
    with pytest.raises(IndexError):
        step_out_of_band(PLAIN, state)


@pytest.mark.parametrize(
    "tables, reason, state",
    [
        (changed(PLAIN, "base", 1, len(PLAIN.next) - 255), "base lies beyond the end", 1),
        (changed(PLAIN, "base", 1, 0x00FFFFFF), "base lies beyond the end", 1),
        (changed(PLAIN, "base", 2, 1 << 30), "unknown bits", 2),
        (changed(PLAIN, "base", 2, 1 << 24), "unknown bits", 2),
        (changed(PLAIN, "base", 1, OUT_OF_BAND), "before the beginning", 1),
        (changed(PLAIN, "default", 1, PLAIN.states), "default is no state", 1),
        (changed(PLAIN, "next", 97, PLAIN.states), "slot 97", -1),
        (changed(PLAIN, "check", 5, 2**32 - 1), "slot 5", -1),
        (changed(PLAIN, "default", 0, 1), "not dead", 0),
        (changed(PLAIN, "base", 0, DIFFERENTIAL), "does not end", 0),
        (changed(PLAIN, "next", 0, 1), "not dead", 0),
        (changed(changed(PLAIN, "base", 1, DIFFERENTIAL), "default", 1, 1), "does not end", 1),
        (replace(PLAIN, values=PLAIN.values[:-1]), "differ in length", -1),
        (replace(PLAIN, default=PLAIN.default[:-1]), "differ in length", -1),
        (replace(PLAIN, check=PLAIN.check[:-1]), "differ in length", -1),
        (replace(PLAIN, classes=bytes(255)), "class table", -1),
        (replace(PLAIN, base=array("H", [0] * PLAIN.states)), "32-bit", -1),
        (Tables(*(array("I", [0]),) * 3, *(array("I", bytes(1024)),) * 2), "two states", -1),
    ],
)
def test_what_a_kernel_refuses_is_refused(tables: Tables, reason: str, state: int) -> None:
    with pytest.raises(MalformedTables, match=reason) as caught:
        verify(tables)
    assert caught.value.state == state


def test_a_circle_of_differential_states_is_refused() -> None:
    tables = GOOD
    for state in (2, 3, 4):
        tables = changed(tables, "base", state, DIFFERENTIAL)
    for state, default in ((2, 3), (3, 4), (4, 2)):
        tables = changed(tables, "default", state, default)
    with pytest.raises(MalformedTables, match="does not end"):
        verify(tables)


@settings(max_examples=300)
@given(st.integers(0, 2**32), st.booleans())
def test_flipped_bits_are_refused_or_harmless(seed: int, classes: bool) -> None:
    chance = random.Random(seed)
    dfa = sample(seed % 5, 6)
    tables = pack(dfa, differential=True, classes=classes)
    for _ in range(chance.randrange(1, 4)):
        field = chance.choice(["base", "default", "next", "check"])
        table = getattr(tables, field)
        index = chance.randrange(len(table))
        tables = changed(tables, field, index, table[index] ^ 1 << chance.randrange(32))
    try:
        verify(tables)
    except MalformedTables:
        return
    data = bytes(chance.randrange(256) for _ in range(300))
    assert 0 <= walk(tables, 1, data) < tables.states
    assert expand(tables).walk(data) == walk(tables, 1, data)


@given(st.binary(min_size=60, max_size=400))
def test_tables_of_noise_are_refused_or_walked(noise: bytes) -> None:
    numbers = list(noise)
    states = 2 + numbers[0] % 6
    slots = 256 + numbers[1] % 40
    fill = (value % (states + (value > 250)) for value in numbers * 40)
    tables = Tables(
        values=array("I", bytes(4 * states)),
        base=array("I", [next(fill) | next(fill) % 2 << 31 for _ in range(states)]),
        default=array("I", [next(fill) for _ in range(states)]),
        next=array("I", [next(fill) for _ in range(slots)]),
        check=array("I", [next(fill) for _ in range(slots)]),
    )
    try:
        verify(tables)
    except MalformedTables:
        return
    assert 0 <= walk(tables, 1, noise) < states
    assert expand(tables).walk(noise) == walk(tables, 1, noise)
