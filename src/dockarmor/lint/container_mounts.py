"""DA370: a container that may mount what it likes, where it likes."""

from collections.abc import Iterator

from dockarmor.lint.insertion import insertion
from dockarmor.lint.lint import Examined, Lint
from dockarmor.lint.removal import removal
from dockarmor.policy.profile import Profile
from dockarmor.rules.all_rule import AllRule
from dockarmor.rules.mount import MountRule
from dockarmor.text.diagnostic import Diagnostic, Fix, Severity
from dockarmor.text.source import Span


def _find(examined: Examined) -> Iterator[Diagnostic]:
    for profile, rule in examined.own_rules(MountRule):
        if rule.qualifiers.effect != "deny" and _any(rule) and not examined.once(_denied, profile):
            yield _said(rule.span, removal(rule.span, safe=False))
    for profile, everything in examined.own_rules(AllRule):
        if everything.qualifiers.effect != "deny" and not examined.once(_denied, profile):
            yield _said(everything.span, insertion(everything.span, "deny mount,"))


def _any(rule: MountRule) -> bool:
    return not (rule.fstypes or rule.options or rule.source or rule.mountpoint or rule.remount)


def _denied(_: Examined, profile: Profile) -> bool:
    rules = (placed.rule for placed in profile.rules)
    return any(isinstance(rule, MountRule) and rule.qualifiers.effect == "deny" and _any(rule) for rule in rules)


def _said(span: Span, fix: Fix) -> Diagnostic:
    return Diagnostic(
        "DA370",
        "the container may mount anything anywhere: no path rule holds any more",
        span,
        Severity.WARNING,
        label="a second /proc at another path is behind no deny rule",
        help=("say which: `mount fstype=tmpfs -> /run/app/,`; docker-default says `deny mount,`",),
        fix=fix,
    )


LINT = Lint("DA370", "container-mounts-anything", _find, container=True)
