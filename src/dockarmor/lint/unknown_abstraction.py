"""DA368: `include if exists` of an abstraction that is nowhere, while one with nearly its name is there."""

from collections.abc import Iterator

from dockarmor.lint.lint import Examined, Lint
from dockarmor.syntax.tree import Include, walk
from dockarmor.text.diagnostic import Diagnostic, Fix, Severity


def _find(examined: Examined) -> Iterator[Diagnostic]:
    for node in walk(examined.file.body):
        if not isinstance(node, Include) or not (node.if_exists and node.magic):
            continue
        if not node.path.startswith(("abstractions/", "tunables/")) or node.path.endswith((".d", "/")):
            continue  # folders and files of a host's own may be absent
        if examined.library.locate(node.path, node.magic) is not None:
            continue
        near = examined.library.similar(node.path)
        if near is None:
            continue
        span = node.span.part(node.path)
        yield Diagnostic(
            "DA368",
            f"there is no `{node.path}`, so this includes nothing",
            span,
            Severity.WARNING,
            label="`if exists` keeps quiet about it",
            help=(f"did you mean `{near}`?",),
            fix=Fix(span, near, safe=False, message=f"write `{near}`") if span is not node.span else None,
        )


LINT = Lint("DA368", "unknown-abstraction", _find)
