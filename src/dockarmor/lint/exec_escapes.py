"""DA360: a program that is started outside of every profile."""

import re
from collections.abc import Iterator

from dockarmor.lint.lint import Examined, Lint
from dockarmor.rules.file import FileRule
from dockarmor.rules.file_mode import MODE, exec_place
from dockarmor.text.diagnostic import Diagnostic, Fix, Severity
from dockarmor.text.source import Span

_WORD = re.compile(r"#[^\n]*|[^\s,]+")
#: the fallbacks that stay inside
_INSIDE = {"ux": "ix", "pux": "pix", "cux": "cix"}


def _find(examined: Examined) -> Iterator[Diagnostic]:
    for profile, rule in examined.own_rules(FileRule):
        way = rule.exec or ""
        low = way.lower()
        if rule.qualifiers.effect == "deny" or low not in _INSIDE or profile.flags.mode == "unconfined":
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


def exec_span(rule: FileRule) -> Span:
    """Where the exec transition of a rule is written; the whole rule where that cannot be told."""
    word = mode_word(rule)
    if word is None or not rule.exec:
        return rule.span
    first, last = exec_place(word.text)
    return Span(word.source, word.start + first, word.start + last)


def mode_word(rule: FileRule) -> Span | None:
    """The permissions of a rule: the only word before or behind its path that reads as such."""
    if rule.path is None:
        return None
    source, path = rule.span.source, rule.path.span
    for start, end in ((path.end, rule.span.end), (rule.span.start, path.start)):
        for word in _WORD.finditer(source.text, start, end):
            if word.group() == "->":
                break
            if MODE.fullmatch(word.group()):
                return Span(source, word.start(), word.end())
    return None


LINT = Lint("DA360", "exec-escapes-profile", _find)
