"""How the kernel decides on sockets, and what it says of them in records.

From 6.17 on unix sockets are matched in full where the policy mediates class NET_V9; otherwise, like every
other socket, by family and type alone. Sources: security/apparmor/net.c, `aa_profile_af_perm`;
security/apparmor/af_unix.c.
"""

from collections.abc import Iterator

from dockarmor.access.confinement import Automaton, Confinement, StatePermissions
from dockarmor.access.decision import Decision, Match
from dockarmor.access.event import Event
from dockarmor.access.mediation import Mediation
from dockarmor.access.permission import NETWORK_NAMES, Perm
from dockarmor.access.request import UnixRequest
from dockarmor.rules.address_families import UNIX, UNIX_TYPES
from dockarmor.rules.kernel_check import ALLOWED, check, class_state, combine, components, mask_of, mask_pairs
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
#: a piece of a string that is looked up, and the kernel's remark where it leads nowhere
_Stage = tuple[bytes, str]


def decide_by_type(confinement: Confinement, family: int, type: int, protocol: int, request: int) -> Decision:
    """By family and type; by protocol, too, where the permissions say that more follows."""
    mediation = Mediation.NETWORK_V9
    table, state = class_state(confinement, mediation)
    if not state:
        mediation = Mediation.NETWORK_V8
        table, state = class_state(confinement, mediation)
    if table is None or not state:
        return ALLOWED
    string = _two_bytes(family)
    state = table.walk(state, string)
    info = None if state else "failed af match"
    string += _two_bytes(type)
    state = table.walk(state, string[2:])
    if not state and info is None:
        info = "failed type match"
    permissions = table.permissions(state)
    if permissions.allow & request != request and permissions.allow & Perm.CONT_MATCH:
        string += _two_bytes(protocol)
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
    if bound := _bound_file(request):
        return _decide_file(confinement, bound, request.permissions)
    parts = (_walk(table, state, stages, bits) for stages, bits in _strings(request, type) if bits)
    return combine(parts, request.permissions)


def _strings(request: UnixRequest, type: int) -> Iterator[tuple[tuple[_Stage, ...], int]]:
    """The strings that are looked up, and the permissions that each decides."""
    asked = request.permissions
    numbers = zip(("af", "type", "protocol"), (UNIX, type, request.protocol), strict=True)
    base = tuple((_two_bytes(number), f"failed {name} match") for name, number in numbers)
    address = (_address(request.address) + b"\0", "failed local address match")
    own = (*base, address, (b"\0", "failed local label match"))
    command = "failed cmd selection match"
    # accept(2) asks about the own address alone; whoever connects asks it of the peer, as a part of that
    pair = asked & PEER if asked & PEER & ~LOCAL else 0
    yield base, asked & CREATE
    yield own, asked & LOCAL & ~pair
    yield (*own, (b"\x02", command), (b"\0\0", "failed listen backlog match")), asked & LISTEN
    yield (*own, (b"\x04", command), (b"\0\0", "failed sockopt match")), asked & OPTIONS
    other = (_address(request.peer_address) + b"\0", "failed peer address match")
    for label in components(request.peer or "unconfined"):
        peer = (label.encode("latin-1", "replace"), "failed peer label match")
        yield (*own, (b"\x01", command), other, peer), pair


def _two_bytes(number: int) -> bytes:
    """A number as the kernel matches it; of a larger one it takes the lower half."""
    return (number & 0xFFFF).to_bytes(2, "big")


def _address(address: bytes | None) -> bytes:
    return _ANONYMOUS if address is None else address


def _bound_file(request: UnixRequest) -> bytes | None:
    """The path that decides: the peer's, where the peer is asked about and has one, else the own one."""
    about_peer = request.permissions & PEER & ~LOCAL
    for address in (request.peer_address if about_peer else None, request.address):
        if address is not None and not address.startswith(b"\0"):
            return address
    return None


def _walk(table: Automaton, state: int, stages: tuple[_Stage, ...], request: int) -> Decision:
    """The permissions at the end of a string; a stage that leads nowhere is what the record complains of."""
    string = bytes((Mediation.NETWORK_V9,)) + b"".join(part for part, _ in stages)
    match = Match("policy", string)
    for part, failure in stages:
        state = table.walk(state, part)
        if not state:
            return check(StatePermissions(), request, (match,), failure)
    return check(table.permissions(state), request, (match,))


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


def permissions_of(event: Event) -> int:
    """The permissions behind a record; those of old kernels say them by the operation alone."""
    found = mask_of(event.fields, NETWORK_NAMES)
    if found:
        return found
    name = "create" if event.operation == "socket_create" else event.operation
    return next((NETWORK_NAMES[word] for word, made in _OPERATIONS.items() if made == name), 0)


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
    if not address:  # none, or one that the kernel is to choose
        return key, Bare("none")
    if not address.startswith(b"\0"):
        return key, address
    name = address[1:]
    plain = all(0x21 <= byte <= 0x7E and byte != 0x22 for byte in name)
    return key, Bare(f'"@{name.decode("latin-1") if plain else name.hex().upper()}"')


def protocol_of(text: str) -> int:
    """The protocol behind a record's value; 0 for none.

    >>> protocol_of("6"), protocol_of("?")
    (6, 0)
    """
    return int(text) if text.isdecimal() and len(text) <= 10 else 0


def address_of(text: str | None) -> bytes | None:
    """The address behind a record's value; None for none."""
    if not text or text in ("none", "?"):
        return None
    data = text.encode("latin-1")
    return b"\0" + data[1:] if data.startswith(b"@") else data
