"""DA355: negated classes in a row, and the patterns that exclude a word."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dockarmor.automata.determinise import determinise
from dockarmor.automata.dfa import Dfa
from dockarmor.automata.product import combine, witness
from dockarmor.automata.trie import Trie
from dockarmor.lint.exclusion import exclusion
from dockarmor.rules.aare import to_pattern
from dockarmor.text.diagnostic import Diagnostic

Find = Callable[..., list[Diagnostic]]

ROW = "[^s][^h][^m]"


@pytest.mark.parametrize(
    "path, word",
    [
        (f"/k/{ROW}**", "shm"),
        (f"/k/{ROW}*", "shm"),
        (f"/k/{ROW}", "shm"),
        (f"/k/{ROW}/**", "shm"),
        (f"/k/{{?,??,{ROW}**}}", "shm"),
        (f"@{{P}}/k/{ROW}**", "shm"),
        ("/k/[^s/][^h/][^m/]*", "shm"),
        ("/home/[^.][^s]*", ".s"),
    ],
)
def test_a_word_is_found_and_named(find: Find, path: str, word: str) -> None:
    (one,) = find("DA355", f"@{{P}} = /p /q\nprofile p {{ deny {path} w, }}\n")
    assert one.message == f"classes in a row do not exclude the word `{word}`"


@pytest.mark.parametrize(
    "path",
    [
        "/k/[^s]**",
        "/k/[^/][^/]*",
        "/k/[^0-9][^0-9]*",
        "/k/[^.][a-z]*",
        "/k/[^s]h[^m]",
        "/k/{[^s/]**,s,s[^h]**,sh,sh[^m]**}",
        f"/k/{{{ROW}**,**}}",
    ],
)
def test_what_means_what_it_says_is_not(find: Find, path: str) -> None:
    assert find("DA355", f"profile p {{ deny {path} w, }}\n") == []


def test_witnesses_are_paths_that_slip_through(find: Find) -> None:
    (one,) = find("DA355", f"profile p {{ deny /proc/sys/kernel/{ROW}** w, }}\n")
    assert one.notes == (
        "witness: /proc/sys/kernel/saa is not denied by this rule, though only one letter agrees",
        "witness: /proc/sys/kernel/a is not denied by this rule, it has fewer than 3 letters",
    )
    pattern = automaton(f"/proc/sys/kernel/{ROW}**")
    assert not pattern.value(b"/proc/sys/kernel/saa")
    assert not pattern.value(b"/proc/sys/kernel/a")


def test_short_names_may_be_there_already(find: Find) -> None:
    (one,) = find("DA355", f"profile p {{ /k/{{?,??,{ROW}**}} r, }}\n")
    assert one.notes == ("witness: /k/saa is not allowed by this rule, though only one letter agrees",)


def test_classes_of_several_letters_are_shown_but_not_mended(find: Find) -> None:
    (one,) = find("DA355", "profile p { deny /proc/{[^1-9],[^1-9][^0-9],[^1-9s][^0-9y][^0-9s]}/** w, }\n")
    assert one.message == "classes in a row do not exclude a word"
    assert one.fix is None


@pytest.mark.parametrize(
    "path, mended",
    [
        (f"/k/{ROW}**", "/k/{[^s/]**,s,s[^h]**,sh,sh[^m]**}"),
        (f"/k/{ROW}*", "/k/{[^s/]*,s,s[^h/]*,sh,sh[^m/]*}"),
        (f"/k/{ROW}/**", "/k/{[^s/]*,s,s[^h/]*,sh,sh[^m/]*,shm?*}/**"),
        (f"/k/{{?,??,{ROW}**}}", "/k/{?,??,[^s/]**,s,s[^h]**,sh,sh[^m]**}"),
    ],
)
def test_the_fix_spells_the_exclusion(find: Find, fixed: Callable[..., str], path: str, mended: str) -> None:
    found = find("DA355", f"profile p {{ deny {path} w, }}\n")
    assert fixed(found) == f"profile p {{ deny {mended} w, }}\n"
    assert [one.fix.safe for one in found if one.fix] == [False]


@pytest.mark.parametrize("path", [f"/k/a{ROW}**", f"/k/{ROW}b", f"/k/{{x{ROW},b}}", f"/k/{{a,{{b,{ROW}}},c}}"])
def test_where_it_is_unclear_what_was_meant_there_is_no_fix(find: Find, path: str) -> None:
    assert [one.fix for one in find("DA355", f"profile p {{ deny {path} w, }}\n")] == [None]


# -- the exclusion, proved: all strings, by a product of automata -------------------------------------------


def automaton(text: str, more: str | None = None) -> Dfa:
    """1 for what the pattern matches; with `more`, a second one, 2 and 3 for that and for both."""
    trie = Trie()
    trie.add(to_pattern(text), 0)
    if more is not None:
        trie.add(to_pattern(more), 1)
    return determinise(trie, lambda accepts: sum(1 << accept for accept in accepts))


def assert_all_but(made: str, everything: str, excluded: str) -> None:
    """`made` is `everything` without `excluded`, on every string without NUL; no path has one."""
    wanted = automaton(everything, excluded)
    no_nul = Trie()
    no_nul.add(b"[^\\x00]*", 0)
    paths = determinise(no_nul, lambda accepts: len(accepts))
    both = combine(automaton(made), wanted, lambda mine, its: int(mine != int(its == 1)))
    wrong = combine(both, paths, lambda one, other: one & other)
    assert witness(wrong, lambda value: value == 1) is None


def made(word: str, tail: str, after: str) -> list[str]:
    row = "".join("[^" + ("\\" if letter in "^-]?*\\" else "") + letter + "]" for letter in word)
    text = f"/k/{row}{tail}{after}"
    found = exclusion(text, 3, 3 + len(row), tuple(1 << ord(letter) for letter in word))
    assert found is not None
    assert found.replaced == row + tail
    return [text.replace(found.replaced, choice) for _, choice in found.choices]


WORDS = st.text('shmab.-^]{},*?\\"', min_size=2, max_size=5)


@settings(max_examples=60)
@given(WORDS)
def test_what_does_not_begin_with_the_word(word: str) -> None:
    literal = "".join(letter if letter.isalnum() else "\\" + letter for letter in word)
    assert_all_but(made(word, "**", "")[0], "/k/**", f"/k/{literal}**")
    assert_all_but(made(word, "*", "")[0], "/k/*", f"/k/{literal}*")
    assert_all_but(made(word, "*", "/x")[0], "/k/?*/x", f"/k/{literal}*/x")


@settings(max_examples=60)
@given(WORDS)
def test_what_is_not_the_word(word: str) -> None:
    literal = "".join(letter if letter.isalnum() else "\\" + letter for letter in word)
    assert_all_but(made(word, "**", "")[1], "/k/**", f"/k/{literal}{{,/**,/}}")
    assert_all_but(made(word, "*", "")[1], "/k/*", f"/k/{literal}")
    assert_all_but(made(word, "", "")[0], "/k/*", f"/k/{literal}")
    assert_all_but(made(word, "", "/**")[0], "/k/?*/**", f"/k/{literal}/**")
