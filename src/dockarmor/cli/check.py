"""Read policy files and say what is wrong with them, what kernels will drop, and what is not what it seems.

  dockarmor check /etc/apparmor.d/docker
  dockarmor check --fix profiles/
  find . -name '*.profile' | dockarmor check --files-from - --output github

`dockarmor rule DAnnn` explains a finding. `# dockarmor: allow DAnnn -- reason` accepts one.
Exit status: 0 clean, 1 warnings, 2 text that cannot be read as policy (errors).
"""

import marshal
import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from dockarmor.cli.compiling import policy_names
from dockarmor.cli.config import Config, apply
from dockarmor.cli.main import EXIT_NO, EXIT_OK, EXIT_USAGE
from dockarmor.cli.output import color_wanted, diagnostic_item, note
from dockarmor.cli.policy import add_features, add_reading, features, includes, read_argument, shown
from dockarmor.cli.reports import FORMS, Checked, form
from dockarmor.lint.examine import Depth, examine
from dockarmor.policy.features import FeatureSet
from dockarmor.policy.includes import Library
from dockarmor.text.diagnostic import Diagnostic
from dockarmor.text.source import Source

#: with fewer files than this one process is quicker than several
_WORTH_WORKERS = 64


def configure(parser: ArgumentParser) -> None:
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
    parser.add_argument("-j", "--jobs", type=int, default=0, metavar="N", help="processes (default: as many as help)")
    parser.add_argument("--output", choices=FORMS, default="human", help="how findings are printed (default: human)")
    add_reading(parser)
    add_features(parser)


def run(options: Namespace) -> int:
    config = apply(options)
    names = list(_names(options))
    if not names:
        note("dockarmor check: name a policy file, a folder, or --files-from LIST")
        return EXIT_USAGE
    if options.watch:
        from dockarmor.cli.watch import watch

        return watch([*names, *includes(options).search], lambda: _round(names, options, config))
    return _round(names, options, config)


def _names(options: Namespace) -> Iterator[str]:
    yield from policy_names(options.files)
    if options.files_from is not None:
        listed = read_argument(options.files_from)
        yield from (os.fsdecode(line) for line in listed.splitlines() if line)


def _round(names: list[str], options: Namespace, config: Config) -> int:
    """Check everything once."""
    from dockarmor.compile.pool import processors

    library, kernel = includes(options), features(options)
    depth = Depth(
        compile=not options.no_compile,
        lint=not (options.no_lint or options.no_compile),
        each=options.verbose,
        ignored=tuple(config.ignored),
    )
    if options.fix:
        from dockarmor.cli.fixes import fix

        for name in names:
            fix(name, library, kernel, depth, unsafe=options.unsafe_fixes)
    worker = _worker(library, kernel, depth, options)
    jobs = options.jobs or (processors() if len(names) >= _WORTH_WORKERS else 1)
    counts = {"error": 0, "warning": 0, "note": 0}
    for piece in form(options.output)(_counted(_in_order(worker, names, jobs), counts)):
        sys.stdout.write(piece)
    sys.stdout.flush()
    if options.output == "human":
        note(f"{len(names)} file(s): {counts['error']} error(s), {counts['warning']} warning(s)")
    return EXIT_USAGE if counts["error"] else EXIT_NO if counts["warning"] else EXIT_OK


def _worker(library: Library, kernel: FeatureSet, depth: Depth, options: Namespace) -> Callable[[str], Checked]:
    from dockarmor.text.render import render

    color = color_wanted(sys.stdout)
    human = options.output == "human"

    def work(name: str) -> Checked:
        found = check_file(name, library, kernel, depth)
        ok = not any(one.severity.value == "error" for one in found)
        item = {"path": name, "ok": ok, "diagnostics": [diagnostic_item(one) for one in found]}
        return item, "".join(render(one, color=color) + "\n\n" for one in found) if human else ""

    return work


def _in_order(work: Callable[[str], Checked], names: list[str], jobs: int) -> Iterator[Checked]:
    """What `work` says of each file, in their order, by so many processes."""
    from dockarmor.compile.pool import scattered

    done: dict[int, bytes] = {}
    at = 0
    for number, said in scattered(lambda number: marshal.dumps(work(names[number])), range(len(names)), jobs):
        done[number] = said
        while at in done:
            yield marshal.loads(done.pop(at))
            at += 1


def check_file(name: str, library: Library, kernel: FeatureSet, depth: Depth) -> tuple[Diagnostic, ...]:
    """The findings of one file; that it cannot be read is one."""
    try:
        data = read_argument(name)
    except OSError as error:
        return (Diagnostic("DA102", f"cannot read {shown(name)}: {error.strerror}"),)
    return examine(Source.from_bytes(shown(name), data), library, kernel, depth)


def _counted(results: Iterable[Any], counts: dict[str, int]) -> Iterator[Checked]:
    for item, text in results:
        for found in item["diagnostics"]:
            counts[found["severity"]] += 1
        yield item, text
