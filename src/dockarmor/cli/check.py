"""Read policy files and say what is wrong with them: syntax, includes, variables, patterns, exec conflicts.

  dockarmor check /etc/apparmor.d/docker
  dockarmor check --no-compile profiles/*

Exit status: 0 clean, 1 findings (warnings), 2 text that cannot be read as policy (errors).
"""

import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator

from dockarmor.cli.main import EXIT_NO, EXIT_OK, EXIT_USAGE
from dockarmor.cli.output import Results, add_output, color_wanted, diagnostic_item, note
from dockarmor.cli.policy import add_features, add_reading, features, includes, read_argument
from dockarmor.policy.includes import Library
from dockarmor.policy.read import read_text
from dockarmor.text.diagnostic import Diagnostic, DiagnosticError, Severity
from dockarmor.text.source import Source


def configure(parser: ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", metavar="FILE", help="policy files, or `-`")
    parser.add_argument(
        "--no-compile", action="store_true", help="stop after reading: no patterns, no exec conflicts"
    )
    add_reading(parser)
    add_features(parser)
    add_output(parser)


def run(options: Namespace) -> int:
    from dockarmor.text.render import render

    import_path = includes(options)
    results = Results("check@1", options)
    errors = warnings = 0
    for name in options.files:
        found = list(_check(name, import_path, options))
        errors += sum(diagnostic.severity is Severity.ERROR for diagnostic in found)
        warnings += sum(diagnostic.severity is Severity.WARNING for diagnostic in found)
        item = {"path": name, "ok": not found, "diagnostics": [diagnostic_item(one) for one in found]}
        color = color_wanted(sys.stdout)
        results.add(item, [render(diagnostic, color=color) + "\n" for diagnostic in found])
    results.finish()
    if options.output == "human":
        note(f"{len(options.files)} file(s): {errors} error(s), {warnings} warning(s)")
    return EXIT_USAGE if errors else EXIT_NO if warnings else EXIT_OK


def _check(name: str, library: Library, options: Namespace) -> Iterator[Diagnostic]:
    shown = "standard input" if name == "-" else os.fsencode(name).decode("latin-1")
    resolved = read_text(Source.from_bytes(shown, read_argument(name)), library)
    yield from resolved.diagnostics
    if resolved.failed or options.no_compile:
        return
    from dockarmor.compile.pipeline import compile_policy

    try:
        yield from compile_policy(resolved.policy, features(options)).diagnostics
    except DiagnosticError as error:
        yield from error.diagnostics
