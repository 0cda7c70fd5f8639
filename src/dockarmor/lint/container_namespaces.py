"""DA379, DA386: user namespaces in a container: allowed, or refused without a word.

In a user namespace of its own a task has every capability, and with them it reaches parts of the kernel that it
does not from outside; many ways out of containers began there. Where the features mediate it, what no rule
allows is refused, which browsers, bubblewrap and rootless builds notice.
"""

from collections.abc import Iterator

from dockarmor.lint.container import everything
from dockarmor.lint.insertion import insertion
from dockarmor.lint.lint import Examined, Lint
from dockarmor.lint.missing_abi import names_abi
from dockarmor.lint.removal import removal
from dockarmor.rules.all_rule import AllRule
from dockarmor.rules.userns import FEATURE, UsernsRule
from dockarmor.text.diagnostic import Diagnostic, Severity


def _allowed(examined: Examined) -> Iterator[Diagnostic]:
    for profile, rule in examined.own_rules(UsernsRule):
        # profiles that confine nothing have this rule where the distribution restricts user namespaces
        if rule.qualifiers.effect != "deny" and profile.flags.mediates:
            yield Diagnostic(
                "DA379",
                "the container may create user namespaces: in one it has every capability",
                rule.span,
                Severity.WARNING,
                label="much of the kernel is open to it there",
                help=("leave it out unless programs in it need it, as browsers, bubblewrap, rootless builds do",),
                notes=("the engine's seccomp profile refuses it as well unless the container has sys_admin",),
                fix=removal(rule.span, safe=False),
            )


def _silent(examined: Examined) -> Iterator[Diagnostic]:
    """Of a profile that otherwise allows what it does not deny: its author hardly meant to refuse this."""
    if not (examined.features.has(FEATURE) and names_abi(examined)):
        return  # without an ABI it is as the one who loads it decides
    for profile in examined.own_profiles():
        rule = everything(profile, examined)
        if rule is None or any(isinstance(placed.rule, UsernsRule | AllRule) for placed in profile.rules):
            continue
        yield Diagnostic(
            "DA386",
            "user namespaces are refused, and no rule says so",
            rule.span,
            Severity.NOTE,
            label="allows all files; what sandboxes itself fails nevertheless",
            help=("`deny userns,` says that it is meant, `userns,` allows it",),
            notes=("with `abi <abi/3.0>,` they are not mediated: that is how Docker loads docker-default",),
            fix=insertion(rule.span, "deny userns,"),
        )


ALLOWED = Lint("DA379", "container-user-namespaces", _allowed, container=True)
SILENT = Lint("DA386", "container-user-namespaces-refused", _silent, container=True)
