"""The forms in which findings are printed: one file each, a function from items to pieces of text."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

#: an item as the JSON schema check@1 says: path, ok, diagnostics; and the lines that people read instead
Item = dict[str, Any]
Checked = tuple[Item, str]
Form = Callable[[Iterable[Checked]], Iterator[str]]

FORMS = ("human", "concise", "json", "jsonl", "sarif", "github", "junit")


def form(name: str) -> Form:
    """The form of that name."""
    import importlib

    module = importlib.import_module(f"dockarmor.cli.reports.{name}")
    found: Form = module.pieces
    return found


def place(diagnostic: Item) -> str:
    """`file:line:column`, or as much of it as there is."""
    if "file" not in diagnostic:
        return ""
    return f"{diagnostic['file']}:{diagnostic['line']}:{diagnostic['column']}"
