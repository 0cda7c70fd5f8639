"""Answers: what was decided about a request, what of it the kernel would log, and which matches led there."""

from dockarmor.access.confinement import TableName
from dockarmor.value import field, frozen


@frozen
class Match:
    """One string that was looked up in one table: asking why means asking which rules match it.

    `string` includes the class byte in the policy table. For the capability table it is the capability's name.
    `owner`: which half of the file permissions was used.
    """

    table: TableName
    string: bytes
    owner: bool = True


@frozen
class Decision:
    """The kernel's answer to a request.

    `requested` and `denied` are access.permission bits (capabilities: 1). `record` is the kind of audit record
    that is written (DENIED, ALLOWED, AUDIT, KILLED) or None where the kernel stays silent. `errno` is what the
    system call returns (positive, 0 when it goes on). `info` is the kernel's own remark. `target` is the label
    an exec or change_profile leads to.
    """

    allowed: bool
    requested: int = 0
    denied: int = 0
    record: str | None = None
    errno: int = 0
    info: str | None = None
    target: str | None = None
    matches: tuple[Match, ...] = field(default=(), compare=False)
