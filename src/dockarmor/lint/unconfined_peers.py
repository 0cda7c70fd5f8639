"""DA365 for what a container traces, and for its unix sockets: `peer=unconfined` is one label, not all unconfined.

The kernel asks with the other side's label. A program under a profile with `flags=(unconfined)` has that profile's
name, though nothing confines it (Ubuntu 23.10 and AppArmor 4 have such profiles for runc, crun, podman and others).
What traces the container is no matter: there the kernel looks whether the tracer is confined.
"""

from collections.abc import Iterable, Iterator

from dockarmor.access.permission import PTRACE_NAMES
from dockarmor.lint.lint import Examined, Lint
from dockarmor.lint.peer_label import RUNTIMES, means
from dockarmor.policy.profile import Profile
from dockarmor.rules.ptrace import PtraceRule
from dockarmor.rules.spelling import spell, spell_listed
from dockarmor.rules.unix import UnixRule
from dockarmor.syntax.cursor import Word
from dockarmor.text.diagnostic import Diagnostic, Fix, Severity

_TRACER = PTRACE_NAMES["trace"] | PTRACE_NAMES["read"]
_ALL = "{unconfined,runc,crun}"


def _find(examined: Examined) -> Iterator[Diagnostic]:
    if examined.features.has("ptrace"):
        for profile, trace in examined.own_rules(PtraceRule):
            if _traces(trace) and (missing := examined.once(_untraced, profile)):
                yield from _said(trace.peer, missing, "cannot be traced or read", spell(_ALL))
    if examined.features.has("network_v9/af_unix") or examined.features.has("network/af_unix"):
        for profile, socket in examined.own_rules(UnixRule):
            if socket.qualifiers.effect != "deny" and (missing := examined.once(_unheard, profile)):
                yield from _said(socket.peer_label, missing, "cannot be talked to", spell_listed(_ALL))


def _traces(rule: PtraceRule) -> bool:
    return bool(rule.permissions & _TRACER) and rule.qualifiers.effect != "deny"


def _untraced(_: Examined, profile: Profile) -> tuple[str, ...]:
    """The runtimes that no rule traces."""
    rules = [one.rule for one in profile.rules if isinstance(one.rule, PtraceRule)]
    return _missing({one.peer for one in rules if _traces(one)}, profile)


def _unheard(_: Examined, profile: Profile) -> tuple[str, ...]:
    """The runtimes that no rule talks to."""
    rules = [one.rule for one in profile.rules if isinstance(one.rule, UnixRule)]
    return _missing({one.peer_label for one in rules if one.qualifiers.effect != "deny"}, profile)


def _missing(peers: Iterable[Word | None], profile: Profile) -> tuple[str, ...]:
    return tuple(label for label in RUNTIMES if not any(means(one, label, profile) for one in peers))


def _said(peer: Word | None, missing: tuple[str, ...], what: str, instead: str) -> Iterator[Diagnostic]:
    if peer is None or peer.text != "unconfined":
        return
    yield Diagnostic(
        "DA365",
        f"where {' and '.join(missing)} have profiles, `unconfined` does not match them: they {what}",
        peer.span,
        Severity.WARNING,
        label="this is the label of what has no profile at all",
        help=(f"write `{instead}`, with podman and others where they are meant",),
        fix=Fix(peer.span, instead, safe=False, message=f"write `{instead}`"),
    )


LINT = Lint("DA365", "named-but-unconfined-peer", _find, container=True)
