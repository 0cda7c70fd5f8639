"""What may be unloaded, and what had better stay: a task whose profile goes is unconfined until it ends.

A profile is never removed from under a running task unless that is forced. Removing many at once leaves alone what
nobody could load again from a file: profiles that engines make and load themselves, and the profiles that only give
a runtime its name and confine nothing.
"""

import re
from collections.abc import Iterable, Sequence

from dockarmor.kernel.label_text import UNCONFINED, ancestors, divided
from dockarmor.kernel.protocol import LoadedProfile, Process
from dockarmor.value import frozen

#: who loads these, and when; the patterns are of whole names
GENERATED: tuple[tuple[str, str], ...] = (
    (r"docker-default", "Docker loads it when the daemon starts"),
    (r"cri-containerd\.apparmor\.d", "containerd loads it when a pod starts"),
    (r"nerdctl-default", "nerdctl loads it"),
    (r"crio-default(-.*)?", "CRI-O loads it when it starts"),
    (r"containers-default-.*", "Podman and Buildah load it when a container starts"),
    (r"buildkit-default", "BuildKit loads it"),
    (r"libvirt-[0-9a-f-]+", "libvirt makes one for each machine"),
    (r"(lxd|incus|lxc)-.*", "LXD, Incus or LXC make one for each instance"),
    (r"(snap|snap-update-ns)\..*|/snap/.*|/usr/lib/snapd/snap-confine.*", "snapd makes and loads it"),
    (r"(kubearmor|varmor)-.*", "an agent of the cluster makes and loads it"),
)
_GENERATED = tuple((re.compile(pattern), owner) for pattern, owner in GENERATED)


#: why a profile stays that could go by force
IN_USE = "running tasks use it"


@frozen
class Kept:
    """A profile that stays: why, and the tasks that run under it where that is why."""

    name: str
    reason: str
    tasks: tuple[Process, ...] = ()


