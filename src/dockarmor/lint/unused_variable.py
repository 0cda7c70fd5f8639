"""DA367: a variable that a file defines and nothing uses: neither its own text nor what it includes."""

import re
from collections.abc import Iterator

from dockarmor.lint.lint import Examined, Lint
from dockarmor.lint.suppression import with_line
from dockarmor.policy.includes import Library
from dockarmor.syntax.tree import BoolVariable, File, Include, ProfileNode, SetVariable, walk
from dockarmor.text.diagnostic import Diagnostic, DiagnosticError, Fix, Severity

_COMMENT = re.compile(r"^[ \t]*#(?!include)[^\n]*", re.MULTILINE)
_USE = re.compile(r"[@$](?:\{[ \t]*(\w+)[ \t]*\}|(\w+))")
#: `@{X}` that is assigned to; only what is left of the sign
_ASSIGNED = re.compile(r"^[ \t]*[@$](?:\{[ \t]*\w+[ \t]*\}|\w+)[ \t]*[+?:]?=", re.MULTILINE)


def _find(examined: Examined) -> Iterator[Diagnostic]:
    body = examined.file.body
    if not any(isinstance(node, ProfileNode) for node in body):
        return  # a tunable: it is for others to use
    variables = [node for node in walk(body) if isinstance(node, SetVariable | BoolVariable)]
    if not variables:
        return
    unused = {node.name.text for node in variables} - _used(examined.file.source.text)
    if unused:
        unused -= _included(examined.file, examined.library)
    for name in unused:
        own = [node for node in variables if node.name.text == name]
        if own[0].operator == "+=":
            continue  # it adds to a tunable
        sign = "$" if isinstance(own[0], BoolVariable) else "@"
        line = Fix(with_line(own[0].span), "", safe=True, message="remove it")
        yield Diagnostic(
            "DA367",
            f"nothing uses `{sign}{{{name}}}`",
            own[0].span,
            Severity.WARNING,
            label="neither this file nor what it includes",
            help=("remove it",),
            fix=line if len(own) == 1 else None,  # what is added to it would be left without it
        )


def _used(text: str) -> set[str]:
    text = _ASSIGNED.sub("", _COMMENT.sub("", text))
    return {found[1] or found[2] for found in _USE.finditer(text)}


def _included(file: File, library: Library) -> set[str]:
    """The variables that included files use, however deep."""
    used: set[str] = set()
    waiting, seen = [file], {file.source.name}
    while waiting:
        for node in walk(waiting.pop().body):
            if not isinstance(node, Include) or (path := library.locate(node.path, node.magic)) is None:
                continue
            try:
                found = [library.read(name).file for name in library.files(path, node.span) if name not in seen]
            except DiagnosticError:
                continue
            seen.update(one.source.name for one in found)
            waiting += found
            for one in found:
                used |= _used(one.source.text)
    return used


LINT = Lint("DA367", "unused-variable", _find, whole=True)
