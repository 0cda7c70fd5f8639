"""Set variables become alternations; beside one in a text slashes do not double."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dockarmor.policy.variables import Variables
from dockarmor.text.diagnostic import DiagnosticError
from dockarmor.text.source import Source, Span

HERE = Span(Source("p", ""), 0, 0)
PLAIN = st.text("abc/", max_size=4)
SETS = st.lists(PLAIN, min_size=1, max_size=3).map(tuple)


def expand(text: str, **sets: tuple[str, ...]) -> str:
    return Variables(sets).expand(text, HERE)


@pytest.mark.parametrize(
    "text, expanded",
    [
        ("/a/@{V}/c", "/a/{b,c}/c"),
        ("/a/@{V}", "/a/{b/,c//}"),
        ("/@{V}/c", "/{/b,/c}/c"),
        ("/x@{V}y", "/x{/b/,/c//}y"),
    ],
)
def test_slashes_are_trimmed_as_the_reference_parser_trims_them(text: str, expanded: str) -> None:
    assert expand(text, V=("/b/", "/c//")) == expanded


def test_one_value_stands_alone_and_several_are_sorted_and_distinct() -> None:
    assert expand("@{V}", V=("b",)) == "b"
    assert expand("@{V}", V=("b", "a", "b")) == "{a,b}"
    assert expand("@{V}", V=("a,b",)) == "a,b"


def test_a_set_in_a_value_makes_as_many_values() -> None:
    assert Variables({"A": ("/a", "/b"), "B": ("@{A}/x",)}).values("B", HERE) == ("/a/x", "/b/x")


def test_a_value_that_holds_a_set_keeps_its_slashes() -> None:
    sets = {"A": ("/a/",), "B": ("@{A}/*/", "/r/")}
    assert Variables(sets).values("B", HERE) == ("/a//*/", "/r/")
    assert expand("@{B}/x", **sets) == "{/a//*,/r}/x"


def test_an_escaped_reference_is_text() -> None:
    assert expand(r"/\@{V}", V=("x",)) == r"/\@{V}"
    assert expand(r"/\\@{V}", V=("x",)) == r"/\\x"


def test_braces_with_a_comma_are_an_alternation() -> None:
    assert expand("/@{a,b}") == "/@{a,b}"


@pytest.mark.parametrize(
    "text, code",
    [("@{W}", "DA110"), ("@{R}", "DA111"), ("@{S}", "DA111"), ("@{1}", "DA113"), ("@{HUGE}", "DA112")],
)
def test_what_cannot_expand_is_said(text: str, code: str) -> None:
    doubling = {f"D{n}": (f"@{{D{n + 1}}}@{{D{n + 1}}}",) for n in range(40)}
    sets = {"R": ("@{R}",), "S": ("@{T}",), "T": ("x@{S}",), "HUGE": ("@{D0}",), **doubling, "D40": ("a", "b")}
    with pytest.raises(DiagnosticError) as caught:
        Variables(sets).expand(text, HERE)
    assert [found.code for found in caught.value.diagnostics] == [code]


def test_an_unknown_name_suggests_a_known_one() -> None:
    with pytest.raises(DiagnosticError) as caught:
        expand("@{HOMES}", HOME=("/root",))
    assert caught.value.diagnostics[0].help == ("did you mean `@{HOME}`?",)


@given(PLAIN, PLAIN)
def test_text_without_references_stays(before: str, after: str) -> None:
    assert expand(before + after, V=("x",)) == before + after


@given(SETS, PLAIN, PLAIN)
def test_order_and_repetition_of_values_mean_nothing(values: tuple[str, ...], before: str, after: str) -> None:
    text = f"{before}@{{V}}{after}"
    assert expand(text, V=values) == expand(text, V=(*reversed(values), *values))


@given(SETS, PLAIN, PLAIN)
def test_a_name_for_a_name_changes_nothing(values: tuple[str, ...], before: str, after: str) -> None:
    assert expand(f"{before}@{{W}}{after}", V=values, W=("@{V}",)) == expand(f"{before}@{{V}}{after}", V=values)


@given(SETS, PLAIN)
def test_expanding_twice_is_expanding_once(values: tuple[str, ...], before: str) -> None:
    once = expand(f"{before}@{{V}}", V=values)
    assert expand(once, V=values) == once


def test_the_profiles_own_values_win() -> None:
    assert (
        Variables({"profile_name": ("x",)}).with_values({"profile_name": ("p",)}).expand("@{profile_name}", HERE)
        == "p"
    )
