"""What an init script or a unit calls: load all policy at boot, load it again, unload it.

  dockarmor service start       load /etc/apparmor.d
  dockarmor service reload      the same; also restart, force-reload, try-restart
  dockarmor service stop        unload all that may go; tasks that run confined keep their profiles
  dockarmor service status      as aa-status, with its exit status

At boot one bad file must not leave the host without all others: what can be loaded is loaded, the rest is told, and
the exit status is 1. `stop --force` takes profiles from running tasks, too, and names whom it leaves unconfined.
In a container that has its host's policy nothing is done but said; LXD's and Incus's have a policy of their own.
"""

import sys
from argparse import ArgumentParser, Namespace

from dockarmor.cli.kernel import add_kernel, kernel
from dockarmor.cli.main import EXIT_NO, EXIT_OK
from dockarmor.cli.output import note
from dockarmor.cli.places import POLICY
from dockarmor.cli.policy import add_reading
from dockarmor.kernel.host.kernel import Host
from dockarmor.kernel.protocol import Kernel
from dockarmor.text.diagnostic import DiagnosticError
from dockarmor.text.render import printable

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
    if isinstance(target, Host) and (kind := target.belongs_to()):
        note(f"this is a container ({printable(kind)}) with its host's policy, which is left alone")
        return EXIT_OK
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

    sound = _heed_pin(options, target)
    results = loading.compiled_or_not(options, options.files or [POLICY], target)
    return EXIT_OK if not loading.load_most(options, target, results) and sound else EXIT_NO


def _heed_pin(options: Namespace, target: Kernel) -> bool:
    """Can what the host pins be read? Where not, that is told, and policy is compiled without it.

    apparmor_parser loads nothing then; at boot that would leave the host without policy.
    """
    from dockarmor.cli.failure import report
    from dockarmor.cli.policy_features import HOST, KERNEL, pin

    if options.policy_features not in (None, HOST):
        return True
    try:
        pin(options.policy_features, target.name)
    except (DiagnosticError, OSError) as error:
        report(error)
        note("policy without an abi rule is compiled for all that the kernel can do")
        options.policy_features = KERNEL
        return False
    return True
