"""What apparmor_parser says of its dealings with the kernel, and with which exit status."""

import os
from errno import EACCES, EBADMSG, EEXIST, EFAULT, EIO, ENAMETOOLONG, ENOENT, ENOMEM, EPERM, EPROTO, EPROTONOSUPPORT

from dockarmor.cli.faces.parser_options import say
from dockarmor.kernel.host.files import write_once

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_ADMIN = "You need policy admin privileges to manage profiles.\n"
_WORDS = {
    ENOENT: "Profile doesn't exist",
    EEXIST: "Profile already exists",
    EPROTO: "Profile doesn't conform to protocol",
    EPROTONOSUPPORT: "Profile version not supported by Apparmor module",
    EBADMSG: "Profile does not match signature",
    ENOMEM: "Out of memory",
    EFAULT: "Couldn't copy profile: Bad memory address",
}


def write(path: str, data: bytes) -> OSError | None:
    """Write to one of the kernel's files: a blob's profiles namespace by namespace. What it refused."""
    from dockarmor.compile import BLOB_MAGIC

    parts = [data]
    if data.startswith(BLOB_MAGIC):
        from dockarmor.compile.records import by_namespace

        if number := _refusal(os.path.dirname(path), data):
            return OSError(number, os.strerror(number))
        parts = list(by_namespace(data).values())
    try:
        for part in parts:
            write_once(path, part)
    except OSError as error:
        return error
    return None


def _refusal(root: str, blob: bytes) -> int | None:
    """The number with which a kernel would refuse a blob, where kernels from 6.17 on would not get over it."""
    from dockarmor.compile.records import names
    from dockarmor.kernel.host.loaded import listing
    from dockarmor.kernel.label_text import full_name
    from dockarmor.kernel.unloadable import is_too_long, orphans
    from dockarmor.text.diagnostic import DiagnosticError

    try:
        found = [full_name(space.decode("latin-1"), name.decode("latin-1")) for space, name in names(blob)]
    except DiagnosticError:
        return None
    if any(map(is_too_long, found)):
        return ENAMETOOLONG
    alone = set(orphans(found).values())
    try:
        return ENOENT if alone and not alone <= {name for name, _ in listing(root)} else None
    except OSError:  # what is loaded is not to be known
        return None


def refused(program: str, action: str, names: "Sequence[str]", error: OSError) -> int:
    """Say it of the profiles at the top; the exit status is the negative number's lowest byte."""
    number = error.errno or EIO
    if number in (EACCES, EPERM):
        denied = "Access" if number == EACCES else "Permission"
        words = f"{program}: {denied} denied. {_ADMIN}"
    else:
        words = _WORDS.get(number, f"Unknown error ({number}): {os.strerror(number)}")
    for name in names:
        if shown(name, names) == name:
            say(f'{program}: Unable to {action} "{os.fsdecode(name.encode("latin-1"))}".  {words}')
    return -number & 0xFF


def shown(name: str, names: "Sequence[str]") -> str:
    """The name of a profile as its own text gives it: a child's without its parent's.

    >>> [shown(name, ("a", "a//b", "c//d")) for name in ("a", "a//b", "c//d")]
    ['a', 'b', 'c//d']
    """
    parent, _, own = name.rpartition("//")
    return own if parent in names else name


def children_first(names: "Sequence[str]") -> list[str]:
    """Names that come with each profile before its children, so that each comes behind them.

    >>> children_first(["a", "a//b", "a//b//c", "a//d", "e"])
    ['a//b//c', 'a//b', 'a//d', 'a', 'e']
    """
    done: list[str] = []
    waiting: list[str] = []
    for name in names:
        while waiting and not name.startswith(waiting[-1] + "//"):
            done.append(waiting.pop())
        waiting.append(name)
    return done + waiting[::-1]
