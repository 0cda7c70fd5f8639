"""Which profiles are loaded, in which mode, and which processes they confine: in the shape of aa-status.

  dockarmor status
  dockarmor status --long                          a line for each profile: mode, tasks, hash, attachment
  dockarmor status --against /etc/apparmor.d       and whether that is what the files there say

--against compiles the files for this kernel and compares hashes: a name proves nothing. Where the bytes differ and
the kernel gives them back, their meaning is compared. It exits 1 where a loaded profile is not what its file says.
"""

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence

from dockarmor.cli.kernel import add_kernel, kernel
from dockarmor.cli.main import EXIT_NO, EXIT_OK
from dockarmor.cli.output import Results, add_output
from dockarmor.cli.policy import add_reading
from dockarmor.kernel.label_text import characters, mode_word
from dockarmor.kernel.protocol import Kernel, LoadedProfile, Process
from dockarmor.text.render import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dockarmor.kernel.drift import Drift

#: aa-status 4 prints these modes, in this order, whether or not there is anything in them
MODES = ("enforce", "complain", "prompt", "kill", "unconfined")
#: as much of a hash as people compare by eye
_SHOWN_HASH = 12


def configure(parser: ArgumentParser) -> None:
    parser.add_argument("-l", "--long", action="store_true", help="a line for each profile")
    parser.add_argument(
        "--against", action="append", default=[], metavar="FILE|DIR", help="compare with what these files compile to"
    )
    parser.add_argument("-j", "--jobs", type=int, default=1, metavar="N", help="compile N at the same time")
    parser.add_argument("--no-cache", action="store_true", help="compile all anew, remember nothing")
    add_kernel(parser)
    add_reading(parser)
    add_output(parser)


def run(options: Namespace) -> int:
    target = kernel(options)
    profiles = target.profiles()
    processes = _processes(target, profiles)
    compared = {one.name: one for one in _drift(options, target, profiles)} if options.against else {}
    results = Results("status@1", options)
    long = options.long or bool(options.against)
    text = _table(profiles, processes, compared) if long else _lines(profiles, processes)
    results.add(_item(target, profiles, processes, compared), text)
    results.finish()
    return EXIT_NO if any(one.state == "differs" for one in compared.values()) else EXIT_OK


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
    target: Kernel, profiles: Sequence[LoadedProfile], processes: Sequence[Process], compared: "dict[str, Drift]"
) -> dict[str, object]:
    """All of it as data (data/schemas/status@1.json)."""
    loaded = {one.name for one in profiles}
    return {
        "kernel": target.name,
        "profiles": [_profile(one, processes, compared.get(one.name)) for one in profiles],
        "processes": [
            {
                "pid": one.pid,
                "label": characters(one.label),
                "mode": mode_word(one.mode),
                "executable": characters(one.executable),
            }
            for one in processes
        ],
        "not_loaded": [characters(one.name) for one in compared.values() if one.name not in loaded],
    }


def _profile(profile: LoadedProfile, processes: Sequence[Process], found: "Drift | None") -> dict[str, object]:
    from dockarmor.kernel.removal import uses

    item: dict[str, object] = {
        "name": characters(profile.name),
        "mode": mode_word(profile.mode),
        "hash": profile.hash,
        "attachment": None if profile.attachment is None else characters(profile.attachment),
        "tasks": [one.pid for one in processes if uses(one, profile.name)],
    }
    if found is not None:
        item["drift"] = {"state": found.state, "detail": characters(found.detail)}
    return item


def _drift(options: Namespace, target: Kernel, profiles: Sequence[LoadedProfile]) -> "list[Drift]":
    from dockarmor.cli.loading import compiled, refuse_twice
    from dockarmor.kernel.drift import drift

    options.complain, options.namespace = False, None
    results = compiled(options, options.against, target)
    refuse_twice(results)
    return drift(profiles, [one.output.blob for one in results if one.output], target.blob_of)


def _table(
    profiles: Sequence[LoadedProfile], processes: Sequence[Process], compared: "dict[str, Drift]"
) -> list[str]:
    """A line for each profile, in columns."""
    from dockarmor.kernel.removal import uses

    rows = [["profile", "mode", "tasks", "hash", "attachment", *(["against the files"] if compared else [])]]
    for one in sorted(profiles, key=lambda one: one.name):
        tasks = sum(uses(process, one.name) for process in processes)
        row = [one.name, mode_word(one.mode), str(tasks), (one.hash or "-")[:_SHOWN_HASH], one.attachment or "-"]
        if compared:
            found = compared[one.name]
            row.append(f"{found.state}  {found.detail}" if found.detail else found.state)
        rows.append(list(map(printable, row)))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
    loaded = {one.name for one in profiles}
    return lines + [f"not loaded: {printable(one.name)}" for one in compared.values() if one.name not in loaded]


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
