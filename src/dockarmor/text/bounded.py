"""Files whose length nobody vouches for, read up to a limit."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    class Readable(Protocol):
        def read(self, size: int, /) -> bytes | None: ...


def read_bounded(file: "Readable", limit: int) -> bytes:
    """At most `limit` bytes, in growing steps: one read(limit) sets aside that much, which a small machine lacks.

    >>> from io import BytesIO
    >>> len(read_bounded(BytesIO(bytes(200000)), 1 << 30)), len(read_bounded(BytesIO(bytes(200000)), 150000))
    (200000, 150000)
    """
    parts = []
    step = 1 << 16
    while limit > 0 and (part := file.read(min(step, limit))):
        parts.append(part)
        limit -= len(part)
        step *= 2
    return b"".join(parts)
