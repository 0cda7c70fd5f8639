"""Edits are applied at once, and only where they make sense."""

import pytest

from dockarmor.text.edit import Edit, apply
from dockarmor.text.source import Source, Span

SOURCE = Source("p", "abcdef")


def edit(start: int, end: int, text: str) -> Edit:
    return Edit(Span(SOURCE, start, end), text)


def test_edits_replace_remove_and_insert_in_any_order() -> None:
    assert apply(SOURCE, [edit(4, 5, ""), edit(0, 1, "AA"), edit(2, 2, "-")]) == "AAb-cdf"
    assert apply(SOURCE, []) == "abcdef"


def test_overlapping_edits_are_refused() -> None:
    with pytest.raises(ValueError, match="overlap"):
        apply(SOURCE, [edit(0, 3, ""), edit(2, 4, "")])


def test_an_edit_of_another_source_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot be applied"):
        apply(Source("q", "abcdef"), [edit(0, 1, "")])
