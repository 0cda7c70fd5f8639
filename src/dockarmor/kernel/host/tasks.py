"""Tasks and their labels, from /proc.

`attr/apparmor/current` is AppArmor's own file; the older `attr/current` may be another security module's, so it is
read only where the own one cannot be.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from errno import EINVAL

from dockarmor.kernel.host.files import read_text
from dockarmor.kernel.label_text import split_label
from dockarmor.text.latin import path_text
from dockarmor.value import frozen

#: a label is at most a page
MAX_LABEL = 1 << 16


@frozen
class Task:
    """A process that runs a program. `mode` is None for one that nothing confines."""

    pid: int
    label: str
    mode: str | None
    executable: str


def label_of(pid: int, proc: str = "/proc", *, shared: bool = True) -> tuple[str, str | None]:
    """A task's label and mode. Raises OSError; ValueError where the file is not AppArmor's.

    `shared`: the older file may be read, which is AppArmor's unless its parameter `enabled` says no.
    """
    try:
        text = read_text(f"{proc}/{pid}/attr/apparmor/current", MAX_LABEL)
    except OSError:
        if not shared:
            raise
        text = read_text(f"{proc}/{pid}/attr/current", MAX_LABEL)
    found = split_label(text.rstrip("\0"))
    if found is None:
        raise ValueError(f"the label of process {pid} is not AppArmor's")
    return found


def tasks(proc: str = "/proc", *, shared: bool = True) -> Iterator[Task]:
    """All processes that can be seen, in the order of the folder; kernel threads, which run no program, are none."""
    for entry in os.listdir(proc):
        if not (entry.isascii() and entry.isdigit()):
            continue
        try:
            label, mode = label_of(int(entry), proc, shared=shared)
            executable = _executable(f"{proc}/{entry}/exe")
        except (OSError, ValueError):
            continue
        yield Task(int(entry), label, mode, executable)


def _executable(link: str) -> str:
    """The path of a program: as it is found here, or, inside a container or deleted, as the kernel calls it."""
    try:
        path = os.path.realpath(link, strict=True)
    except OSError:
        path = os.readlink(link)
    return path_text(path)


def change_profile(name: bytes, *, now: bool, proc: str = "/proc") -> None:
    """Put this process under a profile: with its next exec, or now. Raises OSError.

    EINVAL: there is no AppArmor to ask; ENOENT: no such profile; EACCES: the profile that confines this process does
    not allow the change.
    """
    file, command = ("current", b"changeprofile ") if now else ("exec", b"exec ")
    target = -1
    for place in (f"{proc}/self/attr/apparmor/{file}", f"{proc}/self/attr/{file}"):
        with suppress(OSError):
            target = os.open(place, os.O_WRONLY | os.O_CLOEXEC)
            break
    if target < 0:
        raise OSError(EINVAL, os.strerror(EINVAL))
    try:
        os.write(target, command + name)
    finally:
        os.close(target)
