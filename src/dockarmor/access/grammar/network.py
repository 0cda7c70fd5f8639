"""Requests about sockets: network and unix."""

from dockarmor.access.grammar.reader import Reader, Token, names_of, path_word, quote
from dockarmor.access.permission import NETWORK_NAMES
from dockarmor.access.request import NetworkRequest, UnixRequest
from dockarmor.access.socket import FAMILIES, SOCKET_TYPES

CREATE = NETWORK_NAMES["create"]
MAX_PROTOCOL = 0xFFFF


def parse_network(reader: Reader) -> NetworkRequest:
    """`network` [ permissions ] family type [ `protocol=` number ]; without permissions: create"""
    permissions = _permissions(reader, FAMILIES)
    family = reader.choice("socket family", reader.word("the socket family"), FAMILIES)
    kind = reader.choice("socket type", reader.word("the socket type"), SOCKET_TYPES)
    return NetworkRequest(permissions, family, kind, _protocol(reader, reader.conditions(("protocol",))))


def _permissions(reader: Reader, following: dict[str, int]) -> int:
    """Permissions, unless what must follow them stands here already."""
    token = reader.peek()
    if token is None or (token.raw in following and not token.quoted and not token.listed):
        return CREATE
    return reader.permissions(reader.take("the permissions"), NETWORK_NAMES)


def _protocol(reader: Reader, found: dict[str, Token]) -> int:
    return reader.number(found["protocol"], MAX_PROTOCOL) if "protocol" in found else 0


def write_network(request: NetworkRequest) -> str:
    protocol = f" protocol={request.protocol}" if request.protocol else ""
    return f"network {names_of(request.permissions, NETWORK_NAMES)} {request.family} {request.type}{protocol}"


def parse_unix(reader: Reader) -> UnixRequest:
    """`unix` [ permissions ] type { condition }

    condition = ( `addr=` | `peer_addr=` ) address | `peer=` label | `protocol=` number
    address = `none` | `@` name (abstract) | path
    """
    permissions = _permissions(reader, SOCKET_TYPES)
    kind = reader.choice("socket type", reader.word("the socket type"), SOCKET_TYPES)
    found = reader.conditions(("addr", "peer_addr", "peer", "protocol"))
    return UnixRequest(
        permissions,
        kind,
        _protocol(reader, found),
        _address(reader, found.get("addr")),
        _address(reader, found.get("peer_addr")),
        reader.text(found["peer"]) if "peer" in found else None,
    )


def _address(reader: Reader, token: Token | None) -> bytes | None:
    if token is None or (token.raw == "none" and not token.quoted):
        return None
    if token.raw.startswith("@"):
        return b"\0" + reader.data(token)[1:]
    if not token.quoted and not token.raw.startswith("/"):
        reader.fail("DA708", "an address is `none`, `@name` or a path", token.span)
    return reader.data(token)


def write_unix(request: UnixRequest) -> str:
    words = ["unix", names_of(request.permissions, NETWORK_NAMES), request.type]
    if request.protocol:
        words.append(f"protocol={request.protocol}")
    if request.address is not None:
        words.append(_written(request.address, "addr"))
    if request.peer_address is not None:
        words.append(_written(request.peer_address, "peer_addr"))
    if request.peer is not None:
        words.append(quote(request.peer, key="peer"))
    return " ".join(words)


def _written(address: bytes, key: str) -> str:
    if address.startswith(b"\0"):
        return quote(b"@" + address[1:], key=key)
    spelled = path_word(address)
    return f"{key}=" + (spelled.replace("@", "\\@", 1) if spelled.startswith('"@') else spelled)
