"""DA360: a program that is started outside of every profile."""

from collections.abc import Iterator

from dockarmor.lint.lint import Examined, Lint
from dockarmor.lint.mode_word import exec_span, mode_word
from dockarmor.rules.file import FileRule
from dockarmor.text.diagnostic import Diagnostic, Fix, Severity

#: the fallbacks that stay inside
_INSIDE = {"ux": "ix", "pux": "pix", "cux": "cix"}


def _find(examined: Examined) -> Iterator[Diagnostic]:
    for profile, rule in examined.own_rules(FileRule):
        way = rule.exec or ""
        low = way.lower()
        if rule.qualifiers.effect == "deny" or low not in _INSIDE or profile.flags.mode == "unconfined":
            continue
        if low == "ux" and rule.target is not None:  # that is `px` (DA430)
            continue
        message, label = "a program may run unconfined: it leaves this profile", "runs it unconfined"
        inside, help = "ix", "`ix` keeps it under this profile, `px` gives it one of its own, `cx` a child profile"
        if low != "ux":
            message = "a program runs unconfined where its profile is not there"
            label = "its own profile, or else unconfined" if low == "pux" else "a child profile, or else unconfined"
            inside = way[0] + _INSIDE[low][1:]
            help = f"`{inside}` falls back to this profile instead"
        word, span = mode_word(rule), exec_span(rule)
        once = word is not None and word.text.lower().count("x") == 1  # `uxux` is legal
        kept = rule.environment == "unsafe" or (way[0].islower() and rule.environment is None)
        yield Diagnostic(
            "DA360",
            message,
            span,
            Severity.WARNING,
            label=label,
            help=(help,),
            notes=("it also keeps the environment, LD_PRELOAD with it",) if kept else (),
            fix=Fix(span, inside, safe=False, message=f"write `{inside}`: it stays confined") if once else None,
        )


LINT = Lint("DA360", "exec-escapes-profile", _find)
