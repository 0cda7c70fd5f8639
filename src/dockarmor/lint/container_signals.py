"""DA363, DA365: a container that its engine cannot stop.

The signals of `docker stop` and `docker kill` come from the engine's runtime. That is unconfined, or where the
distribution has profiles for runc and crun (Ubuntu 23.10, AppArmor 4), a task with their label; `peer=unconfined`
does not match that, although those profiles confine nothing. docker-default names all of them since Docker 26.1.3.
"""

from collections.abc import Iterator

from dockarmor.lint.container import head
from dockarmor.lint.insertion import first_rule, insertion
from dockarmor.lint.lint import Examined, Lint
from dockarmor.lint.peer_label import RUNTIMES, means
from dockarmor.policy.profile import Profile
from dockarmor.rules.all_rule import AllRule
from dockarmor.rules.signal import RECEIVE, SignalRule
from dockarmor.text.diagnostic import Diagnostic, Severity

#: the signals by which engines end a container
_SIGNALS = ("term", "kill")
_TAKEN = f"signal (receive) peer={{{','.join(('unconfined', *RUNTIMES))}}},"


def _stop(examined: Examined) -> Iterator[Diagnostic]:
    """Not even an unconfined task can stop it."""
    for profile, missing in _missing(examined):
        if "unconfined" in missing:
            yield Diagnostic(
                "DA363",
                "`docker stop` and `docker kill` cannot end this container",
                head(profile),
                Severity.WARNING,
                label=f"no rule takes signals from {', '.join(missing)}",
                help=(f"add `{_TAKEN}`",),
                notes=(
                    "a refused SIGTERM makes every stop wait ten seconds; a refused SIGKILL leaves the container",
                ),
                fix=first_rule(examined, profile, _TAKEN),
            )


def _named(examined: Examined) -> Iterator[Diagnostic]:
    """An unconfined task can stop it, but not a runtime that has a profile."""
    for profile, missing in _missing(examined):
        if "unconfined" in missing:
            continue
        rule = next(
            (rule for rule in examined.rules_of(profile, SignalRule) if _takes(rule, "unconfined", profile)), None
        )
        span = rule.span if rule else head(profile)
        more = f"signal (receive) peer={_names(missing)},"
        yield Diagnostic(
            "DA365",
            f"where {' and '.join(missing)} have profiles, `peer=unconfined` does not match them: stopping fails",
            span,
            Severity.WARNING,
            label="Ubuntu 23.10 and newer name them",
            help=(f"add `{more}`",),
            fix=insertion(span, more) if rule else None,
        )


def _missing(examined: Examined) -> Iterator[tuple[Profile, tuple[str, ...]]]:
    """The profiles of the file, each with the labels whose signals do not reach it."""
    if not examined.features.has("signal"):
        return
    for profile in examined.own_profiles():
        missing = tuple(label for label in ("unconfined", *RUNTIMES) if not _reached(profile, label))
        if missing:
            yield profile, missing


def _reached(profile: Profile, label: str) -> bool:
    signals: set[str] = set()
    for placed in profile.rules:
        rule = placed.rule
        if isinstance(rule, AllRule) and rule.qualifiers.effect != "deny":
            return True
        if isinstance(rule, SignalRule) and _takes(rule, label, profile):
            signals.update(rule.signals or _SIGNALS)
    return signals.issuperset(_SIGNALS)


def _takes(rule: SignalRule, label: str, profile: Profile) -> bool:
    """Does an allow rule take signals from this label?"""
    return rule.qualifiers.effect != "deny" and bool(rule.permissions & RECEIVE) and means(rule.peer, label, profile)


def _names(labels: tuple[str, ...]) -> str:
    return labels[0] if len(labels) == 1 else f"{{{','.join(labels)}}}"


STOP = Lint("DA363", "container-stop-signals", _stop, container=True)
NAMED = Lint("DA365", "named-but-unconfined-peer", _named, container=True)
