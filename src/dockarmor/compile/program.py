"""Which program this is: what another one made is not taken from the cache.

The version alone does not tell two states of a checkout apart, and upgrades without a new version happen.
"""

import os

import dockarmor

_ENDINGS = (".py", ".so")


def stamp() -> bytes:
    """Names, sizes and times of the package's own files; another one after every change, by stat alone."""
    from zlib import crc32

    parts = []
    for entry in _files():
        state = entry.stat()
        parts.append(b"%s %d %d" % (os.fsencode(entry.name), state.st_size, state.st_mtime_ns))
    return b"%s %08x" % (dockarmor.__version__.encode(), crc32(b"\n".join(sorted(parts))))


def digest() -> bytes:
    """SHA-256 over the package's own files: equal for equal programs, wherever they are installed."""
    from hashlib import sha256

    total = sha256(dockarmor.__version__.encode())
    for entry in sorted(_files(), key=lambda entry: entry.path):
        if not entry.name.endswith(".so"):
            with open(entry.path, "rb") as file:
                total.update(sha256(file.read()).digest())
    return total.digest()


def _files() -> "list[os.DirEntry[str]]":
    """What decides on blobs and findings: not the verbs that ask others, nor pages and examples."""
    root = os.path.dirname(dockarmor.__file__)
    found = []
    for room in ("", *_ROOMS):
        for entry in os.scandir(os.path.join(root, room)):
            if entry.name.endswith(_ENDINGS) or (room.startswith("data") and entry.is_file()):
                found.append(entry)
    return found


_ROOMS = (
    *("text", "automata", "access", "access/grammar", "syntax", "rules", "policy", "compile", "lint", "containers"),
    *("cli", "cli/reports", "data/features", "data/profiles"),
)
