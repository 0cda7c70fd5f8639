"""The loaded policy as securityfs shows it: the flat list, and the folder of each profile.

    profiles                                     every profile that the caller may see, one a line, `NAME (MODE)`
    policy/profiles/DIR/{name,mode,attach,sha256|sha1,raw_data,profiles/}      DIR is the name mangled, and a number
    policy/namespaces/NAME/{profiles,namespaces}/

Sources: security/apparmor/apparmorfs.c (__aafs_profile_mkdir, seq_show_profile).
"""

import os
from collections.abc import Iterable, Iterator, Sequence

from dockarmor.kernel.host.files import MAX_DEPTH, read_line, read_text
from dockarmor.kernel.label_text import split_label
from dockarmor.text.latin import path_text
from dockarmor.value import frozen

#: what the kernel says instead of an attachment that it was not told (apparmorfs.c, seq_profile_attach_show)
_NOT_TOLD = "<unknown>"
_HASHES = ("sha256", "sha1")


@frozen
class Details:
    """What stands in a profile's folder; None for what this kernel does not show.

    `attachment`: the pattern by which programs get the profile. For a profile without one the kernel gives its own
    name, which attaches to nothing unless it is a path. `hash`: the kernel's digest of the profile, by `algorithm`.
    `folder`: where it stands.
    """

    folder: str
    attachment: str | None
    algorithm: str | None
    hash: str | None


def listing(root: str, known: Iterable[str] = ()) -> list[tuple[str, str]]:
    """Names and modes from the flat list, in its order. Raises OSError. Lines that are none are left out.

    `known`: names, as the folders say; the list alone does not tell where one begins that has newlines.
    """
    return [entry for _, entry in lines(root, [name for name in known if "\n" in name]) if entry is not None]


def lines(root: str, broken: Sequence[str] = ()) -> Iterator[tuple[str, tuple[str, str] | None]]:
    """Each line of the flat list, and the name and mode that it holds; None for a part of a name with newlines."""
    text = read_text(f"{root}/profiles")
    rest = text.removesuffix("\n").split("\n") if text else []
    rest.reverse()
    while rest:
        line = rest.pop()
        for name in broken:
            more = name.count("\n")
            whole = "\n".join([line, *reversed(rest[-more:])])
            if (split_label(whole) or ("",))[0] == name:
                line = whole
                del rest[-more:]
                break
        name, mode = split_label(line) or (line, None)
        yield line, None if mode is None else (name, mode)


def details(root: str) -> dict[str, Details]:
    """By full name, what the folders say; empty where they cannot be read."""
    return dict(_namespace(f"{root}/policy", "", 0))


def identities(root: str) -> dict[str, str]:
    """What the kernel attests of profiles of the first namespace, by name; empty on kernels that attest nothing."""
    folder = f"{root}/policy/profiles"
    found = {}
    for entry in _entries(folder):
        if attested := read_line(f"{folder}/{entry}/identity"):
            found[read_line(f"{folder}/{entry}/name") or ""] = attested
    return found


def _namespace(folder: str, namespace: str, depth: int) -> Iterator[tuple[str, Details]]:
    prefix = f":{namespace}:" if namespace else ""
    yield from _profiles(f"{folder}/profiles", prefix, depth)
    for name in _entries(f"{folder}/namespaces") if depth < MAX_DEPTH else ():
        own = path_text(name)
        below = f"{namespace}//{own}" if namespace else own
        yield from _namespace(f"{folder}/namespaces/{name}", below, depth + 1)


def _profiles(folder: str, prefix: str, depth: int) -> Iterator[tuple[str, Details]]:
    for entry in _entries(folder) if depth < MAX_DEPTH else ():
        place = f"{folder}/{entry}"
        try:
            own = read_text(f"{place}/name").removesuffix("\n")
        except OSError:  # removed meanwhile
            continue
        yield prefix + own, _details(place, own)
        yield from _profiles(f"{place}/profiles", f"{prefix}{own}//", depth + 1)


def _details(place: str, name: str) -> Details:
    attachment = read_line(f"{place}/attach")
    if attachment == _NOT_TOLD or (attachment == name and not name.startswith("/")):
        attachment = None
    digests = ((algorithm, read_line(f"{place}/{algorithm}")) for algorithm in _HASHES)
    algorithm, digest = next((one for one in digests if one[1]), (None, None))
    return Details(place, attachment, algorithm, digest)


def _entries(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []
