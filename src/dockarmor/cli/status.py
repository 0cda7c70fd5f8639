"""Which profiles are loaded, in which mode, and which processes they confine: in the shape of aa-status.

  dockarmor status
  dockarmor status --long                          a line for each profile: mode, tasks, hash, attachment
  dockarmor status --against /etc/apparmor.d       and whether that is what the files there say

--against compiles the files for this kernel and compares hashes: a name proves nothing. Where the bytes differ and
the kernel gives them back, their meaning is compared. It exits 1 unless all that the files bring is loaded and is
what they say; a file with a mistake is told, and the others are compared. What no file brings counts for nothing.
"""

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence

from dockarmor.cli.against import Compared, add_against, compare
from dockarmor.cli.against import lines as lines_below
from dockarmor.cli.kernel import add_kernel, kernel
from dockarmor.cli.main import EXIT_NO, EXIT_OK
from dockarmor.cli.output import Results, add_output
from dockarmor.cli.policy import add_reading
from dockarmor.kernel.label_text import characters, mode_word
from dockarmor.kernel.protocol import Kernel, LoadedProfile, Process
from dockarmor.kernel.removal import by_profile
from dockarmor.text.latin import path_text
from dockarmor.text.render import printable

#: aa-status 4 prints these modes, in this order, whether or not there is anything in them
MODES = ("enforce", "complain", "prompt", "kill", "unconfined")
#: as much of a hash as people compare by eye
_SHOWN_HASH = 12
#: a column is not made wider for the sake of one name
_WIDEST = 60


def configure(parser: ArgumentParser) -> None:
    parser.add_argument("-l", "--long", action="store_true", help="a line for each profile")
    add_against(parser)
    add_kernel(parser)
    add_reading(parser)
    add_output(parser)


def run(options: Namespace) -> int:
    target = kernel(options)
    profiles = target.profiles()
    processes = _processes(target, profiles)
    compared = compare(options, target, profiles) if options.against else None
    results = Results("status@1", options)
    long = options.long or compared is not None
    text = _table(profiles, processes, compared) if long else _lines(profiles, processes)
    results.add(_item(target, profiles, processes, compared), text)
    results.finish()
    return EXIT_OK if compared is None or compared.agrees else EXIT_NO


def lines(target: Kernel) -> list[str]:
    """What is loaded and whom it confines, in the shape of aa-status."""
    profiles = target.profiles()
    return _lines(profiles, _processes(target, profiles))


def _processes(target: Kernel, profiles: Sequence[LoadedProfile]) -> list[Process]:
    """The confined ones, and those that nothing confines though a profile has their program's name.

    Only the host shows the latter: they ran before the profile was loaded, or were started past it.
    """
    names = {one.name for one in profiles}
    return [*target.processes(), *(task for task in target.unconfined() if task.executable in names)]


def _item(
    target: Kernel, profiles: Sequence[LoadedProfile], processes: Sequence[Process], compared: Compared | None
) -> dict[str, object]:
    """All of it as data (data/schemas/status@1.json)."""
    loaded = {one.name for one in profiles}
    compared, tasks = compared or Compared(), by_profile(processes)
    return {
        "kernel": target.name,
        "profiles": [_profile(one, tasks.get(one.name, ()), compared) for one in profiles],
        "processes": [
            {
                "pid": one.pid,
                "label": characters(one.label),
                "mode": mode_word(one.mode),
                "executable": characters(one.executable),
            }
            for one in processes
        ],
        "not_loaded": [characters(name) for name in compared.states if name not in loaded],
        "not_compared": [
            {"file": characters(path_text(name)), "message": characters(message)}
            for name, message in compared.broken.items()
        ],
    }


def _profile(profile: LoadedProfile, tasks: Sequence[Process], compared: Compared) -> dict[str, object]:
    item: dict[str, object] = {
        "name": characters(profile.name),
        "mode": mode_word(profile.mode),
        "hash": profile.hash,
        "attachment": None if profile.attachment is None else characters(profile.attachment),
        "tasks": [one.pid for one in tasks],
    }
    if profile.name in compared.states:
        found = compared.states[profile.name]
        item["drift"] = {"state": found.state, "detail": characters(found.detail)}
    return item


def _table(profiles: Sequence[LoadedProfile], processes: Sequence[Process], compared: Compared | None) -> list[str]:
    """A line for each profile, in columns."""
    tasks = by_profile(processes)
    rows = [["profile", "mode", "tasks", "hash", "attachment", *(["against the files"] if compared else [])]]
    for one in sorted(profiles, key=lambda one: one.name):
        count, digest = len(tasks.get(one.name, ())), (one.hash or "-")[:_SHOWN_HASH]
        row = [one.name, mode_word(one.mode), str(count), digest, one.attachment or "-"]
        if compared:
            found = compared.states[one.name]
            row.append(f"{found.state}  {found.detail}" if found.detail else found.state)
        rows.append(list(map(printable, row)))
    widths = [min(_WIDEST, max(map(len, column))) for column in zip(*rows, strict=True)]
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
    return lines + (list(lines_below(compared, profiles)) if compared else [])


def _lines(profiles: Sequence[LoadedProfile], processes: Sequence[Process]) -> list[str]:
    lines = ["apparmor module is loaded.", f"{len(profiles)} profiles are loaded."]
    for mode in MODES:
        names = sorted(profile.name for profile in profiles if mode_word(profile.mode) == mode)
        lines.append(f"{len(names)} profiles are in {mode} mode.")
        lines += [f"   {printable(name)}" for name in names]
    lines.append(f"{len(processes)} processes have profiles defined.")
    for mode in (*MODES, "mixed"):
        those = [process for process in processes if mode_word(process.mode) == mode]
        what = "unconfined but have a profile defined" if mode == "unconfined" else f"in {mode} mode"
        lines.append(f"{len(those)} processes are {what}.")
        lines += [
            f"   {printable(process.executable)} ({process.pid}) {printable(process.label)}" for process in those
        ]
    return lines
