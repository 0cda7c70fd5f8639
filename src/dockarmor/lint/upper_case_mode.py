"""DA380: file permissions in capitals, an old spelling that newer parsers warn of."""

import re
from collections.abc import Iterator

from dockarmor.lint.lint import Examined, Lint
from dockarmor.lint.mode_word import mode_word
from dockarmor.rules.file import FileRule
from dockarmor.text.diagnostic import Diagnostic, Fix, Severity

#: `PUx` and its kin are the usual spelling, whatever their second letter means
_OLD = r"[RWLMX]|(?<![pPcC])I"


def _find(examined: Examined) -> Iterator[Diagnostic]:
    for _, rule in examined.own_rules(FileRule):
        span = mode_word(rule)
        if span is None:
            continue
        low = re.sub(_OLD, lambda found: found.group().lower(), span.text)
        if low != span.text:
            yield Diagnostic(
                "DA380",
                f"`{span.text}` is an old spelling of `{low}`",
                span,
                Severity.NOTE,
                help=(f"write `{low}`; only exec transitions have capitals: `Px`, `Cx`, `Ux`",),
                fix=Fix(span, low, safe=True, message=f"write `{low}`"),
            )


LINT = Lint("DA380", "upper-case-permissions", _find)
