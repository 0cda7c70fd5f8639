"""A blob cut where its records begin: a kernel takes the profiles of one namespace a write."""

from collections.abc import Iterator

from dockarmor.compile.stream import STRUCT, Stream
from dockarmor.text.diagnostic import DiagnosticError

_NAMESPACE = b"\x04\x0a\x00namespace\x00\x05"


def by_namespace(blob: bytes) -> dict[bytes, bytes]:
    """The records of a blob, those of a namespace together; `b""` is none. What is not ours to cut is one piece.

    One file may hold profiles of several. A kernel refuses them in one write, EACCES (policy.c,
    aa_replace_profiles: policy load has mixed namespaces). Hats and children follow their parent, which alone
    names the namespace.
    """
    if _NAMESPACE not in blob:
        return {b"": blob}
    found: dict[bytes, bytes] = {}
    try:
        for namespace, record in _records(blob):
            found[namespace] = found.get(namespace, b"") + record
    except DiagnosticError:
        return {b"": blob}
    return found


def namespaces(blob: bytes) -> list[bytes]:
    """The namespace of each record, in order; empty where no record is in one. Raises DiagnosticError."""
    return [namespace for namespace, _ in _records(blob)] if _NAMESPACE in blob else []


def _records(blob: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Namespace and bytes of each record. Raises DiagnosticError."""
    stream = Stream(blob)
    namespace, parent = b"", b"//"
    while not stream.at_end():
        start = stream.pos
        version, own = stream.u32("version"), stream.string("namespace")
        inside = stream.pos
        if version is None or not stream.enter(STRUCT, "profile"):
            stream.fail("a record begins with its version and its profile")
        name = stream.string() or b""
        if not name.startswith(parent + b"//"):
            namespace, parent = own or b"", name
        stream.pos = inside
        stream.enter(STRUCT, "profile")
        stream.skip_struct()
        yield namespace, blob[start : stream.pos]
