"""Write policy files in the one canonical style: a rule a line, two spaces a level, comments where they were.

  dockarmor fmt my-profile
  dockarmor fmt --check /etc/apparmor.d
  dockarmor fmt - < my-profile

Rules are never reordered. What is written has been read again and compared first: the same tree, the same comments,
the same resolved profiles; a file that would mean something else is left alone (DA090), and so is one with mistakes.
Folders are walked down to the last, without what package managers leave behind.
Exit status: 0 done, 1 with --check or --diff where something would change, 2 for a file that cannot be formatted.
"""

import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence
from typing import Any

from dockarmor.cli.failure import report
from dockarmor.cli.main import EXIT_NO, EXIT_OK, EXIT_USAGE
from dockarmor.cli.output import Results, add_output, diagnostic_item, note
from dockarmor.cli.places import replace_file
from dockarmor.cli.policy import add_reading, includes, read_argument, shown
from dockarmor.policy.folder import policy_tree
from dockarmor.policy.formatted import formatted
from dockarmor.policy.includes import Library, load
from dockarmor.text.diagnostic import Diagnostic, DiagnosticError
from dockarmor.text.render import printable
from dockarmor.text.source import Source


def configure(parser: ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", metavar="FILE|DIR", help="policy files, folders of them, or `-`")
    parser.add_argument("--check", action="store_true", help="write nothing; print the names of files that differ")
    parser.add_argument("--diff", action="store_true", help="write nothing; print what would change")
    add_reading(parser)
    add_output(parser)


def run(options: Namespace) -> int:
    if options.output != "human" and ("-" in options.files or options.diff):
        note("dockarmor fmt: standard input and --diff print policy text; they have no JSON form")
        return EXIT_USAGE
    library, results = includes(options), Results("fmt@1", options)
    looking = options.check or options.diff
    changed = failed = 0
    for name in _names(options.files):
        item: dict[str, Any] = {"path": name, "ok": True, "changed": False, "diagnostics": []}
        try:
            item["changed"] = _format(name, library, options)
            changed += item["changed"]
        except (DiagnosticError, OSError) as error:
            item |= {"ok": False, "diagnostics": [diagnostic_item(one) for one in _said(error)]}
            if options.output == "human":
                report(error)
            failed += 1
        results.add(item, [printable(shown(name))] if options.check and item["changed"] else [])
    results.finish()
    if options.files != ["-"]:
        note(f"{changed} file(s) {'would change' if looking else 'formatted'}, {failed} left as they are")
    return EXIT_USAGE if failed else EXIT_NO if changed and looking else EXIT_OK


def _format(name: str, library: Library, options: Namespace) -> bool:
    """Do to one file what the options say. True: it was not in canonical style."""
    source = _read(name)
    text = formatted(source, library)
    changed = text != source.text
    if options.diff:
        _print_diff(source, text)
    elif name == "-" and not options.check:
        sys.stdout.buffer.write(text.encode("latin-1"))
    elif changed and not options.check:
        replace_file(name, [text.encode("latin-1")], source.text.encode("latin-1"))
    return changed


def _said(error: DiagnosticError | OSError) -> Sequence[Diagnostic]:
    if isinstance(error, DiagnosticError):
        return error.diagnostics
    return [Diagnostic("DA102", f"{shown(str(error.filename))}: {error.strerror}")]


def _names(arguments: list[str]) -> Iterator[str]:
    """Every file once, however it is reached."""
    seen = set()
    for name in arguments:
        found = [os.fsdecode(path) for path in policy_tree(os.fsencode(name))] if os.path.isdir(name) else [name]
        for one in found:
            place = os.path.realpath(one) if one != "-" else one
            if place not in seen:
                seen.add(place)
                yield one


def _read(name: str) -> Source:
    if name == "-":
        return Source.from_bytes(shown(name), read_argument(name))
    return load(shown(name), None)


def _print_diff(source: Source, text: str) -> None:
    """A unified diff: bytes as they are for a patch, escaped for a terminal."""
    import difflib

    before, after = _lines(source.text), _lines(text)
    for line in difflib.unified_diff(before, after, source.name, source.name + " (formatted)"):
        ended = line if line.endswith("\n") else line + "\n\\ No newline at end of file\n"
        if sys.stdout.isatty():
            sys.stdout.writelines(printable(one) + "\n" for one in ended.split("\n")[:-1])
        else:
            sys.stdout.flush()
            sys.stdout.buffer.write(ended.encode("latin-1"))


def _lines(text: str) -> list[str]:
    """With their ends; only a newline ends a line."""
    *whole, rest = text.split("\n")
    return [*(line + "\n" for line in whole), *([rest] if rest else [])]
