"""Read policy files and say what is wrong with them, what kernels will drop, and what is not what it seems.

  dockarmor check /etc/apparmor.d/docker
  dockarmor check --fix profiles/
  find . -name '*.profile' | dockarmor check --files-from - --output github

`dockarmor rule DAnnn` explains a finding. `# dockarmor: allow DAnnn -- reason` accepts one.
What was found before, in the same text for the same features, comes from the cache.
Exit status: 0 clean, 1 warnings, 2 text that cannot be read as policy (errors).
"""

import os
import sys

from dockarmor.cli.compiling import policy_names
from dockarmor.cli.config import apply
from dockarmor.cli.main import EXIT_NO, EXIT_OK, EXIT_USAGE
from dockarmor.cli.output import note
from dockarmor.cli.policy import add_features, add_reading, includes, read_argument
from dockarmor.cli.reports import FORMS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterable, Iterator

    from dockarmor.cli.config import Config
    from dockarmor.cli.reports import Checked


def configure(parser: "ArgumentParser") -> None:
    parser.add_argument("files", nargs="*", metavar="FILE|DIR", help="policy files, folders of them, or `-`")
    parser.add_argument("--files-from", metavar="LIST", help="a file with one name a line, or `-`")
    parser.add_argument("--no-lint", action="store_true", help="only what apparmor_parser would refuse or warn of")
    parser.add_argument(
        "--no-compile", action="store_true", help="stop after reading: no patterns, no exec conflicts, no lints"
    )
    parser.add_argument(
        "-v", "--verbose", action="store_true", help="each rule of included files that these features drop or weaken"
    )
    parser.add_argument("--fix", action="store_true", help="apply fixes that keep the meaning or remove a mistake")
    parser.add_argument(
        "--unsafe-fixes", action="store_true", help="with --fix: also those that change what is allowed"
    )
    parser.add_argument("--watch", action="store_true", help="check again whenever a file changes")
    parser.add_argument("--no-cache", action="store_true", help="find everything anew, remember nothing")
    parser.add_argument("-j", "--jobs", type=int, default=0, metavar="N", help="processes (default: as many as help)")
    parser.add_argument("--output", choices=FORMS, default="human", help="how findings are printed (default: human)")
    add_reading(parser)
    add_features(parser)


def run(options: "Namespace") -> int:
    config = apply(options)
    names = list(_names(options))
    if not names:
        note("dockarmor check: name a policy file, a folder, or --files-from LIST")
        return EXIT_USAGE
    if options.watch:
        from dockarmor.cli.watch import watch

        return watch([*names, *includes(options).search], lambda: _round(names, options, config))
    return _round(names, options, config)


def _names(options: "Namespace") -> "Iterator[str]":
    yield from policy_names(options.files)
    if options.files_from is not None:
        listed = read_argument(options.files_from)
        yield from (os.fsdecode(line) for line in listed.splitlines() if line)


def _round(names: "list[str]", options: "Namespace", config: "Config") -> int:
    """Check everything once."""
    from dockarmor.cli.checking import checked
    from dockarmor.cli.reports import form

    if options.fix:
        from dockarmor.cli.fixes import fix_all

        fix_all(names, options, tuple(config.ignored))
    counts = {"error": 0, "warning": 0, "note": 0}
    for piece in form(options.output)(_counted(checked(names, options, tuple(config.ignored)), counts)):
        sys.stdout.write(piece)
    sys.stdout.flush()
    if options.output == "human":
        note(f"{len(names)} file(s): {counts['error']} error(s), {counts['warning']} warning(s)")
    return EXIT_USAGE if counts["error"] else EXIT_NO if counts["warning"] else EXIT_OK


def _counted(results: "Iterable[Checked]", counts: dict[str, int]) -> "Iterator[Checked]":
    for item, text in results:
        for found in item["diagnostics"]:
            counts[found["severity"]] += 1
        yield item, text
