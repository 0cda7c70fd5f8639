"""Does this host confine containers as it seems to? Each check is one question, and says what to do."""

from collections.abc import Callable, Iterator

from dockarmor.containers.boot import why_off
from dockarmor.containers.engine_checks import ENGINE_CHECKS
from dockarmor.containers.finding import Finding, ok, version
from dockarmor.containers.host_facts import HostFacts
from dockarmor.kernel.host.parser_conf import CONFIG
from dockarmor.kernel.label_text import mode_word

#: features that rules need which people take for granted, and what is not mediated without them
_FEATURES = (
    (("network_v8", "network_v9"), "network"),
    (("mount",), "mount"),
    (("signal",), "signal"),
    (("ptrace",), "ptrace"),
    (("network_v9", "network"), "unix"),
    (("io_uring",), "io_uring"),
)
#: CVE-2026-23268 and its company: in all kernels since, fixed in mainline with
_HOLE_SINCE, _HOLE_FIXED = (4, 11), (7, 0)

_ON_HOST = "run the doctor on the host itself, where /proc and /sys are mounted"
_OTHER_MACHINE = "neither WSL nor Docker Desktop has one: run the engine in a virtual machine of Debian or Ubuntu"
#: what only root may read of them, and what is asked here
_PARAMETERS = ("mode", "audit", "lock_policy")

Check = Callable[[HostFacts], Iterator[Finding]]


def examine(facts: HostFacts) -> list[Finding]:
    """All findings on a host, in the order in which one would look. Where AppArmor is off, the rest is not asked."""
    found = list(_support(facts))
    if all(one.verdict == "ok" for one in found):
        for check in (*HOST_CHECKS, *ENGINE_CHECKS):
            found += check(facts)
    return found


def _support(facts: HostFacts) -> Iterator[Finding]:
    here = facts.support
    if not facts.modules:
        what = "whether this kernel has AppArmor cannot be seen: sysfs is not there"
        yield Finding("unknown", what, _ON_HOST, "DA910")
    elif not here.module:
        machine = any(maker in facts.release for maker in ("microsoft", "linuxkit"))
        yield Finding(
            "problem",
            f"this kernel ({facts.release or 'unknown'}) has no AppArmor: every profile would be ignored",
            f"{_OTHER_MACHINE if machine else 'boot a kernel with AppArmor'}; for trying policy, `--kernel embedded`"
            " and `--kernel lab` need none",
            "DA910",
        )
    elif facts.lsm is not None and "apparmor" not in facts.lsm:
        why, do = why_off(facts.command_line, facts.lsm)
        what = f"AppArmor is not among the active security modules, {','.join(facts.lsm)}"
        yield Finding("problem", f"{what}: {why}" if why else what, do, "DA914")
    elif here.enabled is False and not here.available:
        why, do = why_off(facts.command_line, None)
        what = "AppArmor was switched off at boot"
        yield Finding("problem", f"{what}: {why}" if why else what, do, "DA911")
    else:
        yield from _reachable(facts)


def _reachable(facts: HostFacts) -> Iterator[Finding]:
    mount = facts.support.mount
    if mount is not None:
        yield ok(f"AppArmor is on, its policy is at {mount}/apparmor")
        if facts.lsm is not None:
            yield ok(f"security modules in their order: {','.join(facts.lsm)}")
    elif not facts.mounts:
        what = "whether AppArmor's policy can be reached cannot be seen: /proc/mounts is not there"
        yield Finding("unknown", what, _ON_HOST, "DA912")
    else:
        yield Finding(
            "problem",
            "no securityfs with AppArmor's policy is mounted: nobody can load any, and engines take AppArmor for"
            " absent",
            "`mount -t securityfs securityfs /sys/kernel/security`; in a container, look at the host instead",
            "DA912",
        )


def _policy(facts: HostFacts) -> Iterator[Finding]:
    if facts.profiles is None:
        yield Finding("unknown", "loaded profiles cannot be listed by this user", "run the doctor as root", "DA913")
        return
    modes = [mode_word(mode) for _, mode in facts.profiles]
    if not modes:
        yield Finding("warning", "no profile is loaded", "`dockarmor load /etc/apparmor.d`", "DA920")
        return
    counted = ", ".join(f"{modes.count(mode)} {mode}" for mode in sorted(set(modes)))
    yield ok(f"{len(modes)} {'profile is' if len(modes) == 1 else 'profiles are'} loaded: {counted}")
    loading = any(one.name == "dockerd" and one.root and not one.container for one in facts.daemons)
    if loading and "docker-default" not in dict(facts.profiles):
        yield Finding(
            "problem",
            "dockerd runs, but docker-default is not loaded",
            "restart dockerd, and look into its log for AppArmor; containers that run already stay unconfined",
            "DA921",
        )


