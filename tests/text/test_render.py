"""What people see. The golden files are read as their reader would read them."""

import os
from pathlib import Path

import pytest

from dockarmor.policy.read import library, read_text
from dockarmor.text.diagnostic import Diagnostic, Fix, Label, Severity
from dockarmor.text.render import WIDTH, concise, render
from dockarmor.text.source import Source, Span

GOLDEN = Path(__file__).resolve().parent.parent / "golden"
CASES = sorted(path.stem for path in GOLDEN.glob("*.policy"))


@pytest.mark.parametrize("case", CASES)
def test_golden(case: str, tmp_path: Path) -> None:
    """`NAME.policy` reads as `NAME.txt` says; DOCKARMOR_GOLDEN=write renews the latter."""
    text = (GOLDEN / f"{case}.policy").read_text("latin-1")
    resolved = read_text(Source(case, text), library(str(tmp_path)))
    drawn = "\n\n".join(map(render, resolved.diagnostics)).replace(str(tmp_path), "BASE") + "\n"
    if os.environ.get("DOCKARMOR_GOLDEN") == "write":
        (GOLDEN / f"{case}.txt").write_text(drawn, "utf-8")
    assert drawn == (GOLDEN / f"{case}.txt").read_text("utf-8")


def test_there_are_golden_files() -> None:
    assert len(CASES) >= 5


def at(text: str, start: int, end: int, **more: object) -> Diagnostic:
    return Diagnostic("DA001", "a message", Span(Source("name", text), start, end), **more)  # type: ignore[arg-type]


def test_carets_stand_under_the_span() -> None:
    lines = render(at("first\n  /a zz,\n", 11, 13, label="why")).splitlines()
    assert lines[0] == "error[DA001]: a message"
    assert lines[1].endswith("name:2:6")
    assert lines[3].index("zz") == lines[4].index("^^")
    assert lines[4].endswith("^^ why")


def test_a_tab_is_as_wide_above_as_below() -> None:
    lines = render(at("\t/a\tzz,\n", 4, 6)).splitlines()
    assert lines[3].index("zz") == lines[4].index("^^")


def test_words_in_utf8_are_one_character_wide_each() -> None:
    text = "/caf\u00e9/x zz,".encode().decode("latin-1")
    lines = render(at(text, text.index("zz"), text.index("zz") + 2)).splitlines()
    assert "/café/x" in lines[3]
    assert lines[3].index("zz") == lines[4].index("^^")


def test_no_control_character_of_the_policy_reaches_the_terminal() -> None:
    text = "\x1b[2J\x07\x9b31m /a\r\n"
    hostile = Diagnostic("DA001", f"say {text}", Span(Source(text, text), 1, 3), label=text, help=(text,))
    for drawn in (render(hostile), concise(hostile)):
        assert all(char.isprintable() or char == "\n" for char in drawn)
    assert "\n" not in concise(hostile)


def test_a_long_line_is_shown_around_the_place() -> None:
    text = "a" * 5000 + "HERE" + "b" * 5000
    lines = render(at(text, 5000, 5004)).splitlines()
    assert max(map(len, lines)) < WIDTH + 20
    assert lines[3].index("HERE") == lines[4].index("^^^^")


def test_colour_only_adds_to_the_words() -> None:
    import re

    diagnostic = at("/a zz,\n", 3, 5, label="why")
    painted = render(diagnostic, color=True)
    assert "\x1b[" in painted
    assert re.sub(r"\x1b\[[0-9;]*m", "", painted) == render(diagnostic)


def test_other_places_help_notes_includes_and_a_fix_are_drawn() -> None:
    source, outer = Source("inner", "/a r,\n/a w,\n"), Source("outer", "include <inner>\n")
    drawn = render(
        Diagnostic(
            "DA210",
            "twice",
            Span(source, 6, 8),
            Severity.WARNING,
            label="second",
            others=(Label(Span(source, 0, 2), "first"),),
            help=("join them",),
            notes=("both count",),
            includes=(Span(outer, 0, 15),),
            fix=Fix(Span(source, 6, 12), "", safe=True, message="remove it"),
        )
    )
    assert drawn.startswith("warning[DA210]: twice")
    for part in (
        "-- first",
        "^^ second",
        "help: join them",
        "note: both count",
        "outer:1:1",
        "fix (safe): remove it",
    ):
        assert part in drawn


def test_a_diagnostic_without_a_place_is_one_line() -> None:
    assert render(Diagnostic("DA102", "cannot read x")) == "error[DA102]: cannot read x"
    assert concise(Diagnostic("DA102", "cannot read x")) == "error[DA102]: cannot read x"


def test_the_end_of_the_text_can_be_pointed_at() -> None:
    assert "^" in render(at("", 0, 0))
    assert "^" in render(at("/a\n", 3, 3))
