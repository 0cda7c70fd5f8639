"""How the kernel decides on sockets, and what it says of them in records.

From 6.17 on unix sockets are matched in full where the policy mediates class NET_V9; otherwise, like every
other socket, by family and type alone. Sources: security/apparmor/net.c, `aa_profile_af_perm`;
security/apparmor/af_unix.c.
"""

from dockarmor.access.confinement import Automaton, Confinement, StatePermissions
from dockarmor.access.decision import Decision, Match
from dockarmor.access.mediation import Mediation
from dockarmor.access.permission import NETWORK_NAMES, Perm
from dockarmor.access.request import UnixRequest
from dockarmor.rules.address_families import UNIX, UNIX_TYPES
from dockarmor.rules.kernel_check import ALLOWED, check, class_state, combine, components, mask_pairs
from dockarmor.rules.kind import Bare
from dockarmor.rules.socket_entry import CREATE, LISTEN, LOCAL, OPTIONS, PEER

#: Records name the system call; the first of these bits that was asked for tells it.
_OPERATIONS = {word: word for word in ("create", "bind", "connect", "listen", "accept", "setattr")} | {
    "send": "sendmsg",
    "receive": "recvmsg",
    "getattr": "getsockname",
    "getopt": "getsockopt",
    "setopt": "setsockopt",
    "shutdown": "socket_shutdown",
}
#: what is asked of the file that a unix socket is bound to (include/net.h, NET_FS_PERMS)
_FILE_BITS = (
    Perm.WRITE | Perm.READ | Perm.CREATE | Perm.DELETE | Perm.OPEN | Perm.RENAME | Perm.SETATTR | Perm.GETATTR
) | (Perm.CHMOD | Perm.CHOWN | Perm.CHGRP | Perm.LOCK | Perm.MPROT)
_ANONYMOUS = b"\x01"


def decide_by_type(confinement: Confinement, family: int, type: int, protocol: int, request: int) -> Decision:
    """By family and type; by protocol, too, where the permissions say that more follows."""
    mediation = Mediation.NETWORK_V9
    table, state = class_state(confinement, mediation)
    if not state:
        mediation = Mediation.NETWORK_V8
        table, state = class_state(confinement, mediation)
    if table is None or not state:
        return ALLOWED
    string = family.to_bytes(2, "big")
    state = table.walk(state, string)
    info = None if state else "failed af match"
    string += type.to_bytes(2, "big")
    state = table.walk(state, string[2:])
    if not state and info is None:
        info = "failed type match"
    permissions = table.permissions(state)
    if permissions.allow & request != request and permissions.allow & Perm.CONT_MATCH:
        string += protocol.to_bytes(2, "big")
        state = table.walk(state, string[4:])
        info = None if state else "failed protocol match"
        permissions = table.permissions(state)
    if mediation != Mediation.NETWORK_V9:
        info = None  # kernels that know only this class have no such remarks
    return check(permissions, request, (Match("policy", bytes((mediation,)) + string),), info)


def decide_unix(confinement: Confinement, request: UnixRequest) -> Decision:
    """Each part of the request by its own string: creation, the own address, its commands, the peer."""
    type = UNIX_TYPES[request.type]
    table, state = class_state(confinement, Mediation.NETWORK_V9)
    if table is None or not state:
        return decide_by_type(confinement, UNIX, type, request.protocol, request.permissions)
    base = UNIX.to_bytes(2, "big") + type.to_bytes(2, "big") + request.protocol.to_bytes(2, "big")
    asked = request.permissions
    if bound := _bound_file(request):
        return _decide_file(confinement, bound, asked)
    own = base + _address(request.address) + b"\0\0"
    parts = [
        _walk(table, state, base, asked & CREATE),
        _walk(table, state, own, asked & LOCAL),
        _walk(table, state, own + b"\x02\0\0", asked & LISTEN),
        _walk(table, state, own + b"\x04\0\0", asked & OPTIONS),
    ]
    peer = asked & PEER & ~LOCAL
    if peer:
        other = own + b"\x01" + _address(request.peer_address) + b"\0"
        for label in components(request.peer or "unconfined"):
            parts.append(_walk(table, state, other + label.encode("latin-1", "replace"), peer))
    return combine((decision for decision in parts if decision is not None), asked)


