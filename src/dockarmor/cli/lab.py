"""A real AppArmor kernel in a micro-VM, under plain emulation: try policy on it before you trust it.

dockarmor lab prepare [NAME…]             fetch QEMU and kernels from the distribution, boot each once
dockarmor lab up 6.12                     start one; it answers in under a second
dockarmor lab list                        kernels that are prepared, and those that run
dockarmor lab load POLICY…                load policy into it
dockarmor lab query LABEL REQUEST…        its own verdict, through securityfs
dockarmor lab exec [--profile P] -- CMD   run a command of its small root
dockarmor lab events                      audit records since the last call
dockarmor lab down [NAME]
"""

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable

from dockarmor.cli.kernel import feature_set, running_lab
from dockarmor.cli.main import EXIT_NO, EXIT_OK, EXIT_USAGE
from dockarmor.cli.output import Results, add_output, note
from dockarmor.cli.places import lab_folder
from dockarmor.cli.policy import add_reading, subject
from dockarmor.text.render import printable

DEFAULT_NAMES = ("6.1", "6.12", "6.17")


def configure(parser: ArgumentParser) -> None:
    parser.add_argument("action", choices=tuple(_ACTIONS))
    parser.add_argument("words", nargs="*", metavar="ARGUMENT")
    parser.add_argument("--on", metavar="NAME", help="which running kernel, when several run")
    parser.add_argument("--profile", metavar="NAME", help="exec: run under this profile")
    parser.add_argument("--timeout", type=float, default=60.0, metavar="SECONDS", help="exec: how long it may take")
    add_reading(parser)
    add_output(parser)


def run(options: Namespace) -> int:
    return _ACTIONS[options.action](options)


def _name(options: Namespace) -> str:
    return str(options.on or running_lab())


def _prepare(options: Namespace) -> int:
    from dockarmor.kernel.lab import prepare

    prepare(tuple(options.words) or DEFAULT_NAMES, lab_folder(), note)
    return EXIT_OK


def _up(options: Namespace) -> int:
    from dockarmor.kernel.lab import prepare, up

    name = options.words[0] if options.words else "6.12"
    prepare((name,), lab_folder(), note)
    lab = up(name, lab_folder())
    note(f"{lab.name} is up")
    return EXIT_OK


def _list(options: Namespace) -> int:
    from dockarmor.kernel.lab import KERNELS, available, running

    ready, up = set(available(lab_folder())), set(running(lab_folder()))
    results = Results("lab-list@1", options)
    for name in KERNELS:
        state = "running" if name in up else "prepared" if name in ready else "not prepared"
        results.add({"kernel": name, "state": state}, [f"{name:<6} {state}"])
    results.finish()
    return EXIT_OK


def _load(options: Namespace) -> int:
    from dockarmor.compile.records import by_namespace
    from dockarmor.kernel.lab import attach

    lab = attach(_name(options), lab_folder())
    for name in options.words:
        one = subject(options, name, feature_set(lab))
        for piece in by_namespace(one.blob).values():
            lab.load(piece)
        note(f"loaded into {lab.name}: {', '.join(printable(p.name) for p in one.compiled.profiles)}")
    return EXIT_OK


def _query(options: Namespace) -> int:
    from dockarmor.access.grammar import parse_request
    from dockarmor.kernel.lab import attach
    from dockarmor.kernel.queried import ask_kernel

    if len(options.words) < 2:
        note("dockarmor lab query LABEL REQUEST…")
        return EXIT_USAGE
    lab = attach(_name(options), lab_folder())
    label, *lines = options.words
    results = Results("lab-query@1", options)
    denied = False
    for line in lines:
        decision = ask_kernel(lab, label, parse_request(line))
        denied |= not decision.allowed
        word = "ALLOWED" if decision.allowed else "DENIED"
        results.add({"request": line, "allowed": decision.allowed}, [f"{word:<8}{line}   {lab.name}"])
    results.finish()
    return EXIT_NO if denied else EXIT_OK


def _exec(options: Namespace) -> int:
    from dockarmor.kernel.lab import attach

    if not options.command:
        note("dockarmor lab exec [--profile NAME] -- CMD: the command stands behind `--`")
        return EXIT_USAGE
    lab = attach(_name(options), lab_folder())
    done = lab.run(options.command, profile=options.profile, timeout=options.timeout)
    sys.stdout.buffer.write(done.stdout)
    sys.stderr.buffer.write(done.stderr)
    for record in filter(_is_apparmor, done.records):
        note(printable(record))
    note(f"exit status {done.status}")
    return EXIT_OK if done.status == 0 else EXIT_NO


def _events(options: Namespace) -> int:
    from dockarmor.kernel.lab import attach

    results = Results("lab-events@1", options)
    for record in filter(_is_apparmor, attach(_name(options), lab_folder()).events()):
        results.add({"record": record}, [printable(record)])
    results.finish()
    return EXIT_OK


def _is_apparmor(record: str) -> bool:
    """The audit system writes companions, too: which system call, which arguments."""
    return "apparmor=" in record


def _down(options: Namespace) -> int:
    from dockarmor.kernel.lab import down, running

    names = options.words or list(running(lab_folder()))
    for name in names:
        down(name, lab_folder())
        note(f"lab {name} is down")
    return EXIT_OK


_ACTIONS: dict[str, Callable[[Namespace], int]] = {
    "prepare": _prepare,
    "up": _up,
    "list": _list,
    "load": _load,
    "query": _query,
    "exec": _exec,
    "events": _events,
    "down": _down,
}
