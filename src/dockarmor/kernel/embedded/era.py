"""What differs between kernels beyond the features that they say they have."""

from dockarmor.access.confinement import StatePermissions
from dockarmor.access.permission import Perm
from dockarmor.compile.compiled import CompiledProfile, CompiledTable
from dockarmor.value import frozen, replace


@frozen
class Era:
    """One generation of kernels.

    `classes`: audit records say `class=`. `digest`: how loaded profiles are hashed (hashlib's name).
    `policy_lock`: every state of the policy table grants LOCK, which no class of that table asks for, but which
    `.access` shows (policy_compat.c, compute_perms_entry).
    `file_in_policy`: in a profile without file rules, where files are looked up in the policy table, its words
    are read as that table's and not as a file table's.
    `learns`: complain mode goes on where the profile that an exec leads to is not loaded.
    `names_missing`: a record of an exec whose named target is not loaded says which.
    """

    classes: bool = True
    digest: str = "sha256"
    policy_lock: bool = True
    file_in_policy: bool = True
    learns: bool = True
    names_missing: bool = True

    def permissions(self, found: StatePermissions) -> StatePermissions:
        """A state's permissions in the policy table as this kernel computes them."""
        return found if self.policy_lock else replace(found, allow=found.allow & ~Perm.LOCK)

    def file(self, profile: CompiledProfile) -> CompiledTable | None:
        """The table in which a file is looked up."""
        table = profile.file
        if table and table is not profile.file_table and not self.file_in_policy:
            return replace(table, use="file", _known={})
        return table


#: Debian 12's kernel
LINUX_6_1 = Era(
    classes=False,
    digest="sha1",
    policy_lock=False,
    file_in_policy=False,
    learns=False,
    names_missing=False,
)
#: Debian 13's kernel
LINUX_6_12 = Era(learns=False)
#: 6.17 and newer, as far as tried (7.2)
LINUX_6_17 = Era()
