"""DA387: processes of a container that cannot look at each other.

Both sides are asked: who traces or reads needs `trace` or `read`, the other `tracedby` or `readby`, and here both
are under the same profile, as is what `docker exec` starts. docker-default had half of it from 1.10 to 20.10.
"""

from collections.abc import Iterator

from dockarmor.access.permission import PTRACE_NAMES
from dockarmor.lint.container import everything
from dockarmor.lint.insertion import insertion
from dockarmor.lint.lint import Examined, Lint
from dockarmor.lint.peer_label import means
from dockarmor.policy.profile import Profile
from dockarmor.rules.all_rule import AllRule
from dockarmor.rules.ptrace import PtraceRule
from dockarmor.text.diagnostic import Diagnostic, Severity

#: what one side needs, and what the other does
_PAIRS = (("read", "readby"), ("trace", "tracedby"))


def _find(examined: Examined) -> Iterator[Diagnostic]:
    if not examined.features.has("ptrace"):
        return
    for profile in examined.own_profiles():
        granted = _granted(profile)
        halves = [pair for pair in _PAIRS if len(granted.intersection(pair)) == 1]
        own = examined.rules_of(profile, PtraceRule)
        rule = next((rule for rule in own if any(_half(rule, pair, profile) for pair in halves)), None)
        if rule is not None:
            yield _lame(rule, [name for pair in halves for name in pair if name not in granted])
        elif "read" not in granted and not any(rule.qualifiers.effect == "deny" for rule in own):
            yield from _blind(profile, examined)


def _granted(profile: Profile) -> set[str]:
    """What the profile's rules allow with the profile itself on the other side."""
    found: set[str] = set()
    for placed in profile.rules:
        rule = placed.rule
        if isinstance(rule, AllRule) and rule.qualifiers.effect != "deny":
            return set(PTRACE_NAMES)
        if (
            isinstance(rule, PtraceRule)
            and rule.qualifiers.effect != "deny"
            and means(rule.peer, profile.name, profile)
        ):
            found.update(name for name, bit in PTRACE_NAMES.items() if rule.permissions & bit)
    return found


def _half(rule: PtraceRule, pair: tuple[str, str], profile: Profile) -> bool:
    """Does this rule give one of the two?"""
    gives = any(rule.permissions & PTRACE_NAMES[name] for name in pair)
    return gives and rule.qualifiers.effect != "deny" and means(rule.peer, profile.name, profile)


def _lame(rule: PtraceRule, missing: list[str]) -> Diagnostic:
    more = f"ptrace ({', '.join(missing)}) peer=@{{profile_name}},"
    return Diagnostic(
        "DA387",
        "this is half of what processes of the container need to look at each other: both sides are asked",
        rule.span,
        Severity.WARNING,
        label=f"without {' and '.join(missing)}",
        help=(f"add `{more}`",),
        fix=insertion(rule.span, more),
    )


def _blind(profile: Profile, examined: Examined) -> Iterator[Diagnostic]:
    """Of a profile that otherwise allows what it does not deny."""
    rule = everything(profile, examined)
    if rule is None:
        return
    more = "ptrace (trace, tracedby, read, readby) peer=@{profile_name},"
    yield Diagnostic(
        "DA387",
        "processes of the container cannot look at each other: `ps` and debuggers fail, also in `docker exec`",
        rule.span,
        Severity.NOTE,
        label="allows all files; /proc/PID of another process is ptrace, too",
        help=(f"add `{more}`",),
        fix=insertion(rule.span, more),
    )


LINT = Lint("DA387", "container-own-processes", _find, container=True)
