"""Every lint. A new lint is its own file and a line here."""

from collections.abc import Iterator

from dockarmor.lint.lint import Examined, Lint
from dockarmor.text.diagnostic import Diagnostic

ALL: tuple[Lint, ...] = ()


def findings(examined: Examined, lints: tuple[Lint, ...] = ALL) -> Iterator[Diagnostic]:
    """What the lints have to say, in the order of the registry."""
    for lint in lints:
        if examined.container or not lint.container:
            yield from lint.find(examined)
