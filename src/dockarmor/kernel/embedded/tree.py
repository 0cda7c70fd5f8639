"""The tree of loaded profiles: how a load and a removal change it, and in which order it is listed.

Names are as the kernel shows them: `parent//child`, `:namespace:name`. Source: security/apparmor/policy.c
(aa_replace_profiles, aa_remove_profiles, __list_add_profile) and apparmorfs.c (next_profile, next_ns).
"""

from collections.abc import Sequence
from errno import EEXIST, ENOENT

from dockarmor.kernel.embedded.store import Entry
from dockarmor.kernel.protocol import KernelError


def loaded(old: Sequence[Entry], new: Sequence[Entry], *, replace: bool) -> list[Entry]:
    """The tree after a load, or KernelError and no change.

    A profile that is replaced keeps its place; children that the load does not bring stay.
    """
    by_name = {entry.name: entry for entry in new}
    if len(by_name) < len(new):
        raise KernelError("the blob holds one profile twice", EEXIST)
    if not replace:
        for entry in old:
            if entry.name in by_name:
                raise KernelError(f"profile {entry.name} is already loaded", EEXIST)
    kept = [by_name.pop(entry.name, entry) for entry in old]
    return kept + [entry for entry in new if entry.name in by_name]


def removed(old: Sequence[Entry], name: str) -> list[Entry]:
    """The tree without a profile and its children, or, for `:namespace:`, without a namespace."""
    if name.startswith(":") and name.endswith(":") and len(name) > 2:
        kept = [entry for entry in old if not entry.name.startswith((name, name[:-1] + "//"))]
        words = f"namespace {name} does not exist"
    else:
        kept = [entry for entry in old if entry.name != name and not entry.name.startswith(name + "//")]
        words = f"profile {name} is not loaded"
    if len(kept) == len(old) or not name:
        raise KernelError(words if name else "no profile is named", ENOENT)
    return kept


def listed(entries: Sequence[Entry]) -> list[Entry]:
    """The order of the `profiles` file: the newest first, each followed by its children, then namespaces."""
    children: dict[str, list[Entry]] = {}
    names = {entry.name for entry in entries}
    for entry in entries:
        parent = entry.name.rpartition("//")[0]
        while parent and parent not in names:
            parent = parent.rpartition("//")[0]
        root = "" if not entry.name.startswith(":") else ":"
        children.setdefault(parent or root, []).append(entry)
    ordered: list[Entry] = []
    waiting = [*children.get(":", []), *children.get("", [])]
    while waiting:
        entry = waiting.pop()
        ordered.append(entry)
        waiting += children.get(entry.name, [])
    return ordered
