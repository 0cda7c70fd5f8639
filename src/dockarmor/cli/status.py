"""Which profiles are loaded, in which mode, and which processes they confine: in the shape of aa-status."""

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence

from dockarmor.cli.kernel import add_kernel, kernel
from dockarmor.cli.main import EXIT_OK
from dockarmor.cli.output import Results, add_output
from dockarmor.kernel.protocol import LoadedProfile, Process
from dockarmor.text.render import printable

#: aa-status 4 prints these modes, in this order, whether or not there is anything in them
MODES = ("enforce", "complain", "prompt", "kill", "unconfined")


def configure(parser: ArgumentParser) -> None:
    add_kernel(parser)
    add_output(parser)


def run(options: Namespace) -> int:
    target = kernel(options)
    profiles, processes = target.profiles(), target.processes()
    results = Results("status@1", options)
    item = {
        "kernel": target.name,
        "profiles": [{"name": one.name, "mode": _mode(one.mode), "hash": one.hash} for one in profiles],
        "processes": [
            {"pid": one.pid, "label": one.label, "mode": _mode(one.mode), "executable": one.executable}
            for one in processes
        ],
    }
    results.add(item, _lines(profiles, processes))
    results.finish()
    return EXIT_OK


def _lines(profiles: Sequence[LoadedProfile], processes: Sequence[Process]) -> list[str]:
    lines = ["apparmor module is loaded.", f"{len(profiles)} profiles are loaded."]
    for mode in MODES:
        names = sorted(profile.name for profile in profiles if _mode(profile.mode) == mode)
        lines.append(f"{len(names)} profiles are in {mode} mode.")
        lines += [f"   {printable(name)}" for name in names]
    lines.append(f"{len(processes)} processes have profiles defined.")
    for mode in MODES:
        those = [process for process in processes if _mode(process.mode) == mode]
        lines.append(f"{len(those)} processes are in {mode} mode.")
        lines += [
            f"   {printable(process.executable)} ({process.pid}) {printable(process.label)}" for process in those
        ]
    unconfined = [process for process in processes if process.label == "unconfined"]
    lines.append(f"{len(unconfined)} processes are unconfined but have a profile defined.")
    mixed = [process for process in processes if _mode(process.mode) == "mixed"]
    return [*lines, f"{len(mixed)} processes are in mixed mode."]


def _mode(mode: str) -> str:
    """The kernel says `user` for what the language calls prompt."""
    return "prompt" if mode == "user" else mode
