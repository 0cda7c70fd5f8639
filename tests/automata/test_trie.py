"""Patterns are read as the dialect says; what is not of the dialect is refused with its place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pattern_oracle import automaton, meaning, pattern_lists, strings, trie_of

from dockarmor.automata.determinise import determinise
from dockarmor.automata.dfa import Dfa
from dockarmor.automata.limits import LimitExceeded, Limits, PatternError
from dockarmor.automata.trie import MAX_DEPTH, Trie


@pytest.mark.parametrize(
    "pattern, data, expected",
    [
        (b"", b"", True),
        (b"", b"a", False),
        (b"abc", b"abc", True),
        (b"abc", b"ab", False),
        (b"a|", b"", True),
        (b"|a", b"a", True),
        (b"a|b|", b"", True),
        (b"a(|b)c", b"ac", True),
        (b"()", b"", True),
        (b".", b"\0", True),
        (b"\\x41", b"A", True),
        (b"\\n", b"n", True),
        (b"\\*\\(\\)", b"*()", True),
        (b"[\\]a]", b"]", True),
        (b"[a-]", b"-", True),
        (b"[-a]", b"-", True),
        (b"[a\\-c]", b"b", False),
        (b"[^a]", b"\0", True),
        (b"[^\\x00-\\xfe]", b"\xff", True),
        (b"[\\x30-\\x39]*", b"0123456789", True),
        (b"[\\x30-\\x39]*", b"012a", False),
        (b"a*a*", b"aaa", True),
        (b"a*b*a*", b"aba", True),
        (b"a*b*a*", b"abab", False),
        (b"]", b"]", True),
        (b"^$", b"^$", True),
    ],
)
def test_a_pattern_matches_whole_strings(pattern: bytes, data: bytes, expected: bool) -> None:
    assert bool(automaton([pattern]).value(data)) is expected


@pytest.mark.parametrize(
    "pattern, offset",
    [
        (b"*", 0),
        (b"ab|*", 3),
        (b"a**", 2),
        (b"(a)*", 3),
        (b"x(a", 1),
        (b"a)", 1),
        (b"ab[c", 2),
        (b"[]", 0),
        (b"a[^]", 1),
        (b"a[c-a]", 2),
        (b"ab\\", 2),
        (b"a\\x4", 1),
        (b"a\\xg0", 1),
        (b"a[\\x4]", 2),
        (b"a[\\", 1),
        (b"[]a]", 0),
        (b"(" * (MAX_DEPTH + 1) + b")" * (MAX_DEPTH + 1), MAX_DEPTH),
    ],
)
def test_a_refusal_names_the_place(pattern: bytes, offset: int) -> None:
    with pytest.raises(PatternError) as caught:
        Trie().add(pattern, 0)
    assert caught.value.offset == offset
    assert caught.value.reason


def test_groups_nest_to_the_limit() -> None:
    pattern = b"(" * MAX_DEPTH + b"a" + b")" * MAX_DEPTH
    assert automaton([pattern]).value(b"a")


@given(st.binary(max_size=40) | st.lists(st.sampled_from(list(b"()|*[]^-\\x0a.")), max_size=30).map(bytes))
def test_any_bytes_are_a_pattern_or_refused(pattern: bytes) -> None:
    trie = Trie()
    refused = None
    try:
        trie.add(pattern, 0)
    except PatternError as error:
        refused = error
    assert refused is None or 0 <= refused.offset <= len(pattern)
    determinise(trie, len)


@given(pattern_lists, st.lists(strings, max_size=20))
def test_a_refused_pattern_changes_no_meaning(given_patterns: list[bytes], samples: list[bytes]) -> None:
    trie = Trie()
    for accept, pattern in enumerate(given_patterns):
        trie.add(pattern, accept)
        with pytest.raises(PatternError):
            trie.add(pattern + b"ab(c|d*)[", 31)
    dfa = determinise(trie, lambda accepts: sum(1 << accept for accept in accepts))
    for data in samples:
        assert dfa.value(data) == sum(1 << index for index in meaning(given_patterns, data))


def test_a_shared_prefix_is_stored_once() -> None:
    one = trie_of([b"/(usr/|)lib/[a-z]*/(a|b|c)x"])
    two = trie_of([b"/(usr/|)lib/[a-z]*/(a|b|c)x", b"/(usr/|)lib/[a-z]*/(a|b|c)y"])
    assert two.nodes == one.nodes + 1


def test_alternations_are_not_multiplied_out() -> None:
    assert trie_of([b"(a|b|c)" * 40]).nodes < 200


@given(pattern_lists, pattern_lists)
def test_a_copy_goes_its_own_way(first: list[bytes], second: list[bytes]) -> None:
    base = trie_of(first)
    twin = base.copy()
    for pattern in second:
        twin.add(pattern, 30)
    assert determinise(base, max).identical(automaton_max(first, []))
    assert determinise(twin, max).identical(automaton_max(first, second))


def automaton_max(first: list[bytes], second: list[bytes]) -> Dfa:
    trie = trie_of(first)
    for pattern in second:
        trie.add(pattern, 30)
    return determinise(trie, max)


def test_nodes_are_limited() -> None:
    with pytest.raises(LimitExceeded) as caught:
        Trie(Limits(nodes=100)).add(b"a" * 101, 0)
    assert (caught.value.limit, caught.value.value) == ("nodes", 100)
