"""Audit records as the kernel writes them (security/apparmor/audit.c, security/lsm_audit.c)."""

from dockarmor.access.request import Request
from dockarmor.rules.kind import Bare, RecordPairs
from dockarmor.value import frozen, replace

#: keys whose values the kernel prints between quotes as they are; all other text goes through `untrusted`
_CONSTANT = frozenset(("requested_mask", "denied_mask", "requested", "denied", "family", "sock_type", "flags"))


@frozen
class Task:
    """Who asks: what the records say of the task. `ouid`: who owns a file that is not the task's own.

    `no_new_privs`: the task has set this (prctl(2)) in the label that it still has.
    """

    pid: int = 1
    comm: bytes = b""
    fsuid: int = 0
    ouid: int = 65534
    no_new_privs: bool = False


@frozen
class Stamp:
    """`audit(SECONDS.MILLISECONDS:SERIAL)`"""

    seconds: int
    milliseconds: int
    serial: int

    def __str__(self) -> str:
        return f"audit({self.seconds}.{self.milliseconds:03}:{self.serial})"


def untrusted(value: bytes) -> str:
    """Text that a task or a profile chose: quoted, or in hex where quotes would not do.

    Source: kernel/audit.c, audit_log_n_untrustedstring.

    >>> untrusted(b"/tmp/x"), untrusted(b"/tmp/a b")
    ('"/tmp/x"', '2F746D702F612062')
    """
    if any(byte == 0x22 or byte < 0x21 or byte > 0x7E for byte in value):
        return value.hex().upper()
    return f'"{value.decode("ascii")}"'


def body(
    kind: str,
    profile: str,
    pairs: RecordPairs,
    task: Task,
    *,
    info: str | None = None,
    error: int = 0,
    classes: bool = True,
) -> str:
    """A record without its stamp, in the kernel's order. `error` is positive.

    `profile` is as the kernel lists it; the namespace in it becomes a pair of its own. `classes` is off for
    kernels before 6.2, which print no class.
    """
    namespace, hname = split_namespace(profile)
    words = [f'apparmor="{kind}"', f'operation="{pairs.operation}"']
    if classes and pairs.mediation:
        words.append(f'class="{pairs.mediation}"')
    if info is not None:
        words.append(f'info="{info}"')
        if error:
            words.append(f"error={-error}")
    if namespace:
        words.append(f"namespace={untrusted(namespace.encode('latin-1'))}")
    words.append(f"profile={untrusted(hname.encode('latin-1'))}")
    if pairs.name is not None:
        words.append(f"name={untrusted(pairs.name)}")
    words.append(f"pid={task.pid}")
    words.append(f"comm={untrusted(task.comm[:15])}")
    words += [f"{key}={_value(key, value)}" for key, value in pairs.pairs]
    return " ".join(words)


def _value(key: str, value: str | bytes | int | Bare) -> str:
    match value:
        case Bare(text):
            return text
        case int():
            return str(value)
        case bytes():
            return untrusted(value)
        case str() if key in _CONSTANT:
            return f'"{value}"'
    return untrusted(value.encode("latin-1"))


def split_namespace(name: str) -> tuple[str, str]:
    """The namespace of a profile's name and the name in it.

    >>> split_namespace(":ns:p//q"), split_namespace("p")
    (('ns', 'p//q'), ('', 'p'))
    """
    if name.startswith(":"):
        namespace, colon, rest = name[1:].partition(":")
        if colon:
            return namespace, rest.removeprefix("//")
    return "", name


def of_task(pairs: RecordPairs, request: Request, task: Task) -> RecordPairs:
    """The pairs with what only the task knows: whose the file is and whose the process."""
    own = getattr(request, "owner", True)
    users: dict[str, str | bytes | int | Bare] = {
        "fsuid": task.fsuid,
        "ouid": task.fsuid if own else task.ouid,
    }
    return replace(pairs, pairs=tuple((key, users.get(key, value)) for key, value in pairs.pairs))
