"""A kernel's refusal in words: what the number means for what was tried, and what to do about it.

Sources: security/apparmor/policy.c (aa_replace_profiles, aa_remove_profiles, aa_may_manage_policy),
policy_unpack.c, apparmorfs.c (aa_simple_write_to_buffer, query_label).
"""

import os
from errno import (
    E2BIG,
    EACCES,
    EBADMSG,
    EBUSY,
    EEXIST,
    EFAULT,
    EFBIG,
    EINVAL,
    EIO,
    ENAMETOOLONG,
    ENOENT,
    ENOMEM,
    ENOSPC,
    EPERM,
    EPROTO,
    EPROTONOSUPPORT,
    EROFS,
    ESPIPE,
)
from typing import Literal

from dockarmor.kernel.label_text import UNCONFINED
from dockarmor.value import frozen

Action = Literal["load", "remove", "query", "read"]

_LOG = 'the kernel log says more: look for apparmor="STATUS" with info='
_COMPILE = "compile it for this kernel: `load` does that with policy text, `build --features` for another one"

_ANY: dict[int, str] = {
    ENOMEM: "the kernel has no memory for it; free some, or load fewer profiles at once",
    ENOSPC: "there is no space left for it",
    EIO: "reading or writing failed below; look into the kernel log",
    EFAULT: "the kernel could not read what was handed to it; this is our mistake, please report it",
    EROFS: "securityfs is mounted read-only here; mount it anew with `mount -o remount,rw`",
    ENOENT: "there is no such file; is securityfs mounted, and is AppArmor on?",
    EBUSY: "policy is being changed by somebody else; try again",
}
_LOAD: dict[int, str] = {
    ENOENT: "a profile in it is the child of one that is not loaded; load its parent first, or together with it",
    EEXIST: "with `--add`: a profile of this name is loaded. Without it: a load that was refused before has left"
    " something behind (kernels from 6.17 on); unload any profile and try again; where none is loaded, reboot",
    EPROTO: f"its bytes are no policy that this kernel understands; {_COMPILE}. {_LOG}",
    EPROTONOSUPPORT: f"this kernel does not know the version of this binary policy; {_COMPILE}",
    EBADMSG: f"its bytes are damaged: a checksum does not fit; {_COMPILE}",
    EINVAL: f"the kernel finds its tables inconsistent; {_COMPILE}. {_LOG}",
    ESPIPE: "policy must be written at once and from the beginning; this is our mistake, please report it",
    E2BIG: "it is larger than the kernel takes; load fewer profiles at once",
    EFBIG: "it is larger than the kernel takes; load fewer profiles at once",
    ENAMETOOLONG: "the name of a profile in it is longer than the kernel takes (about 250 bytes); a profile that has"
    " only an attachment is named by it: give it a shorter name before that",
    ENOSPC: "the kernel has no room for another name of this profile; remove namespaces that nobody uses",
}
_REMOVE: dict[int, str] = {
    ENOENT: "no profile of this name is loaded; `status` lists those that are",
    EINVAL: "this is no name of a profile",
}
_QUERY: dict[int, str] = {
    ENOENT: "no such label is loaded",
    EINVAL: "this is no label, or no question that the kernel can answer",
    EFBIG: "the question is longer than the kernel takes (a page)",
}
_WORDS: dict[Action, dict[int, str]] = {"load": _LOAD, "remove": _REMOVE, "query": _QUERY, "read": {}}

#: the numbers by which a kernel says "you may not"
FORBIDDEN = (EACCES, EPERM)


def meaning(action: Action, number: int) -> str:
    """What this errno says of this action, with the number's own words where nothing better is known.

    >>> meaning("remove", ENOENT)
    'no profile of this name is loaded; `status` lists those that are'
    >>> meaning("load", 999)
    'Unknown error 999 (errno 999)'
    """
    known = _WORDS[action].get(number) or _ANY.get(number)
    return known or f"{os.strerror(number)} (errno {number})"


@frozen
class Standing:
    """What decides whether the caller may change policy (policy.c, aa_may_manage_policy). None: not known.

    `root`: effective user 0. `capable`: CAP_MAC_ADMIN is effective. `locked`: the one-way switch `lock_policy` is on.
    `label`: what confines the caller. `initial`: the caller is in the first user namespace.
    """

    root: bool
    capable: bool | None = None
    locked: bool | None = None
    label: str | None = None
    initial: bool | None = None


def forbidden(who: Standing) -> tuple[str, bool]:
    """Why policy may not be changed, and whether another user on this host could (else nobody can)."""
    if who.initial is False:
        return "this is a container (another user namespace); load policy on the host itself", True
    if not who.root:
        return "only root may do this; run it with sudo", True
    if who.capable is False:
        return "root here lacks the capability CAP_MAC_ADMIN; run it on the host, or with `--cap-add MAC_ADMIN`", True
    if who.locked:
        return "policy is locked (/sys/module/apparmor/parameters/lock_policy) until the next boot", False
    if who.label not in (None, UNCONFINED):
        return f"this process is confined by `{who.label}`, which must grant `capability mac_admin`", True
    why = "the profile may be immutable, belong to another namespace, or be for one whose name has a slash"
    return f"the kernel does not say why: {why}", False
