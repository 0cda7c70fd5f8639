"""Socket families, types and protocols as network and unix rules name them.

Sources: apparmor.d(5), NETWORK RULES; include/linux/socket.h for the numbers.
"""

from dockarmor.access.socket import FAMILIES, SOCKET_TYPES

UNIX, INET, INET6 = FAMILIES["unix"], FAMILIES["inet"], FAMILIES["inet6"]
#: decnet has a number and no word: Linux has had no such sockets since 6.1
NAMES = {name: number for name, number in FAMILIES.items() if name != "decnet"}
LAST_FAMILY = max(FAMILIES.values())
#: types in network rules
TYPES = {name: number for name, number in SOCKET_TYPES.items() if name != "dccp"}
#: types in unix rules
UNIX_TYPES = {"none": 0, **SOCKET_TYPES}
#: protocol words that may stand for a type: families, and the type that they have there
PROTOCOLS = {"tcp": (("inet", "inet6"), "stream"), "udp": (("inet", "inet6"), "dgram"), "icmp": (("inet",), "raw")}


def sockets(family: str | None, type: str | None) -> list[tuple[int, int | None]]:
    """Which families, each with a type or None for all of its types, these words stand for; empty for no such.

    >>> sockets("inet", "stream"), sockets(None, "tcp"), sockets("unix", "tcp")
    ([(2, 1)], [(2, 1), (10, 1)], [])
    """
    if family is None and type is None:
        return [(number, None) for number in range(LAST_FAMILY + 1)]
    names = list(NAMES) if family is None else [family]
    if type in PROTOCOLS:
        families, type = PROTOCOLS[type]
        names = [name for name in names if name in families]
    return [(NAMES[name], None if type is None else TYPES[type]) for name in names]
