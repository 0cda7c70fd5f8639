"""What an init script or a unit calls: load all policy at boot, load it again, unload it.

  dockarmor service start       load /etc/apparmor.d
  dockarmor service reload      the same; also restart, force-reload, try-restart
  dockarmor service stop        unload all that may go; tasks that run confined keep their profiles
  dockarmor service status      as aa-status, with its exit status

At boot one bad file must not leave the host without all others: what can be loaded is loaded, the rest is told, and
the exit status is 1. `stop --force` takes profiles from running tasks, too, and names whom it leaves unconfined.
"""

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence

from dockarmor.cli.kernel import add_kernel, kernel
from dockarmor.cli.main import EXIT_NO, EXIT_OK
from dockarmor.cli.output import note
from dockarmor.cli.places import POLICY
from dockarmor.cli.policy import add_reading, shown
from dockarmor.kernel.protocol import Kernel, KernelError, KernelUnavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dockarmor.cli.compiling import Built

_LOADING = ("start", "reload", "restart", "force-reload", "try-restart")


def configure(parser: ArgumentParser) -> None:
    from dockarmor.cli.loading import add_loading

    parser.add_argument("action", choices=(*_LOADING, "stop", "status"))
    parser.add_argument("files", nargs="*", metavar="POLICY|DIR", help=f"default: {POLICY}")
    parser.add_argument("--force", action="store_true", help="stop: even what tasks run under")
    add_loading(parser)
    add_kernel(parser)
    add_reading(parser)


def run(options: Namespace) -> int:
    if options.action == "status":
        return _status(options)
    target = kernel(options)
    if options.action == "stop":
        from dockarmor.cli.unload import carry_out
        from dockarmor.kernel.removal import everything

        removal = everything(target.profiles(), target.processes(), force=options.force)
        return carry_out(target, removal, dry=options.dry_run)
    return _load(options, target)


def _status(options: Namespace) -> int:
    from dockarmor.cli import status
    from dockarmor.cli.faces import aa_status

    if options.kernel in ("auto", "host"):
        return aa_status.run("aa-status", [])
    target = kernel(options)
    sys.stdout.write("".join(line + "\n" for line in status.lines(target)))
    return aa_status.ENABLED if target.profiles() else aa_status.NO_POLICY


def _load(options: Namespace, target: Kernel) -> int:
    from dockarmor.cli import loading
    from dockarmor.cli.failure import report

    results = loading.compiled_or_not(options, options.files or [POLICY], target)
    failed = [one.error for one in results if one.error is not None]
    for error in failed:
        report(error)
    good = [one for one in results if one.error is None]
    for words in loading.twice(good):
        note(f"there are two profiles {words}; the last one is loaded")
    refused = [] if options.dry_run else _write(target, good)
    names = loading.profile_names(one for one in good if one not in refused)
    words = loading.count_words(names) or "nothing"
    note(f"{'would load' if options.dry_run else 'loaded'} into {target.name}: {words}")
    if failed or refused:
        note(f"not loaded: {len(failed) + len(refused)} of {len(results)} files")
    return EXIT_NO if failed or refused else EXIT_OK


def _write(target: Kernel, good: "Sequence[Built]") -> "list[Built]":
    """All at once; where the kernel refuses that, one by one. Gives those that it refused.

    Kernels take two profiles of one name in one write, and then have both: files that bring such go one by one.
    """
    from dockarmor.cli import loading

    try:
        if not loading.twice(good):
            loading.load(target, good)
            return []
    except KernelUnavailable:
        raise
    except KernelError:
        pass
    return [one for one in good if not _written(target, one)]


def _written(target: Kernel, one: "Built") -> bool:
    from dockarmor.cli import loading

    try:
        loading.load(target, [one])
    except KernelError as error:
        note(f"{shown(one.name)}: {error}")
        return False
    return True
