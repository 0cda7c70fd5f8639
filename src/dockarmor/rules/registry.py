"""Every rule kind. A new kind is its own file and a line here."""

from typing import Any

from dockarmor.rules import (
    all_rule,
    capability,
    change_profile,
    dbus,
    file,
    io_uring,
    link,
    mount,
    mqueue,
    network,
    pivot_root,
    ptrace,
    rlimit,
    signal,
    umount,
    unix,
    userns,
)
from dockarmor.rules.kind import Kind

ALL: tuple[Kind, ...] = (
    file.KIND,
    link.KIND,
    change_profile.KIND,
    capability.KIND,
    rlimit.KIND,
    network.KIND,
    unix.KIND,
    mount.KIND,
    umount.KIND,
    pivot_root.KIND,
    signal.KIND,
    ptrace.KIND,
    dbus.KIND,
    userns.KIND,
    io_uring.KIND,
    mqueue.KIND,
    all_rule.KIND,
)

#: the kind that decides a request, by the request's type
BY_REQUEST = {request: kind for kind in ALL for request in kind.requests}

#: the kind that writes a rule, by the rule's type
BY_RULE = {rule: kind for kind in ALL for rule in kind.rules}


def write(rule: Any) -> str:
    """A rule of any kind in canonical style."""
    return BY_RULE[type(rule)].write(rule)
