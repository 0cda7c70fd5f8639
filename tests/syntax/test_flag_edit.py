"""Flags of a header changed, everything else kept."""

import pytest

from dockarmor.policy.read import grammar
from dockarmor.syntax.flag_edit import flag_edit
from dockarmor.syntax.structure import parse
from dockarmor.syntax.tree import ProfileNode
from dockarmor.text.edit import apply
from dockarmor.text.source import Source


def edited(text: str, *words: str) -> str:
    source = Source("p", text)
    (node,) = parse(source, grammar()).file.body
    assert isinstance(node, ProfileNode)
    edit = flag_edit(node, words)
    return text if edit is None else apply(source, [edit])


@pytest.mark.parametrize(
    "before, words, after",
    [
        ("profile p { }", ("complain",), "profile p flags=(complain) { }"),
        ("profile p xattrs=(a=b){ }", ("complain",), "profile p xattrs=(a=b) flags=(complain) { }"),
        ("profile p /x # why\n{ }", ("audit",), "profile p /x # why\nflags=(audit) { }"),
        ("profile p flags=(audit) { }", ("audit", "complain"), "profile p flags=(audit, complain) { }"),
        ("profile p flags = ( audit complain ) { }", ("audit",), "profile p flags = ( audit ) { }"),
        ("profile p flags=(complain) { }", (), "profile p { }"),
        ("profile p flags = (complain ,) { }", (), "profile p { }"),
        ("profile p (complain) { }", (), "profile p { }"),
        ("/x (complain) { } # x\n", ("kill",), "/x (kill) { } # x\n"),
        ('profile p flags=("audit") {\n}', ("audit", "kill"), 'profile p flags=("audit", kill) {\n}'),
        ("profile p flags=(audit) { }", ("audit",), "profile p flags=(audit) { }"),
        ("hat h { }", ("complain",), "hat h flags=(complain) { }"),
    ],
)
def test_only_the_flags_change(before: str, words: tuple[str, ...], after: str) -> None:
    assert edited(before, *words) == after
    source = Source("p", after)
    (node,) = parse(source, grammar()).file.body
    assert isinstance(node, ProfileNode)
    assert tuple(word.text for word in node.flags) == words