@frozen
class Removal:
    """What is to be removed, in order, children with their parents; and what stays.

    `missing` are names of which nothing is loaded. `freed` are the tasks that it leaves unconfined, which happens by
    force only.
    """

    names: tuple[str, ...]
    kept: tuple[Kept, ...] = ()
    freed: tuple[Process, ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def in_use(self) -> tuple[Kept, ...]:
        """Those that stay because somebody runs under them."""
        return tuple(one for one in self.kept if one.tasks)


def users(name: str, processes: Iterable[Process]) -> tuple[Process, ...]:
    """The tasks whose label has this profile or a child of it, also as one of a stack; `:namespace:` means all in it.

    >>> users("a", [Process(1, "x//&a//hat", "mixed", "/bin/x"), Process(2, "ab", "enforce", "/bin/x")])
    (Process(pid=1, label='x//&a//hat', mode='mixed', executable='/bin/x'),)
    """
    return tuple(process for process in processes if any(_within(part, name) for part in _parts(process.label)))


def remaining(process: Process, names: Iterable[str]) -> list[str]:
    """What still confines a task when these profiles go, with their children: the rest of its stack.

    >>> remaining(Process(1, "a//kid//&b//&unconfined", "mixed", "/bin/x"), ["a"])
    ['b']
    """
    gone = tuple(names)
    parts = (part for part in _parts(process.label) if divided(part)[1] != UNCONFINED)
    return [part for part in parts if not any(_within(part, name) for name in gone)]


def _within(part: str, name: str) -> bool:
    below = (name, name[:-1] + "//") if _is_namespace(name) else (name + "//",)
    return part == name or part.startswith(below)


def _is_namespace(name: str) -> bool:
    return divided(name) == (name, "")


def by_profile(processes: Iterable[Process]) -> dict[str, list[Process]]:
    """The tasks that run under each very profile, also as one of a stack.

    >>> {name: [one.pid for one in tasks] for name, tasks in by_profile([Process(1, "a//&b", "mixed", "/x")]).items()}
    {'a': [1], 'b': [1]}
    """
    found: dict[str, list[Process]] = {}
    for process in processes:
        for part in dict.fromkeys(_parts(process.label)):
            found.setdefault(part, []).append(process)
    return found


def _parts(label: str) -> list[str]:
    """The profiles of a label. In a stack, a namespace stands before the first profile of its own only."""
    parts, namespace = [], ""
    for part in label.split("//&"):
        own, name = divided(part)
        namespace = own or namespace
        parts.append(namespace + name)
    return parts


def named(
    names: Iterable[str], profiles: Sequence[LoadedProfile], processes: Sequence[Process], *, force: bool = False
) -> Removal:
    """Remove these, each once, and a child with its parent. One in use keeps all of them, unless it is forced."""
    wanted = list(dict.fromkeys(names))
    loaded = top_level([one for one in profiles if one.name in wanted])
    missing = tuple(name for name in wanted if not _is_namespace(name) and name not in {one.name for one in profiles})
    tops = {one.name for one in loaded}
    going = [name for name in wanted if name in tops or _is_namespace(name)]
    used = [Kept(name, IN_USE, tasks) for name in going if (tasks := users(name, processes))]
    if used and not force:
        others = (Kept(name, "another that was named with it stays") for name in going)
        by_name = {one.name: one for one in (*others, *used)}
        return Removal((), tuple(by_name.values()), missing=missing)
    return Removal(tuple(going), (), tuple(dict.fromkeys(task for one in used for task in one.tasks)), missing)


def everything(profiles: Sequence[LoadedProfile], processes: Sequence[Process], *, force: bool = False) -> Removal:
    """Remove all that may be removed at once.

    Not, even by force: profiles that confine nothing, and what an engine made while its tasks run under it.
    """
    names: list[str] = []
    kept: list[Kept] = []
    freed: list[Process] = []
    for profile in top_level(profiles):
        tasks, owner = users(profile.name, processes), generated(profile.name)
        if profile.mode == UNCONFINED:
            kept.append(Kept(profile.name, "it only gives a program its name, and confines nothing"))
        elif tasks and (owner or not force):
            kept.append(Kept(profile.name, owner or IN_USE, tasks))
        else:
            names.append(profile.name)
            freed += tasks
    return Removal(tuple(names), tuple(kept), tuple(freed))


def unknown(profiles: Sequence[LoadedProfile], known: Iterable[str], processes: Sequence[Process]) -> Removal:
    """Remove what no policy file brings: `known` are the names that files have, children too.

    Children before their parents: a parent may be known whose file no longer has the child. What others make, what
    confines nothing and what is in use stays.
    """
    has = set(known)
    names, kept = [], []
    for profile in sorted(profiles, key=lambda one: one.name, reverse=True):
        if profile.name in has:
            continue
        tasks, owner = users(profile.name, processes), generated(profile.name)
        if owner:
            kept.append(Kept(profile.name, owner, tasks))
        elif profile.mode == UNCONFINED:
            kept.append(Kept(profile.name, "it only gives a program its name, and confines nothing"))
        elif tasks:
            kept.append(Kept(profile.name, IN_USE, tasks))
        else:
            names.append(profile.name)
    return Removal(tuple(names), tuple(kept))


def generated(name: str) -> str | None:
    """Who makes a profile of this name, its parent or its namespace, and loads it without a file; else None.

    >>> generated("docker-default"), generated("my-docker-default")
    ('Docker loads it when the daemon starts', None)
    """
    namespace, own = divided(name)
    tops = (own.split("//")[0], namespace.strip(":").split("//")[0])
    return next((owner for pattern, owner in _GENERATED if any(map(pattern.fullmatch, tops))), None)


def top_level(profiles: Sequence[LoadedProfile]) -> list[LoadedProfile]:
    """The profiles without those that go with a parent of theirs."""
    names = {profile.name for profile in profiles}
    return [profile for profile in profiles if not any(parent in names for parent in ancestors(profile.name))]
