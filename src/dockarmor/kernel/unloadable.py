"""What no kernel may be given: kernels from 6.17 on refuse it and then take no other policy.

Sources: security/apparmor/policy.c (aa_replace_profiles), apparmorfs.c (mangle_name, __aafs_profile_mkdir).
"""

from collections.abc import Sequence

from dockarmor.kernel.label_text import ancestors, divided

#: the longest name of a file or folder (limits.h)
_NAME_MAX = 255


def is_too_long(name: str) -> bool:
    """Have the kernel's files no room for a profile of this full name?

    A profile's folder there has its own name, mangled, and a number of two bytes or more.

    >>> is_too_long("a" * 253), is_too_long("a" * 254), is_too_long("/" + "a" * 200 + "//" + "b" * 253)
    (False, True, False)
    """
    own = divided(name)[1].rpartition("//")[2].lstrip("/.")
    return sum(char.isascii() and (char.isalnum() or char in "/._- ") for char in own) > _NAME_MAX - 2


def orphans(names: Sequence[str]) -> dict[str, str]:
    """The children among these full names whose parents are not, each with its parent's name.

    They can be loaded only where their parents are loaded already.

    >>> orphans(["a", "a//b", "c//d"])
    {'c//d': 'c'}
    """
    own = set(names)
    parents = {name: next(ancestors(name), None) for name in names}
    return {name: parent for name, parent in parents.items() if parent and parent not in own}
