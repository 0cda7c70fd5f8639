"""Is the policy of this kernel somebody else's, because we are in a container?

A container has its host's kernel, and with it the host's policy, unless its manager gave it a policy namespace of its
own, as LXD, Incus and LXC do (apparmorfs.c, .ns_stacked and .ns_name).
"""

import os

from dockarmor.kernel.host.files import read_line

#: how managers call the policy namespaces that they make for a whole system in a container
_OWN = ("lxd-", "incus-", "lxc-")
#: what managers leave in a container: its kind in a file, or a file that has a kind
_SAYING = ("run/systemd/container", "run/host/container-manager")
_TELLING = {".dockerenv": "docker", "run/.containerenv": "podman"}
#: has a kernel of its own, with its own policy
_MACHINE = "wsl"


def container(proc: str = "/proc") -> str | None:
    """The kind of container that this is, None where nothing says that it is one (systemd-detect-virt(1))."""
    root = f"{proc}/self/root"
    kinds = [read_line(f"{root}/{name}") for name in _SAYING]
    started = (read_line(f"{proc}/1/environ") or "").split("\0")
    kinds += [word.removeprefix("container=") for word in started if word.startswith("container=")]
    kinds += [kind for name, kind in _TELLING.items() if os.path.exists(f"{root}/{name}")]
    kind = next(filter(None, kinds), None)
    return None if kind == _MACHINE else kind


def has_own_policy(securityfs: str) -> bool:
    """Does what is loaded here go into a namespace that was made for this container?"""
    folder = f"{securityfs}/apparmor"
    return read_line(f"{folder}/.ns_stacked") == "yes" and (read_line(f"{folder}/.ns_name") or "").startswith(_OWN)
