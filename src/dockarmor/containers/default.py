"""docker-default: the profile that Docker's engine generates, and the one its manual page prints.

Docker renders docker-default anew on every host and keeps no copy on disk, so nobody can read what confines
their containers. `today()` gives the rules of moby/profiles apparmor v0.2.1 (Docker 29.4.3 and newer) for
the inputs that the engine looks at. `page()` is the text of the manual page, as printed there.
"""

import os

from dockarmor.value import frozen

PAGE_NAME = "docker-default.page"
TODAY_NAME = "docker-default"


@frozen
class Host:
    """What the engine looks at before it writes the profile.

    `daemon`: the label that the daemon itself runs under, without mode. `abi`: the ABI file that it pins,
    where the host has it. `tunables`, `base`: whether tunables/global and abstractions/base exist.
    """

    daemon: str = "unconfined"
    abi: str | None = None
    tunables: bool = True
    base: bool = True


@frozen
class _Section:
    """Rules with the one reason they are there for."""

    reason: str
    rules: tuple[str, ...]


def page() -> str:
    """The profile printed on Docker's manual page about AppArmor (Docker 1.9, 2015), byte for byte."""
    from dockarmor import data

    with open(os.path.join(os.path.dirname(data.__file__), "profiles", PAGE_NAME), encoding="latin-1") as file:
        return file.read()


def today(host: Host | None = None, name: str = TODAY_NAME) -> str:
    """The text of today's docker-default for a host.

    >>> "deny network alg," in today()
    True
    >>> today(Host(tunables=False)).splitlines()[1]
    '@{PROC}=/proc/'
    """
    host = host or Host()
    lines = ["# docker-default as Docker 29.4.3 and newer load it (rules of moby/profiles apparmor v0.2.1)"]
    if host.abi:
        lines.append(f"abi <{host.abi}>,")
    lines.append("#include <tunables/global>" if host.tunables else "@{PROC}=/proc/")
    lines += ["", f"profile {_quoted(name)} flags=(attach_disconnected,mediate_deleted) {{"]
    if host.base:
        lines += ["  #include <abstractions/base>", ""]
    for section in _sections(name, host.daemon):
        lines.append(f"  # {section.reason}")
        lines += [f"  {rule}," for rule in section.rules]
        lines.append("")
    lines[-1] = "}"
    return "\n".join(lines) + "\n"


def _quoted(name: str) -> str:
    return f'"{name}"'


def _sections(name: str, daemon: str) -> tuple[_Section, ...]:
    own = _quoted(name)
    stoppers = ["unconfined", "runc", "crun"]
    if daemon not in stoppers:
        stoppers.append(_quoted(daemon))
    return (
        _Section(
            "all that is not denied below is allowed; seccomp and capabilities are other walls",
            ("network", "capability", "file", "umount"),
        ),
        _Section("the kernel's crypto sockets: CVE-2026-31431", ("deny network alg",)),
        _Section(
            "who may stop and kill a container: the host, its runtimes, its daemon; the container itself",
            (
                *(f"signal (receive) peer={peer}" for peer in stoppers),
                f"signal (send,receive) peer={own}",
            ),
        ),
        _Section("no file directly in /proc is written", ("deny @{PROC}/* w",)),
        _Section(
            "below /proc only process directories and sys; `bus` slips through, as upstream",
            ("deny @{PROC}/{[^1-9/],[^1-9/][^0-9/],[^1-9s/][^0-9y/][^0-9s/],[^1-9/][^0-9/][^0-9/][^0-9/]*}/** w",),
        ),
        _Section(
            "below /proc/sys only kernel/, and there not what the pattern excludes (meant: only shm*)",
            ("deny @{PROC}/sys/[^k]** w", "deny @{PROC}/sys/kernel/{?,??,[^s][^h][^m]**} w"),
        ),
        _Section(
            "the machine's panic button and its memory",
            ("deny @{PROC}/sysrq-trigger rwklx", "deny @{PROC}/kcore rwklx"),
        ),
        _Section("no mounts: path rules hold only while the tree stays as it is", ("deny mount",)),
        _Section(
            "below /sys only fs/cgroup is written",
            (
                "deny /sys/[^f]*/** wklx",
                "deny /sys/f[^s]*/** wklx",
                "deny /sys/fs/[^c]*/** wklx",
                "deny /sys/fs/c[^g]*/** wklx",
                "deny /sys/fs/cg[^r]*/** wklx",
            ),
        ),
        _Section(
            "firmware tables, power readings (PLATYPUS), the security modules themselves",
            (
                "deny /sys/firmware/** rwklx",
                "deny /sys/devices/virtual/powercap/** rwklx",
                "deny /sys/kernel/security/** rwklx",
            ),
        ),
        _Section(
            "processes of containers may look at each other",
            (f"ptrace (trace,tracedby,read,readby) peer={own}",),
        ),
    )