def _address(address: bytes | None) -> bytes:
    return _ANONYMOUS if address is None else address


def _bound_file(request: UnixRequest) -> bytes | None:
    """The path that decides: the peer's, where the peer is asked about and has one, else the own one."""
    about_peer = request.permissions & PEER & ~LOCAL
    for address in (request.peer_address if about_peer else None, request.address):
        if address is not None and not address.startswith(b"\0"):
            return address
    return None


_INFO = (
    *("failed af match", "failed type match", "failed protocol match"),
    *("failed local address match", "failed local label match", "failed cmd selection match"),
)


def _walk(table: Automaton, start: int, string: bytes, request: int) -> Decision | None:
    """The permissions at the end of a string; a part that leads nowhere is what the record complains of."""
    if not request:
        return None
    state = table.walk(start, string)
    info = None if state else _remark(table, start, string)
    match = Match("policy", bytes((Mediation.NETWORK_V9,)) + string)
    return check(table.permissions(state) if state else StatePermissions(), request, (match,), info)


def _remark(table: Automaton, start: int, string: bytes) -> str:
    for end, info in zip((2, 4, 6), _INFO, strict=False):
        if not table.walk(start, string[:end]):
            return info
    command = {b"\x01": "failed peer label match", b"\x02": "failed listen backlog match"}
    command[b"\x04"] = "failed sockopt match"
    return command.get(string[-3:-2], "failed local address match")


def _decide_file(confinement: Confinement, path: bytes, request: int) -> Decision:
    """A socket bound to a file is the file's business: `unix_fs_perm`."""
    request &= _FILE_BITS
    _, mediated = class_state(confinement, Mediation.FILE)
    table = confinement.file
    if not request or (table is None and not mediated):
        return ALLOWED
    permissions = StatePermissions()
    if table is not None:
        permissions = table.permissions(table.walk(table.start(), path))
    return check(permissions, request, (Match("file", path),))


# -- records ----------------------------------------------------------------------------------------------


def operation(permissions: int) -> str:
    """The operation that a record names for these permissions.

    >>> operation(0x40 | 0x2)
    'connect'
    """
    return next((name for word, name in _OPERATIONS.items() if permissions & NETWORK_NAMES[word]), "file_perm")


def socket_pairs(
    decision: Decision, family: str, type: str, protocol: int
) -> tuple[tuple[str, str | bytes | int | Bare], ...]:
    """What every record about a socket says."""
    return (
        ("family", family),
        ("sock_type", type),
        ("protocol", protocol),
        *mask_pairs(decision, NETWORK_NAMES),
    )


def address_pair(key: str, address: bytes | None) -> tuple[str, bytes | Bare]:
    """A unix address as a record shows it: `none`, a path, or `@` and the abstract name.

    >>> address_pair("addr", b"\\0name"), address_pair("addr", None)
    (('addr', Bare(text='"@name"')), ('addr', Bare(text='none')))
    """
    if address is None:
        return key, Bare("none")
    if not address.startswith(b"\0"):
        return key, address
    name = address[1:]
    plain = all(0x21 <= byte <= 0x7E and byte != 0x22 for byte in name)
    return key, Bare(f'"@{name.decode("latin-1") if plain else name.hex().upper()}"')


def address_of(text: str | None) -> bytes | None:
    """The address behind a record's value; None for none."""
    if not text or text in ("none", "?"):
        return None
    data = text.encode("latin-1")
    return b"\0" + data[1:] if data.startswith(b"@") else data
