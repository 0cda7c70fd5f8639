"""Compressed blobs: zstd, behind eight bytes of apparmor_parser's own where they are in a file.

Kernels that announce policy/compressed_load take a bare frame; apparmor_parser and libapparmor keep the eight bytes
(version 1, the level, zeros) before it in a file, and leave them off when they load.
"""

from dockarmor.compile import ZSTD_FRAME, ZSTD_VERSION
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


def compressed(blob: bytes) -> bytes:
    """A blob as a file holds it compressed. Raises DiagnosticError (DA506) without zstd."""
    frame: bytes = _zstd().compress(blob, LEVEL)
    return bytes((ZSTD_VERSION, LEVEL)).ljust(_HEADER, b"\0") + frame


def decompressed(data: bytes) -> bytes:
    """The blob in a compressed one.

    Raises DiagnosticError: DA505 (too large), DA506 (no zstd here, or a broken frame).

    >>> from dockarmor.compile import BLOB_MAGIC
    >>> decompressed(compressed(BLOB_MAGIC)) == BLOB_MAGIC
    True
    """
    zstd = _zstd()
    frame = data if data.startswith(ZSTD_FRAME) else data[_HEADER:]
    reader = zstd.ZstdDecompressor()
    try:
        blob: bytes = reader.decompress(frame, max_length=MAX_BLOB_BYTES + 1)
    except zstd.ZstdError as error:
        raise _unreadable(f"the compressed blob is broken: {error}") from None
    if len(blob) > MAX_BLOB_BYTES:
        raise broken("DA505", f"the blob has more than {MAX_BLOB_BYTES} bytes when it is unpacked", 0)
    if not reader.eof or reader.unused_data:
        raise _unreadable("the compressed blob is cut, or something follows it")
    return blob


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
