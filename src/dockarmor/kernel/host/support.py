"""Is AppArmor here, is it on, and can its policy be reached? Three answers that come from three places.

Sources: libapparmor kernel.c (aa_is_enabled, aa_find_mountpoint), security/apparmor/lsm.c (the parameters).
"""

import os
from errno import ENOENT

from dockarmor.kernel.host.files import read_text
from dockarmor.value import frozen

SECURITYFS = "/sys/kernel/security"


@frozen
class Support:
    """What this host says of its AppArmor.

    `module`: the kernel has AppArmor. `enabled`, `available`: its parameters of these names, None where they cannot
    be read; `trouble` is then the errno of `enabled`. `available` without `enabled`: another security module holds
    the interfaces that are shared. `mount`: where the securityfs is mounted that has an `apparmor` folder.
    """

    module: bool
    enabled: bool | None
    available: bool | None
    trouble: int
    mount: str | None


def support(proc: str = "/proc", sysfs: str = "/sys") -> Support:
    """Look at this host."""
    module = f"{sysfs}/module/apparmor"
    enabled, trouble = _parameter(f"{module}/parameters/enabled")
    available, _ = _parameter(f"{module}/parameters/available")
    return Support(os.path.isdir(module), enabled, available, trouble, securityfs(proc))


def missing(found: Support) -> str:
    """Why there is no policy to be reached here, and what to do.

    >>> missing(Support(False, None, None, 2, None))[:40]
    'this kernel runs without AppArmor: it is'
    """
    if not found.module:
        return (
            "this kernel runs without AppArmor: it is not built in, or another module is chosen; boot with"
            " `lsm=…,apparmor`, or use --kernel lab or --kernel embedded"
        )
    if found.enabled is False and not found.available:
        return "AppArmor was switched off when this kernel was booted; `dockarmor doctor` says by what"
    return "securityfs is not mounted; `mount -t securityfs securityfs /sys/kernel/security` mounts it, as root"


def securityfs(proc: str = "/proc") -> str | None:
    """Where a securityfs with an `apparmor` folder is mounted; None where there is none."""
    try:
        mounts = read_text(f"{proc}/mounts")
    except OSError:
        return None
    for line in mounts.split("\n"):
        words = line.split(" ")
        if len(words) > 2 and words[2] == "securityfs" and os.path.isdir(_plain(words[1]) + "/apparmor"):
            return _plain(words[1])
    return None


def _plain(word: str) -> str:
    """A word of a mount table: blanks, tabs, newlines and backslashes stand in it as octal numbers.

    >>> _plain("/mnt/a\\\\040b")
    '/mnt/a b'
    """
    for octal, char in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        word = word.replace(octal, char)
    return os.fsdecode(word.encode("latin-1"))


def _parameter(path: str) -> tuple[bool | None, int]:
    """A yes or no of the module, and the errno where it cannot be read."""
    try:
        return read_text(path, 2).startswith("Y"), 0
    except OSError as error:
        return None, error.errno or ENOENT
