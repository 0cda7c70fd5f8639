"""Every lint. A new lint is its own file and a line here."""

from collections.abc import Iterator

from dockarmor.lint import (
    change_anywhere,
    exec_escapes,
    pound_include,
    symlinked_path,
    unused_variable,
)
from dockarmor.lint.lint import Examined, Lint
from dockarmor.text.diagnostic import Diagnostic

ALL: tuple[Lint, ...] = (
    exec_escapes.LINT,
    change_anywhere.LINT,
    symlinked_path.LINT,
    unused_variable.LINT,
    pound_include.LINT,
)


def findings(examined: Examined, lints: tuple[Lint, ...] = ALL) -> Iterator[Diagnostic]:
    """What the lints have to say, in the order of the registry."""
    for lint in lints:
        yield from lint.find(examined)
