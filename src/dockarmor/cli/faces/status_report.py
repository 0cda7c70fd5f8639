"""What aa-status prints, from what was found: the texts of AppArmor 3.0 and 4, and JSON of its schema 2."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from dockarmor.kernel.label_text import characters
from dockarmor.value import frozen

#: sections in the order in which each version prints them
PROFILE_MODES: dict[int, tuple[str, ...]] = {
    3: ("enforce", "complain", "kill", "unconfined"),
    4: ("enforce", "complain", "prompt", "kill", "unconfined"),
}
PROCESS_MODES: dict[int, tuple[str, ...]] = {
    3: ("enforce", "complain", "unconfined", "mixed", "kill"),
    4: (*PROFILE_MODES[4], "mixed"),
}


@frozen
class LoadedOne:
    """A profile; `identity` is what the kernel attests of it, where it does."""

    name: str
    mode: str
    identity: str = ""


@frozen
class Confined:
    """A process under a profile, or unconfined though a profile of its program's name is loaded."""

    pid: str
    profile: str
    executable: str
    mode: str


@frozen
class Report:
    """All that was found. `wants_*` choose what of it is shown; totals count everything."""

    profiles: Sequence[LoadedOne]
    processes: Sequence[Confined]
    wants_mode: Callable[[str], bool]
    wants_profile: Callable[[LoadedOne], bool]
    wants_process: Callable[[Confined], bool]

    def profiles_in(self, mode: str) -> list[LoadedOne]:
        """Those that are shown in a mode's section, by name."""
        return sorted((one for one in self.shown_profiles() if one.mode == mode), key=lambda one: one.name)

    def shown_profiles(self) -> list[LoadedOne]:
        return [one for one in self.profiles if self.wants_mode(one.mode) and self.wants_profile(one)]

    def shown_processes(self) -> list[Confined]:
        return [one for one in self.processes if self.wants_mode(one.mode) and self.wants_process(one)]

    def processes_in(self, mode: str) -> list[Confined]:
        return [one for one in self.shown_processes() if one.mode == mode]


def profile_lines(report: Report, version: int) -> Iterator[str]:
    """The text on profiles."""
    yield f"{len(report.profiles)} profiles are loaded."
    for mode in filter(report.wants_mode, PROFILE_MODES[version]):
        found = report.profiles_in(mode)
        yield f"{len(found)} profiles are in {mode} mode."
        for one in found:
            yield f"   {one.name} ({one.identity})" if one.identity else f"   {one.name}"


def process_lines(report: Report, version: int) -> Iterator[str]:
    """The text on processes; a profile of the program's own name is not repeated."""
    yield f"{len(report.processes)} processes have profiles defined."
    for mode in filter(report.wants_mode, PROCESS_MODES[version]):
        found = sorted(report.processes_in(mode), key=lambda one: one.profile)
        unconfined = mode == "unconfined"
        yield (
            f"{len(found)} processes are unconfined but have a profile defined."
            if unconfined
            else f"{len(found)} processes are in {mode} mode."
        )
        for one in found:
            yield f"   {one.executable} ({one.pid}) {'' if one.profile == one.executable else one.profile}"


def profile_data(report: Report) -> dict[str, str]:
    """The JSON value on profiles."""
    return {
        characters(one.name): mode
        for mode in filter(report.wants_mode, PROFILE_MODES[4])
        for one in report.profiles_in(mode)
    }


def process_data(report: Report) -> dict[str, list[dict[str, str]]]:
    """The JSON value on processes: by program, whatever modes its processes are in."""
    data: dict[str, list[dict[str, str]]] = {}
    for mode in filter(report.wants_mode, PROCESS_MODES[4]):
        for one in sorted(report.processes_in(mode), key=lambda one: one.executable):
            item = {"profile": characters(one.profile), "pid": one.pid, "status": one.mode}
            data.setdefault(characters(one.executable), []).append(item)
    return data


def pretty(value: Any, depth: int = 0) -> str:
    """JSON in the layout that aa-status' own writer has: tabs, and lists on the line where they begin.

    >>> pretty({"a": [{"b": "c"}], "n": 1})
    '{\\n\\t"a":\\t[{\\n\\t\\t\\t"b":\\t"c"\\n\\t\\t}],\\n\\t"n":\\t1\\n}'
    """
    from json import dumps

    if isinstance(value, dict):
        inner = "\t" * (depth + 1)
        lines = [f"{inner}{dumps(key, ensure_ascii=False)}:\t{pretty(one, depth + 1)}" for key, one in value.items()]
        body = ",\n".join(lines) + "\n" if lines else ""
        return "{\n" + body + "\t" * depth + "}"
    if isinstance(value, list):
        return "[" + ", ".join(pretty(one, depth + 1) for one in value) + "]"
    return dumps(value, ensure_ascii=False)