def _pinned(facts: HostFacts) -> Iterator[Finding]:
    for one in facts.lost:
        yield Finding(
            "problem",
            f"{CONFIG} has {one}, which is not there: apparmor_parser loads nothing, neither at boot nor for engines",
            "install the package apparmor again, or take the line out",
            "DA925",
        )


def _parameters(facts: HostFacts) -> Iterator[Finding]:
    if unseen := [name for name in _PARAMETERS if facts.parameters.get(name, "") is None]:
        what = f"whether AppArmor as a whole is restrained cannot be seen: its parameters {', '.join(unseen)}"
        yield Finding("unknown", what, "run the doctor as root", "DA913")
    if facts.parameters.get("lock_policy") == "Y":
        yield Finding(
            "note", "policy is locked: no profile can be loaded or removed", "reboot to change policy", "DA915"
        )
    mode = facts.parameters.get("mode") or "enforce"
    if mode != "enforce":
        yield Finding(
            "problem",
            f"the whole of AppArmor runs in {mode} mode, whatever profiles say",
            "`echo enforce > /sys/module/apparmor/parameters/mode`",
            "DA916",
        )
    audit = facts.parameters.get("audit")
    if audit in ("quiet", "quiet_denied"):
        yield Finding(
            "warning",
            f"audit is `{audit}`: denials are not logged",
            "`echo normal > /sys/module/apparmor/parameters/audit`",
            "DA917",
        )


def _hole(facts: HostFacts) -> Iterator[Finding]:
    running = version(facts.release)
    if running is not None and running < _HOLE_SINCE:
        return
    if facts.fixed or (running is not None and running >= _HOLE_FIXED):
        yield ok(f"kernel {facts.release} has the fixes of 2026 to the policy interface (CVE-2026-23268)")
        return
    told = "its changelog does not name the fix" if facts.fixed is False else "no changelog says whether it is fixed"
    yield Finding(
        "warning" if facts.fixed is False else "unknown",
        f"kernel {facts.release or '(unknown)'} may let any user load and remove profiles (CVE-2026-23268): {told}",
        "install your vendor's newest kernel; `dockarmor status --against` tells whether profiles are the files'",
        "DA918",
    )


def _features(facts: HostFacts) -> Iterator[Finding]:
    if facts.features is None:
        yield Finding("unknown", "what this kernel mediates cannot be seen: its `features`", _ON_HOST, "DA919")
        return
    missing = [what for names, what in _FEATURES if not any(name in facts.features for name in names)]
    spaces = facts.features.get("namespaces")
    if not (isinstance(spaces, dict) and "userns_create" in str(spaces.get("mask", ""))):
        missing.append("userns")
    if missing:
        yield Finding(
            "note",
            f"this kernel does not mediate {', '.join(missing)}: such rules load, and decide nothing",
            "`dockarmor check --features` says which rules of a profile that concerns",
            "DA919",
        )
    else:
        yield ok("this kernel mediates every class of rules that containers need")
    mount = facts.features.get("mount")
    if isinstance(mount, dict) and "move_mount" not in mount:
        yield Finding(
            "warning",
            "mount rules do not hold against move_mount(2): this kernel does not ask AppArmor about that call",
            "boot a newer kernel (6.12 asks); until then keep CAP_SYS_ADMIN from what mount rules are to hold",
            "DA924",
        )


def _userns(facts: HostFacts) -> Iterator[Finding]:
    if facts.sysctls.get("apparmor_restrict_unprivileged_userns") == "1":
        yield Finding(
            "note",
            "unconfined programs may not make user namespaces (apparmor_restrict_unprivileged_userns = 1)",
            "rootless engines need a profile with `userns,`; a container with apparmor=unconfined loses what one with"
            " docker-default has",
            "DA922",
        )
    for name, who in (("unprivileged_userns_clone", "only root"), ("max_user_namespaces", "nobody")):
        if facts.sysctls.get(name) == "0":
            yield Finding(
                "note", f"{who} may make user namespaces ({name} = 0)", "rootless engines do not work here", "DA923"
            )


HOST_CHECKS: tuple[Check, ...] = (_policy, _pinned, _parameters, _hole, _features, _userns)
