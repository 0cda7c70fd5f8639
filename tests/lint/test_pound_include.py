"""`#include`."""

from collections.abc import Callable
from pathlib import Path

from dockarmor.text.diagnostic import Diagnostic, Severity

Find = Callable[..., list[Diagnostic]]
Fixed = Callable[[list[Diagnostic]], str]


def test_the_old_spelling_is_noted_and_mended(find: Find, fixed: Fixed, tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")
    text = "#include <a>\nprofile p {\n  #include<a>\n  #include if exists <b>\n}\n"
    found = find("DA381", text, base=str(tmp_path))
    assert fixed(found) == "include <a>\nprofile p {\n  include <a>\n  include if exists <b>\n}\n"
    assert {one.severity for one in found} == {Severity.NOTE}


def test_the_new_spelling_and_comments_are_not(find: Find, tmp_path: Path) -> None:
    (tmp_path / "a").write_text("#include <b>\n")
    (tmp_path / "b").write_text("")
    assert not find("DA381", "include <a>\n# include <a>\nprofile p { }\n", base=str(tmp_path))
