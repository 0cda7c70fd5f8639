"""DA360: a program that is started outside of every profile."""

from collections.abc import Iterator

from dockarmor.lint.lint import Examined, Lint
from dockarmor.rules.file import FileRule
from dockarmor.text.diagnostic import Diagnostic, Severity


def _find(examined: Examined) -> Iterator[Diagnostic]:
    for profile in examined.profiles():
        for placed in profile.rules:
            rule = placed.rule
            if not (examined.own(placed) and isinstance(rule, FileRule)) or rule.qualifiers.effect == "deny":
                continue
            way = rule.exec or ""
            if way.lower().endswith("ux"):
                kept = way == "ux" and rule.environment != "safe"
                yield Diagnostic(
                    "DA360",
                    "a program may run unconfined: it leaves this profile",
                    rule.span,
                    Severity.WARNING,
                    help=("`ix` keeps it under this profile, `px` gives it one of its own, `cx` a child profile",),
                    notes=("it also keeps the environment, LD_PRELOAD with it",) if kept else (),
                )


LINT = Lint("DA360", "exec-escapes-profile", _find)
