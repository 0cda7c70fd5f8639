"""Files whose length and kind nobody vouches for, read up to a limit."""

import os
import stat
from errno import EINVAL, EISDIR

#: names of what this process has open already
_OPENED = ("/dev/fd/", "/dev/stdin", "/proc/self/fd/")

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    class Readable(Protocol):
        def read(self, size: int, /) -> bytes | None: ...


def read_bounded(file: "Readable", limit: "int | Callable[[bytes], int]") -> bytes:
    """At most `limit` bytes, in growing steps: one read(limit) sets aside that much, which a small machine lacks.

    A limit may depend on how a file begins: then it is asked with the first 64 KiB, which are read in any case.

    >>> from io import BytesIO
    >>> len(read_bounded(BytesIO(bytes(200000)), 1 << 30)), len(read_bounded(BytesIO(bytes(200000)), 150000))
    (200000, 150000)
    >>> len(read_bounded(BytesIO(bytes(200000)), lambda head: 100000 if head[0] == 0 else 1))
    100000
    """
    parts = []
    step = 1 << 16
    if not isinstance(limit, int):
        parts.append(file.read(step) or b"")
        limit = limit(parts[0]) - len(parts[0])
    while limit > 0 and (part := file.read(min(step, limit))):
        parts.append(part)
        limit -= len(part)
        step *= 2
    return b"".join(parts)


def read_file(path: str, limit: "int | Callable[[bytes], int]") -> bytes:
    """At most `limit` bytes of a regular file, or of a pipe that the shell has opened, as in `check <(…)`.

    A device may never end, and a FIFO waits for a writer that may never come. Raises OSError, always with the path.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISFIFO(mode) and path.startswith(_OPENED):
        os.set_blocking(descriptor, True)
    elif not stat.S_ISREG(mode):
        os.close(descriptor)
        if stat.S_ISDIR(mode):
            raise OSError(EISDIR, os.strerror(EISDIR), path)
        raise OSError(EINVAL, "not a regular file", path)
    with open(descriptor, "rb") as file:
        try:
            return read_bounded(file, limit)
        except OSError as error:
            raise OSError(error.errno, error.strerror, path) from None
