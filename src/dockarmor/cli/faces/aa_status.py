"""aa-status: what is loaded and whom it confines, in the words and with the exit statuses of the original.

Exit: 0 enabled, 1 disabled or a bad command line, 2 no policy loaded, 3 no securityfs, 4 not allowed to look,
42 a filter that is no expression. `--text 3` prints as AppArmor 3.0 does, `--text 4` (default) as 4 and later.
JSON is always valid JSON, and has each program once, which the original's is not and has not.
"""

import sys
from collections.abc import Callable, Iterable

from dockarmor.cli.faces.long_options import MAYBE, NONE, ONE, OptionError, read
from dockarmor.cli.faces.places import Places
from dockarmor.cli.faces.status_report import (
    Confined,
    LoadedOne,
    Report,
    pretty,
    process_data,
    process_lines,
    profile_data,
    profile_lines,
)
from dockarmor.kernel.host import loaded
from dockarmor.kernel.host.support import Support, support
from dockarmor.kernel.host.tasks import Task, tasks
from dockarmor.kernel.label_text import mode_word
from dockarmor.text.latin import people_text
from dockarmor.value import frozen, replace

ENABLED, DISABLED, NO_POLICY, NO_CONTROL, NO_PERMISSION, INTERNAL_ERROR = 0, 1, 2, 3, 4, 42

#: options of AppArmor 3: each prints one number
COUNTS = {
    "profiled": ("profiles", ""),
    "enforced": ("profiles", "enforce"),
    "complaining": ("profiles", "complain"),
    "prompt": ("profiles", "prompt"),
    "kill": ("profiles", "kill"),
    "special-unconfined": ("profiles", "unconfined"),
    "process-mixed": ("processes", "mixed"),
}
FILTERS = ("mode", "profiles", "pid", "exe")
#: in the original's order, in which what an abbreviation may mean is told
LONG = {
    **dict.fromkeys(("enabled", *COUNTS, "json", "pretty-json", "verbose", "quiet"), NONE),
    "help": MAYBE,
    "count": NONE,
    **dict.fromkeys(("show", "filter.profiles", "filter.pid", "filter.exe", "filter.mode", "text"), ONE),
}

USAGE = """usage: {program} [OPTION]…
Say which AppArmor profiles are loaded, and which processes they confine.

  --show all|profiles|processes   what to say (default: all)
  --count                         numbers only
  --json, --pretty-json           as JSON
  --filter.mode, --filter.profiles, --filter.pid, --filter.exe EXPRESSION
                                  only what matches; see --help=filters
  --text 3|4                      in the words of AppArmor 3.0, or of 4 and later (default: 4)
  --enabled                       say nothing; the exit status says whether AppArmor is on
  --verbose, -v                   all of it (default)
  --quiet                         no messages on standard error
  -h, --help[=legacy|filters]     this text, or one on older options or on filters
"""
LEGACY = """Options of AppArmor 3, each prints one number:
  --profiled             --show profiles --count
  --enforced             --show profiles --count --filter.mode enforce
  --complaining          --show profiles --count --filter.mode complain
  --prompt               --show profiles --count --filter.mode prompt
  --kill                 --show profiles --count --filter.mode kill
  --special-unconfined   --show profiles --count --filter.mode unconfined
  --process-mixed        --show processes --count --filter.mode mixed
"""
FILTER_HELP = """A filter is a basic regular expression (regex(7)); what has a match anywhere is shown.
  --filter.mode       modes: enforce, complain, prompt, kill, unconfined; of processes also mixed
  --filter.profiles   names of profiles
  --filter.pid        numbers of processes
  --filter.exe        paths of programs
"""


@frozen
class Wanted:
    """What a command line asks for."""

    show: tuple[str, ...] = ("profiles", "processes")
    count: bool = False
    json: bool = False
    pretty: bool = False
    verbose: bool = True
    quiet: bool = False
    version: int = 4
    filters: tuple[tuple[str, str], ...] = ()


class _Stop(Exception):
    """All is said; the exit status."""


def run(name: str, arguments: list[str]) -> int:
    return status(name, arguments, Places())


def status(name: str, arguments: list[str], places: Places) -> int:
    """Answer one command line about the host at these places."""
    try:
        wanted = _wanted(name, arguments, places)
        return _answer(wanted, places)
    except _Stop as stop:
        return int(stop.args[0])


# -- the command line -----------------------------------------------------------------------------------------


def _wanted(name: str, arguments: list[str], places: Places) -> Wanted:
    wanted = Wanted()
    trouble: OptionError | None = None
    rest: list[str] = []
    try:
        options, rest = read(arguments, {"v": NONE, "h": MAYBE}, LONG)
    except OptionError as error:
        options, trouble = error.found, error
    for option, value in options:
        wanted = _with(name, wanted, option, value, places)
    if trouble is not None:
        sys.stderr.write(f"{name}: {trouble}\n")
        raise _misused(name, wanted, "Invalid command.")
    if rest:
        raise _misused(name, wanted, "Unknown options.")
    return wanted


