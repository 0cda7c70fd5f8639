"""How verbs print: people read lines, programs read JSON; nothing hostile reaches the terminal."""

import os
import re
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Mapping, Sequence
from typing import IO, Any

from dockarmor import __version__
from dockarmor.text.diagnostic import Diagnostic
from dockarmor.text.render import printable, visible
from dockarmor.text.source import Span

#: a note names profiles one by one up to this many
MOST_NAMED = 8


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
            import json

            sys.stdout.write(json.dumps({"schema": self._schema, **item}, ensure_ascii=True) + "\n")
        else:
            self._items.append(item)

    def finish(self, **beside: Any) -> None:
        """Print what has to wait for the end.

        `beside` is about the run as a whole: in the envelope beside the items, in JSON lines the last object, which
        has a schema of its own and is left out where there is nothing to say.
        """
        if self._form == "json":
            import json

            envelope = {"schema": self._schema, "version": __version__, "items": self._items, **beside}
            sys.stdout.write(json.dumps(envelope, ensure_ascii=True, indent=1) + "\n")
        elif self._form == "jsonl" and any(beside.values()):
            import json

            verb, _, version = self._schema.partition("@")
            sys.stdout.write(json.dumps({"schema": f"{verb}-run@{version}", **beside}, ensure_ascii=True) + "\n")


def count_words(names: Sequence[str], what: str = "profiles") -> str:
    """Names while they are few, else how many.

    >>> count_words(["a", "b"]), count_words(["a"] * 20)
    ('a, b', '20 profiles')
    """
    return ", ".join(map(printable, names)) if len(names) <= MOST_NAMED else f"{len(names)} {what}"


def note(text: str) -> None:
    """A remark beside the results: standard error."""
    sys.stderr.write(text + "\n")


def words(said: object) -> str:
    """An error, or the name of a file, as people read it; names of profiles in it may be bytes or characters.

    >>> words(OSError("caf\\xc3\\xa9 \\x1bc")), words(b"x"), words("caf\\xe9")
    ('café \\\\x1bc', 'x', 'café')
    """
    text = os.fsdecode(said) if isinstance(said, bytes) else str(said)
    text = re.sub(r"[\x80-\xff]+", _decoded, text)
    return "".join(map(visible, text))


def _decoded(run: re.Match[str]) -> str:
    try:
        return run[0].encode("latin-1").decode()
    except UnicodeDecodeError:
        return run[0]


def diagnostic_item(diagnostic: Diagnostic) -> dict[str, Any]:
    """A diagnostic as JSON data (data/schemas/check@1.json)."""
    item: dict[str, Any] = {
        "code": diagnostic.code,
        "severity": diagnostic.severity.value,
        "message": printable(diagnostic.message),
    }
    if diagnostic.span is not None:
        item |= _place(diagnostic.span)
    if diagnostic.label:
        item["label"] = printable(diagnostic.label)
    if diagnostic.others:
        item["others"] = [_place(one.span) | {"message": printable(one.message)} for one in diagnostic.others]
    if diagnostic.help:
        item["help"] = [printable(help) for help in diagnostic.help]
    if diagnostic.notes:
        item["notes"] = [printable(note) for note in diagnostic.notes]
    if diagnostic.includes:
        item["includes"] = [_place(span) for span in diagnostic.includes]
    if diagnostic.fix is not None:
        fix = diagnostic.fix
        said = {"replacement": _unicode(fix.replacement), "safe": fix.safe, "message": printable(fix.message)}
        item["fix"] = _place(fix.span) | said
    return item


def _place(span: Span) -> dict[str, Any]:
    """Lines and columns from 1; columns count bytes, the end is exclusive."""
    line, column = span.position
    end_line, end_column = span.source.position(span.end)
    place = {"line": line, "column": column, "end_line": end_line, "end_column": end_column}
    return {"file": _unicode(span.source.name), **place}


def _unicode(text: str) -> str:
    """Latin-1 text of bytes as the characters that they are in UTF-8."""
    return text.encode("latin-1", "replace").decode("utf-8", "replace")
