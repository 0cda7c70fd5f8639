"""DA381: `#include`, which looks like a comment."""

import re
from collections.abc import Iterator

from dockarmor.lint.lint import Examined, Lint
from dockarmor.syntax.tree import Include, walk
from dockarmor.text.diagnostic import Diagnostic, Fix, Severity
from dockarmor.text.source import Span

_WRITTEN = r"#include(?=([ \t])?)"


def _find(examined: Examined) -> Iterator[Diagnostic]:
    for node in walk(examined.file.body):
        if not isinstance(node, Include) or (written := re.match(_WRITTEN, node.span.text)) is None:
            continue
        span = Span(node.span.source, node.span.start, node.span.start + written.end())
        yield Diagnostic(
            "DA381",
            "`#include` is the old spelling, and looks like a comment",
            span,
            Severity.NOTE,
            help=("write `include`",),
            fix=Fix(span, "include" if written[1] else "include ", safe=True, message="write `include`"),
        )


LINT = Lint("DA381", "pound-include", _find)
