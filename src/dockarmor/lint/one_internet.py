"""DA378: a container that has IPv4 and not IPv6, without a word on it."""

import re
from collections.abc import Iterator

from dockarmor.lint.insertion import insertion
from dockarmor.lint.lint import Examined, Lint
from dockarmor.policy.profile import Profile
from dockarmor.rules.all_rule import AllRule
from dockarmor.rules.network import NetworkRule
from dockarmor.text.diagnostic import Diagnostic, Severity


def _find(examined: Examined) -> Iterator[Diagnostic]:
    told: set[int] = set()
    for profile, rule in examined.own_rules(NetworkRule):
        if (
            rule.family != "inet"
            or rule.qualifiers.effect == "deny"
            or id(profile) in told
            or examined.once(_knows, profile)
        ):
            continue
        told.add(id(profile))
        yield Diagnostic(
            "DA378",
            "this profile allows IPv4 only",
            rule.span,
            Severity.WARNING,
            label="`inet` is IPv4; every socket of IPv6 is refused",
            help=("add the same rule with `inet6`; or `deny network inet6,` if that is meant",),
            fix=insertion(rule.span, re.sub(r"\binet\b", "inet6", rule.span.text, count=1)),
        )


def _knows(_: Examined, profile: Profile) -> bool:
    """Does any rule speak of IPv6, or of every family? Addresses in `inet` rules are the author's own choice."""
    for placed in profile.rules:
        rule = placed.rule
        if isinstance(rule, AllRule) or (isinstance(rule, NetworkRule) and rule.family in (None, "inet6")):
            return True
    return False


LINT = Lint("DA378", "ipv4-only", _find, container=True)
