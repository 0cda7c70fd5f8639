"""Where engines silently leave AppArmor out, and which versions do wrong.

Sources: moby daemon/oci_linux.go, containerd pkg/apparmor/apparmor_linux.go (what they take for a host without
AppArmor), and the issues that are named.
"""

from collections.abc import Callable, Iterator

from dockarmor.containers.finding import Finding, has_fix, ok, version
from dockarmor.containers.host_facts import PARSER, HostFacts
from dockarmor.kernel.host.support import SECURITYFS
from dockarmor.value import frozen


@frozen
class Flaw:
    """What versions before these do wrong. `component` is one of the engine's own names."""

    code: str
    component: str
    fixes: tuple[tuple[int, ...], ...]
    what: str
    source: str
    serious: bool = True


FLAWS = (
    Flaw(
        "DA933",
        "Engine",
        ((29, 4, 0),),
        "drops `apparmor=` of a privileged container when that is started again: it runs unconfined",
        "moby#38075",
    ),
    Flaw(
        "DA934",
        "Engine",
        ((29, 4, 3),),
        "keeps the docker-default that is loaded: after an upgrade the old one stays until the next boot",
        "moby#37353",
        serious=False,
    ),
    Flaw(
        "DA935",
        "Engine",
        ((23, 0, 12), (25, 0, 6), (26, 1, 3)),
        "has no rule for signals from runc: where runc has a profile, `docker stop` takes ten seconds and kills",
        "moby#47749",
        serious=False,
    ),
    Flaw(
        "DA936",
        "runc",
        ((1, 2, 8), (1, 3, 3)),
        "can be made to write the label to another file, so that a container starts unconfined",
        "CVE-2025-52881",
    ),
    Flaw(
        "DA937",
        "Engine",
        ((29, 4, 3),),
        "does not deny AF_ALG sockets in docker-default",
        "CVE-2026-31431",
        serious=False,
    ),
)

_AS_ROOT = "run the doctor as root"
_IGNORES = "it ignores `--security-opt apparmor=…` and loads no profile"
#: nerdctl puts rootless containers under nerdctl-default where root has loaded that (nerdctl pkg/apparmorutil)
_ROOTLESS = {
    "containerd": "it loads no profile, and its containers have none but what root loaded before for nerdctl"
}


def _place(facts: HostFacts) -> Iterator[Finding]:
    if facts.elsewhere:
        yield Finding(
            "problem",
            f"policy is at {facts.elsewhere}; engines look at {SECURITYFS} only, and take AppArmor for absent",
            f"`mount -t securityfs securityfs {SECURITYFS}`, and restart the engine",
            "DA912",
        )


def _parser(facts: HostFacts) -> Iterator[Finding]:
    """Podman and CRI-O search the parser, too, and at all its places; Docker and containerd look for one file."""
    if facts.parser:
        yield ok(f"{facts.parser} is there, by which engines know that the host has AppArmor")
        return
    asked = facts.engine is not None and not facts.engine.is_podman
    if asked or any(one.name != "podman" for one in facts.daemons):
        other = f"link it there from {facts.parser_elsewhere}" if facts.parser_elsewhere else "install it"
        yield Finding(
            "problem",
            f"/{PARSER} is missing: Docker and containerd then ignore `--security-opt apparmor=…` without a word",
            f"{other} (package apparmor), and restart the engine",
            "DA930",
        )
    else:
        yield Finding(
            "note",
            f"/{PARSER} is missing: Docker and containerd would take this host for one without AppArmor",
            "install the package apparmor before the engine",
            "DA930",
        )


def _daemons(facts: HostFacts) -> Iterator[Finding]:
    for daemon in facts.daemons:
        who = f"{daemon.name} ({daemon.pid})"
        obeys = daemon.name != "podman"
        if daemon.container and obeys:
            yield Finding(
                "problem",
                f"{who} has the variable `container` in its environment, and so takes AppArmor for absent",
                "remove it from the engine's unit, and restart the engine",
                "DA931",
            )
        elif daemon.root is False:
            yield Finding(
                "problem",
                f"{who} runs rootless: {_ROOTLESS.get(daemon.name, _IGNORES)}",
                "confine the whole engine with a profile of the host, or run it as root",
                "DA932",
            )
        elif daemon.root is None:
            yield Finding("unknown", f"{who} may run rootless, and then ignore profiles", _AS_ROOT, "DA932")
        elif daemon.container is None and obeys:
            yield Finding(
                "unknown", f"the environment of {who} cannot be seen: `container` may be set", _AS_ROOT, "DA931"
            )


def _engine(facts: HostFacts) -> Iterator[Finding]:
    if facts.trouble:
        yield Finding("unknown", f"the engine cannot be asked: {facts.trouble}", "run the doctor as root", "DA939")
    if facts.engine is None:
        return
    if facts.engine.uses_apparmor:
        yield ok(f"the engine ({facts.engine.version}) uses AppArmor")
    else:
        yield Finding(
            "problem",
            f"the engine ({facts.engine.version}) does not use AppArmor, although the kernel has it",
            "look at the findings beside this one, and restart the engine; `docker info` must say `apparmor`",
            "DA938",
        )


def _flaws(facts: HostFacts) -> Iterator[Finding]:
    if facts.engine is None:
        return
    for flaw in FLAWS:
        text = facts.engine.component(flaw.component)
        running = version(text)
        if running is not None and not has_fix(running, flaw.fixes):
            wanted = ", ".join(".".join(map(str, fix)) for fix in flaw.fixes)
            yield Finding(
                "problem" if flaw.serious else "warning",
                f"{flaw.component.lower()} {text} {flaw.what} ({flaw.source})",
                f"upgrade it; mended in {wanted} and later, and perhaps in an update of your distribution",
                flaw.code,
            )


ENGINE_CHECKS: tuple[Callable[[HostFacts], Iterator[Finding]], ...] = (_place, _parser, _daemons, _engine, _flaws)
