"""DA366: a transition that is refused under no_new_privs, which containers often have."""

import re
from collections.abc import Iterator

from dockarmor.lint.lint import Examined, Lint
from dockarmor.lint.mode_word import exec_span, mode_word
from dockarmor.rules.change_profile import ChangeProfileRule
from dockarmor.rules.file import FileRule
from dockarmor.syntax.cursor import Word
from dockarmor.text.diagnostic import Diagnostic, Fix, Severity
from dockarmor.text.source import Span

#: these stay; deny rules have the last
_STAYS = ("", "ix", "x")


def _find(examined: Examined) -> Iterator[Diagnostic]:
    for _, rule in examined.own_rules(FileRule):
        way = (rule.exec or "").lower()
        if way not in _STAYS and not way.endswith("ux") and not _stacks(rule.target):
            yield _said(exec_span(rule), "the program is not started (EPERM)", _stacked(rule.target) or _inside(rule))
    for _, change in examined.own_rules(ChangeProfileRule):
        if change.qualifiers.effect != "deny" and not _stacks(change.target):
            yield _said(change.span, "the change is refused (EPERM)", _stacked(change.target))


def _stacks(target: Word | None) -> bool:
    return target is not None and target.text.startswith("&")


def _stacked(target: Word | None) -> Fix | None:
    if target is None or not re.match(r"[\w/@]", target.span.text):
        return None
    start = Span(target.span.source, target.span.start, target.span.start)
    return Fix(start, "&", safe=False, message=f"stack it: `-> &{target.text[:60]}`")


def _inside(rule: FileRule) -> Fix | None:
    word = mode_word(rule)
    if word is None or rule.target is not None or word.text.lower().count("x") != 1:  # `pxpx` is legal
        return None
    return Fix(exec_span(rule), "ix", safe=False, message="write `ix`: it stays in this profile")


def _said(span: Span, label: str, fix: Fix | None) -> Diagnostic:
    return Diagnostic(
        "DA366",
        "a task with no_new_privs cannot change to another profile",
        span,
        Severity.NOTE,
        label=label,
        help=("`ix` stays in this profile; `-> &other` stacks: the task keeps to both",),
        fix=fix,
        notes=(
            "containers have it by `no-new-privileges` (Docker) or `allowPrivilegeEscalation: false` (Kubernetes)",
        ),
    )


LINT = Lint("DA366", "no-new-privs-transition", _find, container=True)
