"""DA361: a change_profile rule whose target is every profile."""

from collections.abc import Iterator

from dockarmor.lint.lint import Examined, Lint
from dockarmor.rules.change_profile import ChangeProfileRule
from dockarmor.text.diagnostic import Diagnostic, Severity


def _find(examined: Examined) -> Iterator[Diagnostic]:
    for _, rule in examined.own_rules(ChangeProfileRule):
        target = "" if rule.target is None else rule.target.text
        if rule.qualifiers.effect != "deny" and target in ("", "**", "*"):
            yield Diagnostic(
                "DA361",
                "the task may change to any profile, also to `unconfined`",
                rule.span,
                Severity.WARNING,
                help=("name the profiles it needs, as in `change_profile -> app//worker,`",),
            )


LINT = Lint("DA361", "change-profile-anywhere", _find)
