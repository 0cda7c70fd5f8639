"""What a kernel that mediates with AppArmor can be asked to do, whoever implements it.

`embedded` answers from the blob bytes in this process, `lab` drives a real kernel in a micro-VM, `host` drives
this machine's own. Names and semantics are those of /sys/kernel/security/apparmor (apparmorfs.c).
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from dockarmor.value import frozen


@frozen
class Permissions:
    """What the query file `.access` answers: four words of permission bits (access.permission.Perm)."""

    allow: int
    deny: int
    audit: int
    quiet: int


@frozen
class Query:
    """One `.access` question: a label, a mediation class byte, and the string to match after that byte."""

    label: str
    mediation: int
    match: bytes


@frozen
class LoadedProfile:
    """One line of the `profiles` file; `hash` is the kernel's digest of the profile where it is known.

    `attachment`: the pattern by which programs get it (its name where it has none), where the kernel says so.
    """

    name: str
    mode: str
    hash: str | None = None
    attachment: str | None = None


@frozen
class Process:
    """A task with a label: what aa-status lists."""

    pid: int
    label: str
    mode: str
    executable: str


class KernelError(Exception):
    """The kernel (or the way to it) refused. `errno` is the kernel's own number, 0 where there is none."""

    def __init__(self, message: str, errno: int = 0) -> None:
        super().__init__(message)
        self.errno = errno


class KernelUnavailable(KernelError):
    """This host cannot provide such a kernel; `message` says what is missing and what to do."""


class Kernel(Protocol):
    """A place where policy is loaded and enforced."""

    name: str

    def load(self, blob: bytes, *, replace: bool = True) -> None:
        """Load one or more profiles atomically (`.load` or `.replace`). Raises KernelError, nothing changed."""

    def remove(self, name: str) -> None:
        """Remove a profile and its children (`.remove`). Raises KernelError (ENOENT) when there is none."""

    def profiles(self) -> Sequence[LoadedProfile]:
        """The loaded profiles, children included."""

    def processes(self) -> Sequence[Process]:
        """Tasks that run under a profile."""

    def unconfined(self) -> Sequence[Process]:
        """Tasks that run a program and that nothing confines. Only the host has any worth telling of."""

    def blob_of(self, name: str) -> bytes | None:
        """The bytes that brought a profile, with what came with it; None where they are not to be had."""

    def features(self) -> Mapping[str, object]:
        """The features tree: nested mappings, leaves are file contents without the final newline."""

    def access(self, queries: Sequence[Query]) -> Sequence[Permissions]:
        """Answer a batch of `.access` queries in order. Raises KernelError (ENOENT: no such label)."""

    def events(self) -> Sequence[str]:
        """Audit records since the last call, oldest first, as `audit(SEC.MS:SEQ): body` text lines."""
