"""DA384: a limit of time without its unit."""

from collections.abc import Iterator

from dockarmor.lint.lint import Examined, Lint
from dockarmor.rules.rlimit import LimitRule
from dockarmor.text.diagnostic import Diagnostic, Fix, Severity
from dockarmor.text.source import Span

_UNITS = {"cpu": ("s", "seconds"), "rttime": ("us", "microseconds")}


def _find(examined: Examined) -> Iterator[Diagnostic]:
    for _, rule in examined.own_rules(LimitRule):
        if rule.resource not in _UNITS or rule.unit or not rule.amount:
            continue
        unit, means = _UNITS[rule.resource]
        comma = Span(rule.span.source, rule.span.end - 1, rule.span.end - 1)
        yield Diagnostic(
            "DA384",
            f"this limit of `{rule.resource}` has no unit: it means {means}",
            rule.span,
            Severity.WARNING,
            help=(f"write `{rule.amount}{unit}`, or the unit that is meant: us, ms, s, min, hours, days",),
            fix=Fix(comma, unit, safe=True, message=f"write `{rule.amount}{unit}`"),
        )


LINT = Lint("DA384", "limit-without-unit", _find)
