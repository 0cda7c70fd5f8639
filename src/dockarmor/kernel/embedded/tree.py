"""The tree of loaded profiles: how a load and a removal change it, and in which order it is listed.

Names are as the kernel shows them: `parent//child`, `:namespace:name`. Source: security/apparmor/policy.c
(aa_replace_profiles, aa_remove_profiles, __list_add_profile) and apparmorfs.c (next_profile, next_ns).
"""

from collections.abc import Sequence
from errno import EEXIST, ENOENT

from dockarmor.kernel.embedded.records import split_namespace
from dockarmor.kernel.embedded.store import Entry
from dockarmor.kernel.label_text import full_name
from dockarmor.kernel.protocol import KernelError


def loaded(old: Sequence[Entry], new: Sequence[Entry], *, replace: bool) -> list[Entry]:
    """The tree after a load, or KernelError and no change.

    A profile that is replaced keeps its place; children that the load does not bring stay. What comes from the
    same bytes as before is left alone.
    """
    tree = list(old)
    names = {entry.name for entry in old}
    brought = {entry.name for entry in new}
    if len(brought) < len(new):
        raise KernelError("the blob holds one profile twice", EEXIST)
    for entry in new:
        if entry.name in names and not replace:
            raise KernelError(f"profile {entry.name} is already loaded", EEXIST)
        parent = parent_of(entry.name)
        if parent and parent not in names and parent not in brought:
            raise KernelError(f"profile {entry.name} has no parent: {parent} is not loaded", ENOENT)
    for entry in new:
        if entry.name in names:
            _replace(tree, entry)
        else:
            tree.append(entry)
    return tree


def _replace(tree: list[Entry], new: Entry) -> None:
    """Put a profile in its predecessor's place. The new one takes the old one's children over, one by one from
    the head of the list to the head of the list, so that their order turns round."""
    place = next(place for place, entry in enumerate(tree) if entry.name == new.name)
    if tree[place].blob == new.blob:
        return
    tree[place] = new
    places = [place for place, entry in enumerate(tree) if parent_of(entry.name) == new.name]
    children = [tree[place] for place in places]
    for place, child in zip(places, reversed(children), strict=True):
        tree[place] = child


def parent_of(name: str) -> str:
    """The name of a profile's parent, empty for one that has none.

    Names are divided from the left, so a child may be called by a path (include/lib.h, basename).

    >>> parent_of("a//b//c"), parent_of(":n//m:a"), parent_of(":n:a///bin/sh")
    ('a//b', '', ':n:a')
    """
    namespace, own = split_namespace(name)
    parent = "//".join(own.split("//")[:-1])
    return full_name(namespace, parent) if parent else parent


def own_name(name: str) -> str:
    """A profile's name without its parent's and its namespace.

    >>> own_name("a///bin/sh"), own_name(":n:p")
    ('/bin/sh', 'p')
    """
    return split_namespace(name)[1].split("//")[-1]


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
    for entry in entries:
        root = ":" if entry.name.startswith(":") else ""
        children.setdefault(parent_of(entry.name) or root, []).append(entry)
    ordered: list[Entry] = []
    waiting = [*children.get(":", []), *children.get("", [])]
    while waiting:
        entry = waiting.pop()
        ordered.append(entry)
        waiting += children.get(entry.name, [])
    return ordered
