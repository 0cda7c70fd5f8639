"""DA372: a container that may trace every process it sees."""

from collections.abc import Iterator

from dockarmor.access.permission import PTRACE_NAMES
from dockarmor.lint.lint import Examined, Lint
from dockarmor.rules.ptrace import PtraceRule
from dockarmor.text.diagnostic import Diagnostic, Fix, Severity
from dockarmor.text.source import Span

_TRACER = PTRACE_NAMES["trace"] | PTRACE_NAMES["read"]


def _find(examined: Examined) -> Iterator[Diagnostic]:
    for _, rule in examined.own_rules(PtraceRule):
        if rule.qualifiers.effect == "deny" or not rule.permissions & _TRACER:
            continue
        if rule.peer is not None and rule.peer.text not in ("*", "**"):
            continue
        if rule.peer is None:
            place = Span(rule.span.source, rule.span.end - 1, rule.span.end - 1)
            fix = Fix(place, " peer=@{profile_name}", safe=False, message="add `peer=@{profile_name}`")
        else:
            fix = Fix(rule.peer.span, "@{profile_name}", safe=False, message="write `peer=@{profile_name}`")
        yield Diagnostic(
            "DA372",
            "the container may trace every process that it sees, under whatever profile",
            rule.span,
            Severity.WARNING,
            label="with `--pid=host` these are the host's",
            help=("add `peer=@{profile_name}`: processes of this profile may look at each other",),
            fix=fix,
        )


LINT = Lint("DA372", "container-traces-anything", _find, container=True)
