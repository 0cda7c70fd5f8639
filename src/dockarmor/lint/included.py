"""The files that a file includes."""

from collections.abc import Iterator

from dockarmor.policy.includes import Library
from dockarmor.syntax.tree import File, Include, walk
from dockarmor.text.diagnostic import DiagnosticError


def included(file: File, library: Library, *, preamble: bool = False) -> Iterator[File]:
    """Each file that is included, however deep, once. Those that cannot be read are passed over.

    `preamble`: only what is included outside of profiles.
    """
    waiting, seen = [file], {file.source.name}
    while waiting:
        body = waiting.pop().body
        for node in body if preamble else walk(body):
            path = library.locate(node.path, node.magic) if isinstance(node, Include) else None
            if path is None:
                continue
            try:
                found = [library.read(name).file for name in library.files(path, node.span) if name not in seen]
            except DiagnosticError:
                continue
            seen.update(one.source.name for one in found)
            waiting += found
            yield from found
