"""The examples in the documentation are true, in both builds."""

import ast
import doctest
import importlib
from pathlib import Path

import pytest

from dockarmor import automata

SOURCES = sorted(path for path in Path(automata.__path__[0]).glob("*.py") if path.stem != "__init__")


def examples(source: Path) -> list[tuple[str, str]]:
    """Read from the source, because a compiled module hides some of its docstrings."""
    tree = ast.parse(source.read_text())
    kinds = (ast.FunctionDef, ast.ClassDef, ast.Module)
    found = []
    for node in ast.walk(tree):
        if isinstance(node, kinds) and ">>>" in (text := ast.get_docstring(node) or ""):
            found.append((getattr(node, "name", source.stem), text))
    return found


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_examples(source: Path) -> None:
    module = importlib.import_module(f"dockarmor.automata.{source.stem}")
    for name, text in examples(source):
        test = doctest.DocTestParser().get_doctest(text, dict(vars(module)), name, str(source), 0)
        assert doctest.DocTestRunner().run(test).failed == 0, f"{source.stem}.{name}"


def test_the_public_face_has_examples() -> None:
    shown = {name for source in SOURCES for name, _ in examples(source)}
    assert {"Trie", "determinise", "minimise", "pack", "walk", "walk_many", "expand", "difference"} <= shown
    assert {"witness", "live_values", "combine", "revalue"} <= shown
