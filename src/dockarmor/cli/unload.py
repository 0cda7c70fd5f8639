"""Remove profiles, with their children, from a kernel. Tasks that run under them become unconfined.

dockarmor unload docker-default
dockarmor unload --kernel lab --force my-profile
"""

from argparse import ArgumentParser, Namespace

from dockarmor.cli.kernel import add_kernel, kernel
from dockarmor.cli.main import EXIT_NO, EXIT_OK
from dockarmor.cli.output import note
from dockarmor.text.render import printable


def configure(parser: ArgumentParser) -> None:
    parser.add_argument("names", nargs="+", metavar="NAME")
    parser.add_argument("--force", action="store_true", help="even when tasks run under it")
    parser.add_argument("--dry-run", action="store_true")
    add_kernel(parser)


def run(options: Namespace) -> int:
    target = kernel(options)
    used = [
        process
        for process in target.processes()
        if any(process.label == name or process.label.startswith(name + "//") for name in options.names)
    ]
    if used and not options.force:
        for process in used:
            note(f"{printable(process.label)} is in use: {printable(process.executable)} ({process.pid})")
        note("nothing was unloaded; `--force` leaves these tasks unconfined")
        return EXIT_NO
    for name in options.names:
        if not options.dry_run:
            target.remove(name)
        note(f"{'would unload' if options.dry_run else 'unloaded'} from {target.name}: {printable(name)}")
    return EXIT_OK
