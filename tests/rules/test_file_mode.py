"""The permission word of file rules."""

from functools import reduce
from operator import or_

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dockarmor.rules.file_mode import (
    APPEND,
    EXEC_WORDS,
    LINK,
    LOCK,
    MMAP,
    MODE,
    READ,
    WRITE,
    Mode,
    ModeFault,
    both_groups,
    exec_place,
    exec_word,
    parse_mode,
    spell_mode,
)


@pytest.mark.parametrize(
    "text, letters, exec",
    [
        ("r", READ, None),
        ("w", WRITE | APPEND, None),
        ("a", APPEND, None),
        ("lkm", LINK | LOCK | MMAP, None),
        ("rrr", READ, None),
        ("RWLM", READ | WRITE | APPEND | LINK | MMAP, None),
        ("x", 0, "x"),
        ("rX", READ, "x"),
        ("ix", 0, "ix"),
        ("IX", 0, "ix"),
        ("rix", READ, "ix"),
        ("Ux", 0, "Ux"),
        ("UX", 0, "Ux"),
        ("PUx", 0, "Pux"),
        ("PuX", 0, "Pux"),
        ("pUx", 0, "pux"),
        ("Cix", 0, "Cix"),
        ("pxpx", 0, "px"),
        ("xix", 0, "ix"),
        ("Pxx", 0, "Px"),
        ("mrwPixk", MMAP | READ | WRITE | APPEND | LOCK, "Pix"),
    ],
)
def test_reading(text: str, letters: int, exec: str | None) -> None:
    assert parse_mode(text) == Mode(letters, exec)


@pytest.mark.parametrize(
    "text, code, place",
    [
        ("rwa", "DA204", "a"),
        ("arw", "DA204", "w"),
        ("pxix", "DA205", "ix"),
        ("xpx", "DA205", "px"),
        ("pxPx", "DA205", "Px"),
        ("rz", "DA203", "z"),
        ("rA", "DA203", "A"),
        ("K", "DA203", "K"),
        ("rp", "DA203", "p"),
        ("iux", "DA203", "i"),
        ("rd", "DA203", "d"),
    ],
)
def test_mistakes(text: str, code: str, place: str) -> None:
    with pytest.raises(ModeFault) as raised:
        parse_mode(text)
    fault = raised.value
    assert (fault.code, text[fault.start : fault.end]) == (code, place)
    assert fault.help


@pytest.mark.parametrize(
    "text, stands", [("r ", "r"), ("rw,", "rw"), ("rwz ", None), ("pux\n", "pux"), ("r", "r"), ("all ", None)]
)
def test_a_mode_ends_before_white_space_or_a_comma(text: str, stands: str | None) -> None:
    match = MODE.match(text)
    assert (match.group() if match else None) == stands


LETTERS = st.sets(st.sampled_from([READ, APPEND, WRITE | APPEND, LINK, LOCK, MMAP])).map(
    lambda bits: reduce(or_, bits, 0)
)


@given(LETTERS, st.sampled_from([None, *EXEC_WORDS]))
def test_what_is_written_reads_back(letters: int, exec: str | None) -> None:
    assert parse_mode(spell_mode(letters, exec)) == Mode(letters, exec)


@pytest.mark.parametrize("text, place", [("rpixw", "pix"), ("x", "x"), ("mUx", "Ux"), ("rX", "X")])
def test_where_the_exec_transition_stands(text: str, place: str) -> None:
    start, end = exec_place(text)
    assert text[start:end] == place


def test_words_of_exec_transitions() -> None:
    assert exec_word("ux") == 0x501
    assert exec_word("Ux") == 0x401
    assert exec_word("Ux", "unsafe") == exec_word("ux")
    assert exec_word("px", "safe") == exec_word("Px")
    assert exec_word("ix", "unsafe") == 0x301
    assert exec_word("pix", slot=5) == 0x1701
    assert exec_word("Cux", slot=15) == 0x3C81


def test_groups() -> None:
    assert both_groups(READ, None) == 0x10004
    assert both_groups(READ, "owner") == 0x4
    assert both_groups(READ, "other") == 0x10000
