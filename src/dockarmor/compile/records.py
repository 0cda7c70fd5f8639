"""A blob cut where its records begin: a kernel takes the profiles of one namespace a write."""

from collections.abc import Iterator

from dockarmor.compile.stream import STRUCT, Stream
from dockarmor.text.diagnostic import DiagnosticError

_NAMESPACE = b"\x04\x0a\x00namespace\x00\x05"


def by_namespace(blob: bytes) -> dict[bytes, bytes]:
    """The records of a blob, those of a namespace together; `b""` is none. What is not ours to cut is one piece.

    One file may hold profiles of several. A kernel refuses them in one write, EACCES (policy.c,
    aa_replace_profiles: policy load has mixed namespaces). Hats and children follow their parent, which alone
    need name the namespace; here each record does. Kernels without a fix of 2026 (apparmor: fix memory leak in
    verify_header) remember the last record's only: 6.17 takes a parent and its hat for policy of the first namespace.
    """
    if _NAMESPACE not in blob:
        return {b"": blob}
    found: dict[bytes, bytes] = {}
    try:
        for namespace, _, record, place in _records(blob):
            own = _name(namespace) if namespace and place else b""
            found[namespace] = found.get(namespace, b"") + record[:place] + own + record[place:]
    except DiagnosticError:
        return {b"": blob}
    return found


def namespaces(blob: bytes) -> list[bytes]:
    """The namespace of each record, in order; empty where no record is in one. Raises DiagnosticError."""
    return [namespace for namespace, _, _, _ in _records(blob)] if _NAMESPACE in blob else []


def names(blob: bytes) -> list[tuple[bytes, bytes]]:
    """The namespace and the name of each record, in order. Raises DiagnosticError."""
    return [(namespace, name) for namespace, name, _, _ in _records(blob)]


def _name(namespace: bytes) -> bytes:
    return _NAMESPACE + (len(namespace) + 1).to_bytes(2, "little") + namespace + b"\0"


def _records(blob: bytes) -> Iterator[tuple[bytes, bytes, bytes, int]]:
    """Namespace, name and bytes of each record, and where it would name the first; 0 where it does.

    Raises DiagnosticError.
    """
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
        yield namespace, name, blob[start : stream.pos], inside - start if own is None else 0
