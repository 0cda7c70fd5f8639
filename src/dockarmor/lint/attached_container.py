"""DA375: a container profile that also attaches to programs of the host."""

from collections.abc import Iterator

from dockarmor.lint.lint import Examined, Lint
from dockarmor.syntax.tree import ProfileNode
from dockarmor.text.diagnostic import Diagnostic, Fix, Severity
from dockarmor.text.source import Span


def _find(examined: Examined) -> Iterator[Diagnostic]:
    for node in examined.file.body:
        if not isinstance(node, ProfileNode):
            continue
        word = node.attachment or node.name
        if word.text.startswith("/") or node.attachment is not None:
            yield Diagnostic(
                "DA375",
                "this profile attaches to programs by their path, on the host and in every unconfined container",
                word.span,
                Severity.WARNING,
                help=("engines take a profile by its name: `profile NAME flags=(…) {`, without a path",),
                fix=_detached(node),
            )


def _detached(node: ProfileNode) -> Fix | None:
    """Take out the path, where there is a name beside it."""
    if node.attachment is None:
        return None
    place = Span(node.span.source, node.name.span.end, node.attachment.span.end)
    return Fix(place, "", safe=False, message=f"remove `{node.attachment.text[:60]}`")


LINT = Lint("DA375", "attached-container-profile", _find, container=True)
