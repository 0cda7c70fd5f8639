"""What the doctor finds: how it is, what it means, what to do."""

from typing import Literal

from dockarmor.value import frozen

#: note: worth knowing; warning: better not so; problem: confinement is not what it seems; unknown: not to be seen
Verdict = Literal["ok", "note", "warning", "problem", "unknown"]


@frozen
class Finding:
    """One thing that was looked at. `code` has a page of its own, and is empty where all is well."""

    verdict: Verdict
    what: str
    do: str = ""
    code: str = ""


def ok(what: str) -> Finding:
    return Finding("ok", what)


def version(text: str) -> tuple[int, ...] | None:
    """The numbers that a version begins with; None for text that begins otherwise.

    >>> version("v29.4.3-rc.1"), version("6.12.118+deb13-amd64"), version("dev")
    ((29, 4, 3), (6, 12, 118), None)
    """
    import re

    found = re.match(r"v?(\d+(?:\.\d+)*)", text)
    return tuple(int(number) for number in found[1].split(".")[:4]) if found else None


def has_fix(running: tuple[int, ...], fixes: tuple[tuple[int, ...], ...]) -> bool:
    """Whether a version has what these versions brought: the newest of them, or one of the same series.

    >>> fixes = ((23, 0, 12), (25, 0, 6), (26, 1, 3))
    >>> [has_fix(one, fixes) for one in ((23, 0, 12), (24, 0, 9), (25, 0, 5), (26, 0, 9), (27, 0))]
    [True, False, False, False, True]
    """
    return running >= max(fixes) or any(running[: len(fix) - 1] == fix[:-1] and running >= fix for fix in fixes)
