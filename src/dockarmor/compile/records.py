"""A blob cut where its records begin: a kernel takes the profiles of one namespace a write."""

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
    stream = Stream(blob)
    found: dict[bytes, bytes] = {}
    namespace, parent = b"", b"//"
    try:
        while not stream.at_end():
            start = stream.pos
            version, own = stream.u32("version"), stream.string("namespace")
            inside = stream.pos
            if version is None or not stream.enter(STRUCT, "profile"):
                return {b"": blob}
            name = stream.string() or b""
            if not name.startswith(parent + b"//"):
                namespace, parent = own or b"", name
            stream.pos = inside
            stream.enter(STRUCT, "profile")
            stream.skip_struct()
            found[namespace] = found.get(namespace, b"") + blob[start : stream.pos]
    except DiagnosticError:
        return {b"": blob}
    return found
