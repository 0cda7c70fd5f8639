"""Paths and the words around them."""

import pytest

from dockarmor.rules.path import read_path, spell_path
from dockarmor.syntax.cursor import Cursor
from dockarmor.text.source import Source


@pytest.mark.parametrize(
    "text, path",
    [
        ("/a r,", "/a"),
        ("/a,b r,", "/a,b"),
        ("/a{b,c} r,", "/a{b,c}"),
        ("/a, r", "/a"),
        (r"/a\ b r,", r"/a\ b"),
        ('"/a b" r,', "/a b"),
        ('"/a"r,', "/a"),
        ("@{X}/a r,", "@{X}/a"),
        ("@{X} r,", "@{X}"),
        ("@X r,", "@X"),
        (":ns:/a r,", ":ns:/a"),
        ("&a r,", "&a"),
        ("& r,", "&"),
        ("foo r,", "foo"),
        ("# comment\n/a r,", "/a"),
        ("/a#b r,", "/a#b"),
        ("/\xe9 r,", "/\xe9"),
        (r"/a\x20\052 r,", r"/a \*"),
    ],
)
def test_paths(text: str, path: str) -> None:
    word = read_path(Cursor(Source("p", text)))
    assert word is not None
    assert word.text == path


@pytest.mark.parametrize(
    "text", ["owner /a", "rw /a", "@{X}=a", "@{X} += a", ":=a", "{/a,/b} r", "-", "", "@{a,b}/x"]
)
def test_what_is_no_path(text: str) -> None:
    cursor = Cursor(Source("p", text))
    assert read_path(cursor) is None
    assert cursor.pos == 0


@pytest.mark.parametrize(
    "text, written",
    [
        ("/a", "/a"),
        ("/a b", '"/a b"'),
        ('/a"', r'"/a\""'),
        ("@{X}=y", '"@{X}=y"'),
        ("foo", "foo"),
        ("&a", '"&a"'),
    ],
)
def test_writing(text: str, written: str) -> None:
    assert spell_path(text) == written
    word = read_path(Cursor(Source("p", written)))
    assert word is not None
    assert word.text == text
