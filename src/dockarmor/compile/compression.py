"""Compressed blobs: zstd, behind eight bytes of apparmor_parser's own where they are in a file.

Kernels that announce policy/compressed_load take a bare frame; apparmor_parser and libapparmor keep the eight bytes
(version 1, the level, zeros) before it in a file, and leave them off when they load.
"""

from dockarmor.compile import BLOB_MAGIC, ZSTD_FRAME, ZSTD_VERSION
from dockarmor.compile.reader import MAX_BLOB_BYTES
from dockarmor.compile.stream import broken
from dockarmor.text.diagnostic import Diagnostic, DiagnosticError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

#: what a kernel announces that takes them
FEATURE = "policy/compressed_load"
#: apparmor_parser's default
LEVEL = 10

_HEADER = 8
#: so many bytes are unpacked at once: at first, and at most
_FIRST, _MOST = 1 << 20, 1 << 24


def compressed(blob: bytes) -> bytes:
    """A blob as a file holds it compressed. Raises DiagnosticError (DA506) without zstd."""
    frame: bytes = _zstd().compress(blob, LEVEL)
    return bytes((ZSTD_VERSION, LEVEL)).ljust(_HEADER, b"\0") + frame


def decompressed(data: bytes) -> bytes:
    """The blob in a compressed one.

    Raises DiagnosticError: DA505 (too large), DA506 (no zstd here, a broken frame, or no blob in it).

    >>> decompressed(compressed(BLOB_MAGIC)) == BLOB_MAGIC
    True
    """
    zstd = _zstd()
    frame = data if data.startswith(ZSTD_FRAME) else data[_HEADER:]
    reader = zstd.ZstdDecompressor()
    parts: list[bytes] = []
    left, step = MAX_BLOB_BYTES + 1, _FIRST
    while not reader.eof and left > 0:
        # In growing steps: what is no blob is seen soon, and what never ends takes no more memory than the largest.
        try:
            part = reader.decompress(b"" if parts else frame, max_length=min(step, left))
        except zstd.ZstdError as error:
            raise _unreadable(f"the compressed blob is broken: {error}") from None
        if not parts and (part or reader.eof) and not part.startswith(BLOB_MAGIC):
            raise _unreadable("what the compressed file holds is no compiled policy")
        parts.append(part)
        if not part:
            break
        left -= len(part)
        step = min(2 * step, _MOST)
    if left <= 0:
        raise broken("DA505", f"the blob has more than {MAX_BLOB_BYTES} bytes when it is unpacked", 0)
    if not reader.eof or reader.unused_data:
        raise _unreadable("the compressed blob is cut, or something follows it")
    return b"".join(parts)


def _unreadable(message: str, *help: str) -> DiagnosticError:
    return DiagnosticError([Diagnostic("DA506", message, help=help)])


def _zstd() -> "Any":
    """The standard library's zstd (from Python 3.14 on), or the same for earlier ones."""
    try:
        from compression import zstd  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        try:
            from backports import zstd  # type: ignore[import-not-found,unused-ignore]
        except ImportError:
            help = "`pip install 'dockarmor[zstd]'`; `zstd -d` unpacks a file without its first eight bytes"
            raise _unreadable("a blob is to be compressed or unpacked, and this Python has no zstd", help) from None
    return zstd
