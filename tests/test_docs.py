"""The examples in the documentation, and in the docstrings of every module, are true."""

import doctest
import importlib
from pathlib import Path

import pytest

import dockarmor

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "src" / "dockarmor"
TEXTS = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
#: the compiled core hides docstrings; tests/automata/test_examples.py reads them from the source
MODULES = sorted(
    ".".join(("dockarmor", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__")
    for path in PACKAGE.rglob("*.py")
    if ">>> " in path.read_text("utf-8") and path.parent.name != "automata"
)


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_a_text(path: Path) -> None:
    found = doctest.testfile(str(path), module_relative=False, encoding="utf-8", report=True)
    assert found.failed == 0


@pytest.mark.parametrize("name", MODULES)
def test_a_module(name: str) -> None:
    found = doctest.testmod(importlib.import_module(name))
    assert found.failed == 0


def test_the_page_of_the_interface_tells_all_of_it() -> None:
    text = (ROOT / "docs" / "api.md").read_text("utf-8")
    assert [name for name in dockarmor.__all__ if f"`{name}`" not in text] == []
    found = doctest.DocTestParser().get_examples(text)
    assert [name for name in dockarmor.__all__ if not any(name in one.source for one in found)] == [
        *("Diagnostic", "DiagnosticError", "FeatureSet", "Severity", "format_text"),
    ]


def test_every_function_of_the_interface_has_an_example_or_the_page_has() -> None:
    text = (ROOT / "docs" / "api.md").read_text("utf-8")
    for name in dockarmor.__all__:
        public = getattr(dockarmor, name)
        assert public.__doc__, name
        assert ">>>" in public.__doc__ or f"dockarmor.{name}" in text or isinstance(public, type) or name == "make"
