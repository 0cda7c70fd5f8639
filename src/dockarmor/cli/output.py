"""How verbs print: people read lines, programs read JSON; nothing hostile reaches the terminal."""

import json
import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Mapping, Sequence
from typing import IO, Any

from dockarmor import __version__
from dockarmor.text.diagnostic import Diagnostic


def add_output(parser: ArgumentParser) -> None:
    """The option that every verb with results takes."""
    parser.add_argument(
        "--output",
        choices=("human", "json", "jsonl"),
        default="human",
        help="lines for people, or JSON: one envelope, or one object a line (default: human)",
    )


def color_wanted(stream: IO[str]) -> bool:
    """Colour on a terminal, unless NO_COLOR says otherwise (no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR")


class Results:
    """Collects a verb's items and prints them in the form that was asked for.

    `schema` is the item's published name, e.g. "explain@1".
    """

    def __init__(self, schema: str, options: Namespace) -> None:
        self._schema = f"dockarmor/{schema}"
        self._form: str = options.output
        self._items: list[Mapping[str, Any]] = []

    def add(self, item: Mapping[str, Any], human: Iterable[str]) -> None:
        """One result: its data, and the lines that people read instead."""
        if self._form == "human":
            for line in human:
                sys.stdout.write(line + "\n")
        elif self._form == "jsonl":
            sys.stdout.write(json.dumps({"schema": self._schema, **item}, ensure_ascii=True) + "\n")
        else:
            self._items.append(item)

    def finish(self) -> None:
        """Print what has to wait for the end."""
        if self._form == "json":
            envelope = {"schema": self._schema, "version": __version__, "items": self._items}
            sys.stdout.write(json.dumps(envelope, ensure_ascii=True, indent=1) + "\n")


def note(text: str) -> None:
    """A remark beside the results: standard error."""
    sys.stderr.write(text + "\n")


def count_warnings(diagnostics: Sequence[Diagnostic]) -> None:
    """One line on standard error for warnings that another verb shows in full."""
    if diagnostics:
        note(f"{len(diagnostics)} warning(s) for these features; `dockarmor check` shows them")


def diagnostic_item(diagnostic: Diagnostic) -> dict[str, Any]:
    """A diagnostic as JSON data."""
    item: dict[str, Any] = {
        "code": diagnostic.code,
        "severity": diagnostic.severity.value,
        "message": diagnostic.message,
    }
    if diagnostic.span is not None:
        line, column = diagnostic.span.position
        item |= {"file": diagnostic.span.source.name, "line": line, "column": column}
    if diagnostic.help:
        item["help"] = list(diagnostic.help)
    if diagnostic.notes:
        item["notes"] = list(diagnostic.notes)
    return item
