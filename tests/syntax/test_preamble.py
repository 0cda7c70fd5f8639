"""Definitions are read by two roads, one for nearly all of them and one for the rest: both say the same."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dockarmor.policy.read import grammar
from dockarmor.syntax import preamble
from dockarmor.syntax.structure import parse
from dockarmor.syntax.tree import Alias, SetVariable
from dockarmor.text.source import Source, Span

_PIECES = [
    "@{A}",
    "@A",
    "@{_b}",
    "alias",
    "/x",
    "/y*/{a,b}",
    "->",
    "=",
    "+=",
    "?=",
    ":=",
    ",",
    " ",
    " # y\n",
    "@{C} = x",
    "{,x}",
    "\t",
    "\n",
]
_ODD = ['"', "\\", "#", "!", "\r", "\x00", ":", "=", "+", "?", "é", "#include", "{", "}", "if", "\\\n", "@{B}", "$"]
lines = st.lists(st.sampled_from(_PIECES * 3 + _ODD), max_size=24).map("".join)


def said(text: str) -> object:
    """All nodes with every place in them, and what is wrong."""
    parsed = parse(Source("t", text), grammar())
    return [_places(node) for node in parsed.file.body], [
        (found.code, found.message, _place(found.span)) for found in parsed.diagnostics
    ]


def _places(node: object) -> object:
    if isinstance(node, SetVariable):
        words = [(word.text, _place(word.span)) for word in (node.name, *node.values)]
        return "set", node.operator, words, _place(node.span)
    if isinstance(node, Alias):
        return "alias", [(word.text, _place(word.span)) for word in (node.source, node.target)], _place(node.span)
    return type(node).__name__, _place(node.span)  # type: ignore[attr-defined]


def _place(span: Span | None) -> tuple[int, int] | None:
    return None if span is None else (span.start, span.end)


@settings(max_examples=1500, deadline=None)
@given(lines)
def test_the_quick_road_of_definitions_says_what_the_other_says(text: str) -> None:
    quick = said(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(preamble, "MAX_WORD", 0)  # too long for the quick road
        slow = said(text)
    assert quick == slow


@pytest.mark.parametrize(
    "text",
    [
        *("@{HOME}=/root/ /home/*/\n", "@{A} += x\n", "@{A}?=x \t\n", "alias /usr/ -> /mnt/usr/,\n"),
        *("@{A}={,x}\n", "@{A} = x # y\n", "\n# y\n@{A} = x\n", "alias /{,usr/}bin/ -> /x/,\n"),
    ],
)
def test_usual_definitions_go_by_the_quick_road(text: str) -> None:
    quick = preamble._PLAIN_ASSIGNMENT.match(text) or preamble._PLAIN_ALIAS.match(text, len("alias"))
    assert quick is not None
