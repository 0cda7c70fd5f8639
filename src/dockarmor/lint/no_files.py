"""DA377: a container profile that gives access to no file at all."""

from collections.abc import Iterator

from dockarmor.lint.container import head
from dockarmor.lint.lint import Examined, Lint
from dockarmor.rules.all_rule import AllRule
from dockarmor.rules.file import FileRule
from dockarmor.text.diagnostic import Diagnostic, Severity


def _find(examined: Examined) -> Iterator[Diagnostic]:
    for profile in examined.own_profiles():
        written = [placed.rule for placed in profile.rules if not placed.implied]
        if not any(isinstance(rule, FileRule | AllRule) and rule.qualifiers.effect != "deny" for rule in written):
            yield Diagnostic(
                "DA377",
                "no rule gives access to a file: not even the container's program can be read",
                head(profile),
                Severity.WARNING,
                help=("a container needs its program and libraries: `/usr/** mrix,`, or `file,` and deny rules",),
            )


LINT = Lint("DA377", "container-without-files", _find, container=True)
