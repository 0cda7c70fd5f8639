"""DA382: a profile whose name is a path, without the word `profile`."""

from collections.abc import Iterator

from dockarmor.lint.lint import Examined, Lint
from dockarmor.syntax.tree import ProfileNode, walk
from dockarmor.text.diagnostic import Diagnostic, Fix, Severity
from dockarmor.text.source import Span


def _find(examined: Examined) -> Iterator[Diagnostic]:
    for node in walk(examined.file.body):
        if not isinstance(node, ProfileNode) or node.kind == "hat" or node.name.span.start != node.span.start:
            continue
        start = Span(node.span.source, node.span.start, node.span.start)
        yield Diagnostic(
            "DA382",
            "a profile without the word `profile` is the old spelling",
            node.name.span,
            Severity.NOTE,
            label="its name is this path",
            help=("write `profile` before it; `profile NAME PATH` gives it a name that stays when paths change",),
            fix=Fix(start, "profile ", safe=True, message="write `profile` before it"),
        )


LINT = Lint("DA382", "path-as-profile-name", _find)
