"""Begin a container's profile: a commented profile, a suite of tests for it, and a configuration.

  dockarmor init web                   profiles/web, tests/web.test.toml, dockarmor.toml
  dockarmor init web --dry-run         prints them
  dockarmor init                       called like the folder

Asks nothing and overwrites nothing. A dockarmor.toml that is there already, here or above, stays in force.
Exit status: 0 done, 1 a file is there already, 2 an unfit name.
"""

import os
import sys
from argparse import ArgumentParser, Namespace

from dockarmor.cli import config
from dockarmor.cli.main import EXIT_NO, EXIT_OK
from dockarmor.cli.output import note
from dockarmor.containers.skeleton import CONFIG, skeleton


def configure(parser: ArgumentParser) -> None:
    parser.add_argument("name", nargs="?", metavar="NAME", help="the profile's name (default: that of the folder)")
    parser.add_argument("--dir", default=".", metavar="DIR", help="the project's folder (default: this one)")
    parser.add_argument("--dry-run", action="store_true", help="print the files instead of writing them")


def run(options: Namespace) -> int:
    folder: str = options.dir
    files = skeleton(options.name or os.path.basename(os.path.abspath(folder)))
    governing = config.find(folder)
    if governing is not None:
        del files[CONFIG]
        note(f"{os.path.relpath(governing)} is in force, so no {CONFIG} is written")
    paths = {os.path.join(folder, path): text for path, text in files.items()}
    if options.dry_run:
        sys.stdout.write("\n".join(f"# ==> {path}\n{text}" for path, text in paths.items()))
        return EXIT_OK
    there = [path for path in paths if os.path.lexists(path)]
    if there:
        note("\n".join(f"{path} is there already" for path in there))
        note("nothing is written; `dockarmor init NAME` takes another name")
        return EXIT_NO
    _write(paths)
    sys.stdout.write("".join(f"{path}\n" for path in paths))
    note(f"next: dockarmor check {next(iter(paths))}")
    return EXIT_OK


def _write(files: dict[str, str]) -> None:
    """New files, all or none. Raises FileExistsError where one has come into being meanwhile."""
    written: list[str] = []
    try:
        for path, text in files.items():
            os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
            with open(path, "x", encoding="utf-8") as file:
                written.append(path)
                file.write(text)
    except BaseException:
        for path in written:
            os.unlink(path)
        raise
