"""DA367: a variable that a file defines and nothing uses: neither its own text nor what it includes."""

import re
from collections.abc import Iterator

from dockarmor.lint.included import included
from dockarmor.lint.lint import Examined, Lint
from dockarmor.lint.removal import removal
from dockarmor.syntax.tree import BoolVariable, ProfileNode, SetVariable, walk
from dockarmor.text.diagnostic import Diagnostic, Severity

_COMMENT = r"(?m)^[ \t]*#(?!include)[^\n]*"
_USE = r"[@$](?:\{[ \t]*(\w+)[ \t]*\}|(\w+))"
#: `@{X}` that is assigned to; only what is left of the sign
_ASSIGNED = r"(?m)^[ \t]*[@$](?:\{[ \t]*\w+[ \t]*\}|\w+)[ \t]*[+?:]?="


def _find(examined: Examined) -> Iterator[Diagnostic]:
    body = examined.file.body
    if not any(isinstance(node, ProfileNode) for node in body):
        return  # a tunable: it is for others to use
    variables: dict[str, list[SetVariable | BoolVariable]] = {}
    for node in walk(body):
        if isinstance(node, SetVariable | BoolVariable):
            variables.setdefault(node.name.text, []).append(node)
    if not variables:
        return
    unused = set(variables) - _used(examined.file.source.text)
    if unused:
        for file in included(examined.file, examined.library):
            unused -= _used(file.source.text)
    for name in unused:
        own = variables[name]
        if own[0].operator == "+=":
            continue  # it adds to a tunable
        sign = "$" if isinstance(own[0], BoolVariable) else "@"
        yield Diagnostic(
            "DA367",
            f"nothing uses `{sign}{{{name}}}`",
            own[0].span,
            Severity.WARNING,
            label="neither this file nor what it includes",
            help=("remove it",),
            # what is added to it would be left without it
            fix=removal(own[0].span, safe=True, message="remove it") if len(own) == 1 else None,
        )


def _used(text: str) -> set[str]:
    text = re.sub(_ASSIGNED, "", re.sub(_COMMENT, "", text))
    return {found[1] or found[2] for found in re.finditer(_USE, text)}


LINT = Lint("DA367", "unused-variable", _find, whole=True)
