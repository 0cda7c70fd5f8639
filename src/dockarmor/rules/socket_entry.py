"""Entries about sockets: the beginning of their patterns, and how unix sockets are spelled in full.

    network = class family type                                             (each number in two bytes)
    unix    = class 00 01 type protocol [ address NUL label NUL [ command ] ]
    command = 02 backlog | 04 option | 01 peer-address NUL peer-label

Sources: security/apparmor/net.c, `aa_match_to_prot`; security/apparmor/af_unix.c, `match_to_peer`.
"""

from collections.abc import Iterator

from dockarmor.access.permission import NETWORK_NAMES
from dockarmor.rules.aare import ANY
from dockarmor.rules.address_families import UNIX
from dockarmor.rules.kind import Entry, Qualifiers, Scope
from dockarmor.rules.policy_entry import entry
from dockarmor.value import frozen

EVERY = sum(NETWORK_NAMES.values())
_BIT = NETWORK_NAMES
BIND, CREATE, LISTEN = _BIT["bind"], _BIT["create"], _BIT["listen"]
OPTIONS = _BIT["setopt"] | _BIT["getopt"]
#: what an address of its own decides
LOCAL = _BIT["bind"] | _BIT["accept"] | _BIT["shutdown"] | _BIT["getattr"] | _BIT["setattr"]
#: what is asked about the other end, too
PEER = _BIT["send"] | _BIT["receive"] | _BIT["connect"] | _BIT["accept"]
#: what cannot be said about the other end
LOCAL_ONLY = EVERY & ~PEER

_SEND, _RECEIVE = _BIT["send"], _BIT["receive"]
WORDS = NETWORK_NAMES | {"write": _SEND, "w": _SEND, "read": _RECEIVE, "r": _RECEIVE}
WORDS |= {"rw": _SEND | _RECEIVE, "wr": _SEND | _RECEIVE}


def local_words(bits: int) -> str:
    """The permissions that cannot be said about a peer, as words.

    >>> local_words(CREATE | LISTEN | PEER)
    '`create`, `listen`'
    """
    return ", ".join(f"`{name}`" for name, bit in NETWORK_NAMES.items() if bits & LOCAL_ONLY & bit)


def net_class(scope: Scope) -> bytes | None:
    """The class byte of socket rules for these features, None where no policy table can hold them."""
    for feature, byte in (("network_v9", rb"\x0f"), ("network_v8", rb"\x0e")):
        if scope.has(feature):
            return byte
    return None


def unix_class(scope: Scope) -> bytes | None:
    """The class byte of full unix rules, None where the features have only families and types."""
    if scope.has("network_v9/af_unix") or scope.has("network/af_unix"):
        return net_class(scope) or rb"\x04"
    return None


def number(value: int) -> bytes:
    return b"\\x%02x\\x%02x" % (value >> 8, value & 0xFF)


def socket_pattern(byte: bytes, family: int, type: int | None) -> bytes:
    """Class, family and type; None: any type."""
    return byte + number(family) + (b".." if type is None else number(type))


@frozen
class UnixPattern:
    """The patterns of a unix rule's parts; `address` None: any, the empty one included.

    `bound`: the address is one that bind(2) gets as it stands, not one that the kernel chooses.
    """

    type: int | None = None
    address: bytes | None = None
    bound: bool = False
    peer_address: bytes | None = None
    peer_label: bytes | None = None

    @property
    def about_peer(self) -> bool:
        return self.peer_address is not None or self.peer_label is not None


def unix_entries(qualifiers: Qualifiers, byte: bytes, bits: int, pattern: UnixPattern) -> Iterator[Entry]:
    """A unix rule in full.

    With a condition on the peer only what is asked about the peer is meant, and to bind an address that the kernel is
    to choose, the empty one (docs/decisions/0012-lab-classes.md).
    """
    base = socket_pattern(byte, UNIX, pattern.type) + b".."
    if bits & BIND and not pattern.bound:
        yield entry(qualifiers, base + rb"\x00" + ANY + rb"\x00", BIND)
    if pattern.about_peer:
        bits &= PEER
    if bits & CREATE:
        yield entry(qualifiers, base, CREATE)
    own = base + (b".*" if pattern.address is None else pattern.address) + rb"\x00" + ANY + rb"\x00"
    local = bits & LOCAL
    if pattern.address is not None and not pattern.bound:
        local &= ~BIND
    if local:
        yield entry(qualifiers, own, local)
    if bits & LISTEN:
        yield entry(qualifiers, own + rb"\x02..", LISTEN)
    if bits & OPTIONS:
        yield entry(qualifiers, own + rb"\x04..", bits & OPTIONS)
    if bits & PEER:
        address = b".*" if pattern.peer_address is None else pattern.peer_address
        label = ANY if pattern.peer_label is None else pattern.peer_label
        yield entry(qualifiers, own + rb"\x01" + address + rb"\x00" + label, bits & PEER)
