"""What a confined task can ask, one frozen type per kind; `grammar` reads and writes them as one line.

Permissions are words of access.permission bits. Objects are bytes where the kernel matches bytes (paths,
addresses) and text where it matches labels and names.
"""

from dockarmor.value import frozen


@frozen
class FileRequest:
    """`file w /proc/sysrq-trigger`: access to a path. `owner`: the task's fsuid owns the inode."""

    permissions: int
    path: bytes
    owner: bool = True


@frozen
class LinkRequest:
    """`link /new -> /existing`: a hard link."""

    link: bytes
    target: bytes
    owner: bool = True


@frozen
class ExecRequest:
    """`exec /bin/sh`: run a program; the decision also says under which label it would run."""

    path: bytes
    owner: bool = True


@frozen
class CapabilityRequest:
    """`capability sys_admin`."""

    name: str


@frozen
class NetworkRequest:
    """`network create inet stream`: family and type by the language's words; protocol as a number."""

    permissions: int
    family: str
    type: str
    protocol: int = 0


@frozen
class UnixRequest:
    """`unix connect stream addr=@x peer=y`: an AF_UNIX socket.

    Addresses: None for anonymous, bytes beginning with NUL for abstract ones.
    """

    permissions: int
    type: str
    protocol: int = 0
    address: bytes | None = None
    peer_address: bytes | None = None
    peer: str | None = None


@frozen
class MountRequest:
    """`mount fstype=proc options=ro proc -> /mnt`: flags are the MS_* word of mount(2)."""

    mountpoint: bytes
    source: bytes = b""
    fstype: bytes = b""
    flags: int = 0


@frozen
class UmountRequest:
    """`umount /mnt`."""

    mountpoint: bytes


@frozen
class PivotRootRequest:
    """`pivot_root oldroot=/old /new`."""

    new_root: bytes
    put_old: bytes


@frozen
class SignalRequest:
    """`signal send kill peer=unconfined`: permissions is send or receive; signal by name (`exists` is 0)."""

    permissions: int
    signal: str
    peer: str


@frozen
class PtraceRequest:
    """`ptrace read peer=docker-default`: one of read, trace, readby, tracedby."""

    permissions: int
    peer: str


@frozen
class ChangeProfileRequest:
    """`change_profile other`; with `onexec` the change waits for the next exec of that path."""

    target: str
    onexec: bytes | None = None


@frozen
class UsernsRequest:
    """`userns create`."""


@frozen
class DbusRequest:
    """`dbus send bus=system name=… path=… interface=… member=… peer=…`: asked by the bus daemon."""

    permissions: int
    bus: str
    name: str = ""
    path: str = ""
    interface: str = ""
    member: str = ""
    peer: str = ""


@frozen
class IoUringRequest:
    """`io_uring sqpoll` or `io_uring override_creds label=x`."""

    permissions: int
    label: str | None = None


Request = (
    FileRequest
    | LinkRequest
    | ExecRequest
    | CapabilityRequest
    | NetworkRequest
    | UnixRequest
    | MountRequest
    | UmountRequest
    | PivotRootRequest
    | SignalRequest
    | PtraceRequest
    | ChangeProfileRequest
    | UsernsRequest
    | DbusRequest
    | IoUringRequest
)
