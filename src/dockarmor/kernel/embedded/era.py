"""What differs between kernels beyond the features that they say they have."""

from dataclasses import dataclass, replace

from dockarmor.access.confinement import StatePermissions
from dockarmor.access.permission import Perm


@dataclass(frozen=True, slots=True)
class Era:
    """One generation of kernels.

    `classes`: audit records say `class=`. `policy_lock`: every state of the policy table grants LOCK, which
    no class of that table asks for, but which `.access` shows (policy_compat.c, compute_perms_entry).
    """

    classes: bool = True
    policy_lock: bool = True

    def permissions(self, found: StatePermissions) -> StatePermissions:
        """A state's permissions in the policy table as this kernel computes them."""
        return found if self.policy_lock else replace(found, allow=found.allow & ~Perm.LOCK)


#: Debian 12's kernel
LINUX_6_1 = Era(classes=False, policy_lock=False)
#: Debian 13's kernel and all newer ones tried
LINUX_6_12 = Era()
