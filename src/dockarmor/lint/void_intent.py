"""DA351: a deny rule that leaves nothing of what an include allows."""

from collections.abc import Iterator

from dockarmor.lint.class_denied import keyword
from dockarmor.lint.coverage import coverage, letters_of
from dockarmor.lint.dead import Voided
from dockarmor.lint.lint import Examined, Lint
from dockarmor.lint.shown import not_shown
from dockarmor.lint.witness import described
from dockarmor.rules.file import FileRule
from dockarmor.rules.link import LinkRule
from dockarmor.text.diagnostic import Diagnostic, Label, Severity

#: how many of the rules that have no effect are pointed at
SHOWN = 3


def _find(examined: Examined) -> Iterator[Diagnostic]:
    for profile in examined.profiles():
        for one in coverage(examined, profile).voided:
            if keyword(one.deny) is None:  # to deny a whole class is to mean it
                yield _found(one)


def _found(one: Voided) -> Diagnostic:
    count = len(one.rules)
    what = "a rule" if count == 1 else f"{count} rules"
    rule = one.rules[0].rule
    letters = letters_of(rule)[:1] if isinstance(rule, FileRule | LinkRule) else ""
    string = one.table.shortest(lambda met: not set(one.entries).isdisjoint(met))
    text = None if string is None else described(one.rules[0], string, letters)
    return Diagnostic(
        "DA351",
        f"this deny leaves nothing of {what} that the profile includes",
        one.deny.rule.span,
        Severity.WARNING,
        label="denies more than these allow",
        others=tuple(Label(each.rule.span, "never has an effect in this profile") for each in one.rules[:SHOWN]),
        help=("if that is what you want, say so: `# dockarmor: allow DA351 -- why`; else narrow the deny",),
        notes=(
            *((f"witness: {text[:200]} is denied",) if text else ()),
            *not_shown(count - SHOWN),
        ),
    )


LINT = Lint("DA351", "void-intent", _find)
