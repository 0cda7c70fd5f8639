"""--preprocess of apparmor_parser: a policy's text with the texts of its includes in their places."""

from dockarmor.cli.faces.parser_policy import source
from dockarmor.policy.includes import Library, load
from dockarmor.policy.read import grammar, library
from dockarmor.policy.resolve import MAX_INCLUDE_DEPTH, MAX_INCLUDES
from dockarmor.syntax.structure import parse
from dockarmor.syntax.tree import Block, Conditional, Include, Node, ProfileNode
from dockarmor.text.diagnostic import Diagnostic, DiagnosticError, Severity
from dockarmor.text.latin import path_text
from dockarmor.text.source import Source

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def preprocessed(name: str, search: "Sequence[str]", seen: set[str]) -> "Iterator[str]":
    """A file's text, piece by piece. `seen`: what the files before included outside of profiles.

    Raises OSError, DiagnosticError where an include has no file and, behind all the text, where it cannot be read.
    """
    *folders, base = map(path_text, search)
    text = source(name)
    splicer = _Splicer(library(base, tuple(folders)))
    yield from splicer.spliced(text, seen, 0)
    if splicer.errors:
        raise DiagnosticError(splicer.errors)


class _Splicer:
    """Each profile may include once more what stands in front of it; else a file is included once."""

    def __init__(self, found: Library) -> None:
        self._found = found
        self._count = 0
        self.errors: list[Diagnostic] = []

    def spliced(self, text: Source, seen: set[str], depth: int) -> "Iterator[str]":
        at = 0
        parsed = parse(text, grammar())
        self.errors += (one for one in parsed.diagnostics if one.severity is Severity.ERROR)
        for node, scope in _includes(parsed.file.body, seen):
            yield text.text[at : node.span.start] + " "
            at = node.span.end
            yield from self._included(node, scope, depth)
        yield text.text[at:]

    def _included(self, node: Include, seen: set[str], depth: int) -> "Iterator[str]":
        place = f"<{node.path}>" if node.magic else f'"{node.path}"'
        real = self._found.locate(node.path, node.magic)
        if real is None:
            yield f"\n\n##failed include {place}\n"
            if not node.if_exists:
                raise DiagnosticError([Diagnostic("DA100", f"there is no {place}", node.span)])
        elif real in seen or depth >= MAX_INCLUDE_DEPTH or self._count > MAX_INCLUDES:
            yield f"\n\n##skipped duplicate include {place}\n"
        else:
            seen.add(real)
            self._count += 1
            yield f"\n\n##included {place}\n"
            for file in self._found.files(real, node.span):
                yield from self.spliced(load(file, node.span), seen, depth + 1)


def _includes(nodes: "Sequence[Node]", seen: set[str]) -> "Iterator[tuple[Include, set[str]]]":
    """The includes of a text in order, each with what its scope has included so far."""
    for node in nodes:
        if isinstance(node, Include):
            yield node, seen
        elif isinstance(node, ProfileNode):
            yield from _includes(node.body, set())
        elif isinstance(node, Block):
            yield from _includes(node.body, seen)
        elif isinstance(node, Conditional):
            for branch in node.branches:
                yield from _includes(branch.body, seen)
