"""Small files that the kernel writes: read whole, bounded, as latin-1 text."""

import os
from errno import EIO

#: the largest of them is the list of profiles: a hundred thousand null profiles of a complain mode gone wrong
MAX_TEXT = 64 << 20
#: features are nested four levels deep
MAX_DEPTH = 16


def read_text(path: str, limit: int = MAX_TEXT) -> str:
    """The text of a file. Raises OSError."""
    with open(path, "rb", buffering=0) as file:
        parts = []
        while limit > 0 and (part := file.read(min(limit, 1 << 16))):
            parts.append(part)
            limit -= len(part)
    return b"".join(parts).decode("latin-1")


def read_line(path: str) -> str | None:
    """The text of a file without its newline; None where it cannot be read."""
    try:
        return read_text(path, 1 << 16).rstrip("\n\0")
    except OSError:
        return None


def read_tree(path: str, depth: int = 0) -> dict[str, object]:
    """A folder as nested mappings, as Kernel.features gives them. Raises OSError."""
    found: dict[str, object] = {}
    for name in sorted(os.listdir(path)) if depth < MAX_DEPTH else ():
        below = f"{path}/{name}"
        found[name] = read_tree(below, depth + 1) if os.path.isdir(below) else read_text(below).removesuffix("\n")
    return found


def write_once(path: str, data: bytes) -> None:
    """Hand bytes to one of the kernel's files in one write, as it wants them. Raises OSError."""
    file = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        written = os.write(file, data)
    finally:
        os.close(file)
    if written != len(data):
        raise OSError(EIO, f"the kernel took {written} bytes of {len(data)}", path)