def _with(name: str, wanted: Wanted, option: str, value: str | None, places: Places) -> Wanted:
    if option == "enabled":
        found = support(places.proc, places.sysfs)
        raise _Stop(ENABLED if found.enabled and found.mount else DISABLED)
    if option in ("h", "help"):
        texts = {None: USAGE.format(program=name), "legacy": LEGACY, "filters": FILTER_HELP}
        if value not in texts:
            raise _misused(name, wanted, f"Invalid --help option '{value}'.")
        sys.stdout.write(texts[value])
        raise _Stop(0)
    if option in COUNTS:
        show, mode = COUNTS[option]
        wanted = replace(wanted, verbose=False, count=True, show=(show,))
        return _filtered(wanted, "mode", mode) if mode else wanted
    if option.startswith("filter."):
        return _filtered(wanted, option.removeprefix("filter."), value or "")
    if option == "show":
        if value not in ("all", "profiles", "processes"):
            raise _misused(name, wanted, f"Invalid --show option '{value}'.")
        return replace(wanted, show=Wanted().show if value == "all" else (value,))
    if option == "text":
        if value not in ("3", "4"):
            raise _misused(name, wanted, f"Invalid --text option '{value}'.")
        return replace(wanted, version=int(value))
    if option == "pretty-json":
        return replace(wanted, json=True, pretty=True)
    return replace(wanted, **{{"v": "verbose"}.get(option, option): True})


def _filtered(wanted: Wanted, what: str, expression: str) -> Wanted:
    return replace(wanted, filters=(*wanted.filters, (what, expression)))


def _misused(name: str, wanted: Wanted, message: str) -> _Stop:
    _say(wanted, f"Error: {message}")
    sys.stdout.write(USAGE.format(program=name))
    return _Stop(1)


# -- the answer -----------------------------------------------------------------------------------------------


def _answer(wanted: Wanted, places: Places) -> int:
    expressions = dict(wanted.filters)
    filters = {what: _matcher(wanted, what, expressions[what]) for what in FILTERS if what in expressions}
    found = support(places.proc, places.sysfs)
    if not found.module:
        _say(wanted, "apparmor not present.")
        return DISABLED
    if wanted.verbose and not wanted.json:
        _print(["apparmor module is loaded."])
    profiles = _profiles(wanted, found)
    if not profiles and not wanted.json:
        if wanted.version > 3:
            _say(wanted, "No policy loaded into the kernel")
        return NO_POLICY
    _report(wanted, _gathered(profiles, tasks(places.proc, shared=found.enabled is not False), filters))
    return ENABLED


def _profiles(wanted: Wanted, found: Support) -> list[LoadedOne]:
    if found.mount is None:
        _say(wanted, "apparmor filesystem is not mounted.")
        raise _Stop(NO_CONTROL)
    root = f"{found.mount}/apparmor"
    try:
        lines = list(loaded.lines(root))
    except OSError as error:
        if isinstance(error, PermissionError):
            _say(wanted, "You do not have enough privilege to read the profile set.")
        else:
            _say(wanted, f"Could not open {root}/profiles: {error.strerror}")
        raise _Stop(NO_PERMISSION) from None
    for line in (line for line, entry in lines if entry is None):
        _say(wanted, f"Error: failed profile name split of '{people_text(line)}\n'.")
    listing = [entry for _, entry in lines if entry is not None]
    attested = loaded.identities(root) if wanted.version > 3 and not wanted.json else {}
    return [LoadedOne(name, mode_word(mode), attested.get(name, "")) for name, mode in listing]


def _gathered(
    profiles: list[LoadedOne], running: Iterable[Task], filters: dict[str, Callable[[str], bool]]
) -> Report:
    names = {one.name for one in profiles}
    processes = []
    for task in running:
        if task.mode is not None:
            processes.append(Confined(str(task.pid), task.label, task.executable, mode_word(task.mode)))
        elif task.executable in names:
            processes.append(Confined(str(task.pid), task.executable, task.executable, "unconfined"))

    def wants(what: str) -> Callable[[str], bool]:
        return filters.get(what, lambda text: True)

    mode, name, pid, program = map(wants, FILTERS)
    return Report(
        profiles,
        processes,
        mode,
        lambda one: name(one.name),
        lambda one: pid(one.pid) and program(one.executable) and name(one.profile),
    )


def _report(wanted: Wanted, report: Report) -> None:
    if wanted.json:
        _print([_json(wanted, report)])
        return
    if not wanted.verbose and not wanted.count:
        return
    for what in wanted.show:
        if wanted.count:
            shown = report.shown_profiles() if what == "profiles" else report.shown_processes()
            _print([str(len(shown))])
        elif what == "profiles":
            _print(profile_lines(report, wanted.version))
        else:
            _print(process_lines(report, wanted.version))


def _json(wanted: Wanted, report: Report) -> str:
    import json

    data: dict[str, object] = {"version": "2"}
    for what in wanted.show:
        if wanted.count:
            shown = report.shown_profiles() if what == "profiles" else report.shown_processes()
            data["profile_count" if what == "profiles" else "process_count"] = len(shown)
        else:
            data[what] = profile_data(report) if what == "profiles" else process_data(report)
    text = pretty(data) if wanted.pretty else json.dumps(data, ensure_ascii=False)
    return text.encode("utf-8").decode("latin-1")


def _matcher(wanted: Wanted, what: str, expression: str) -> Callable[[str], bool]:
    from dockarmor.cli.faces.basic_regex import BadExpression, searcher

    try:
        return searcher(expression)
    except BadExpression:
        # The original says `ps` of the filter for numbers of processes.
        _say(wanted, f"Error: failed to compile {'ps' if what == 'pid' else what} filter '{expression}'")
        raise _Stop(INTERNAL_ERROR) from None


def _say(wanted: Wanted, message: str) -> None:
    """AppArmor 3.0 says nothing where only a number is asked for."""
    if not wanted.quiet and (wanted.verbose or wanted.version > 3):
        sys.stderr.write(message + "\n")


def _print(lines: Iterable[str]) -> None:
    """Names are bytes; so is what is printed."""
    sys.stdout.flush()
    sys.stdout.buffer.write("".join(line + "\n" for line in lines).encode("latin-1"))
    sys.stdout.buffer.flush()
