"""A request as one line of text: `file w /proc/sysrq-trigger`. The same line in every verb, suite and answer.

    request = class rest        (each class has its own rest, see its parse function)

What the permissions of a file request ask is what the kernel asks for a system call. `w` is WRITE (0x2): what
opening an existing file for writing asks. Creating one asks `c` (CREATE), and `wc` when it is opened as it is
created; truncating asks `w,setattr`; renaming asks `rwd,setattr,getattr` of the old name and `wc,setattr` of
the new one (security/apparmor/lsm.c). A rule's `w` grants all of these, a rule's `a` only APPEND.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from dockarmor.access.grammar import mount, network, path, peer
from dockarmor.access.grammar.reader import Reader
from dockarmor.access.request import (
    CapabilityRequest,
    ChangeProfileRequest,
    DbusRequest,
    ExecRequest,
    FileRequest,
    IoUringRequest,
    LinkRequest,
    MountRequest,
    NetworkRequest,
    PivotRootRequest,
    PtraceRequest,
    Request,
    SignalRequest,
    UmountRequest,
    UnixRequest,
    UsernsRequest,
)
from dockarmor.value import frozen


@frozen
class _Form:
    """One class of requests: how it is read and written, and an example for who got it wrong."""

    request: type
    parse: Callable[[Reader], Any]
    write: Callable[[Any], str]
    example: str


_FORMS = {
    "file": _Form(FileRequest, path.parse_file, path.write_file, "file w /proc/sysrq-trigger"),
    "link": _Form(LinkRequest, path.parse_link, path.write_link, "link /tmp/new -> /etc/passwd"),
    "exec": _Form(ExecRequest, path.parse_exec, path.write_exec, "exec /bin/sh"),
    "capability": _Form(CapabilityRequest, peer.parse_capability, peer.write_capability, "capability sys_admin"),
    "network": _Form(NetworkRequest, network.parse_network, network.write_network, "network inet stream"),
    "unix": _Form(UnixRequest, network.parse_unix, network.write_unix, "unix connect stream peer_addr=@x"),
    "mount": _Form(MountRequest, mount.parse_mount, mount.write_mount, "mount fstype=proc proc -> /mnt"),
    "umount": _Form(UmountRequest, mount.parse_umount, mount.write_umount, "umount /mnt"),
    "pivot_root": _Form(
        PivotRootRequest, mount.parse_pivot_root, mount.write_pivot_root, "pivot_root oldroot=/new/old /new"
    ),
    "signal": _Form(SignalRequest, peer.parse_signal, peer.write_signal, "signal send kill peer=unconfined"),
    "ptrace": _Form(PtraceRequest, peer.parse_ptrace, peer.write_ptrace, "ptrace read peer=docker-default"),
    "change_profile": _Form(
        ChangeProfileRequest, path.parse_change_profile, path.write_change_profile, "change_profile other"
    ),
    "userns": _Form(UsernsRequest, peer.parse_userns, peer.write_userns, "userns create"),
    "dbus": _Form(
        DbusRequest, peer.parse_dbus, peer.write_dbus, "dbus send bus=system name=org.freedesktop.systemd1"
    ),
    "io_uring": _Form(IoUringRequest, peer.parse_io_uring, peer.write_io_uring, "io_uring sqpoll"),
}
_SHORTHANDS = {
    verb: _Form(FileRequest, partial(path.parse_shorthand, verb=verb), path.write_file, f"{verb} /etc/passwd")
    for verb in path.SHORTHANDS
}
_WRITERS = {form.request: form.write for form in _FORMS.values()}


def parse_request(text: str) -> Request:
    """Read a request line. `text` is latin-1, one character per byte.

    Raises DiagnosticError (DA7xx) with the place inside the line.

    >>> parse_request("signal send kill peer=docker-default")
    SignalRequest(permissions=2, signal='kill', peer='docker-default')
    >>> parse_request("write /proc/sysrq-trigger")
    FileRequest(permissions=2, path=b'/proc/sysrq-trigger', owner=True)
    """
    reader = Reader(text)
    reader.example = _FORMS["file"].example
    verb = reader.word("the class of the request")
    forms = _FORMS | _SHORTHANDS
    if verb.raw not in forms or verb.quoted:
        reader.unknown("DA702", "class of requests", verb.raw, forms, verb.span)
    form = forms[verb.raw]
    reader.example = form.example
    request: Request = form.parse(reader)
    reader.finish()
    return request


def format_request(request: Request) -> str:
    """The line of a request, which `parse_request` reads back as the same value.

    >>> format_request(FileRequest(0x6, b"/tmp/a b", owner=False))
    'file rw "/tmp/a b" other'
    """
    return _WRITERS[type(request)](request)
