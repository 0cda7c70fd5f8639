"""Every rule kind. A new kind is its own file and a line here."""

from dockarmor.rules import (
    all_rule,
    capability,
    change_profile,
    file,
    link,
    mount,
    network,
    pivot_root,
    ptrace,
    rlimit,
    signal,
    umount,
    unix,
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
    all_rule.KIND,
)
