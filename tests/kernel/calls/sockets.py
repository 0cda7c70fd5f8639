"""Sockets of every family, and unix sockets by address and peer."""

from probes import Class, Probe

FINE = ("lab 6.17",)
COARSE = ("lab 6.1", "lab 6.12")


def socket(family: int, type: int, protocol: int = 0) -> str:
    return f"s = socket.socket({family}, {type}, {protocol})"


def asked(permission: str, family: str = "inet6", type: str = "stream", protocol: int = 6) -> tuple[str, ...]:
    """What a call on a socket asks; the protocol is the socket's own."""
    return (f"network {permission} {family} {type} protocol={protocol}",)


_INET6 = socket(10, 1)
_LISTENING = f"{_INET6}; s.bind(('::1', 0)); s.listen()"
_CONNECTED = f"{_LISTENING}; c = socket.socket(10, 1); c.connect(s.getsockname()); a, _ = s.accept()"

NETWORK = Class(
    "network",
    ("network",),
    """
    network inet stream,
    network inet6 dgram,
    network netlink raw,
    network unix,
    deny network inet6 seqpacket,
    """,
    {
        "inet stream": Probe(
            f"{socket(2, 1)}; s.bind(('127.0.0.1', 0)); s.listen(); s.getsockname(); s.getsockopt(1, 2)",
            tuple(
                line
                for permission in ("bind", "listen", "getattr", "getopt")
                for line in (asked("create", "inet", "stream", 0) + asked(permission, "inet", "stream", 6))
            ),
        ),
        "inet dgram": Probe(socket(2, 2), asked("create", "inet", "dgram", 0)),
        "inet raw": Probe(socket(2, 3, 1), asked("create", "inet", "raw", 1)),
        "inet6 dgram": Probe(socket(10, 2), asked("create", "inet6", "dgram", 0)),
        "inet6 stream": Probe(socket(10, 1), asked("create", "inet6", "stream", 0)),
        "netlink raw": Probe(socket(16, 3), asked("create", "netlink", "raw", 0)),
        "netlink dgram": Probe(socket(16, 2), asked("create", "netlink", "dgram", 0)),
        "packet": Probe(socket(17, 3), asked("create", "packet", "raw", 0)),
        # A socket from before the change of profile is asked about whenever it is used.
        "bind": Probe("s.bind(('::1', 0))", asked("bind"), _INET6),
        "listen": Probe("s.listen()", asked("listen"), f"{_INET6}; s.bind(('::1', 0))"),
        "connect": Probe(
            "socket.socket.connect(c, where)",
            asked("connect"),
            f"{_LISTENING}; c = socket.socket(10, 1); where = s.getsockname()",
        ),
        "accept": Probe(
            "s._accept()", asked("accept"), f"{_LISTENING}; c = socket.socket(10, 1); c.connect(s.getsockname())"
        ),
        "send": Probe("c.send(b'x')", asked("send"), _CONNECTED),
        "receive": Probe("a.recv(1)", asked("receive"), f"{_CONNECTED}; c.send(b'x')"),
        "getsockname": Probe("s.getsockname()", asked("getattr"), _LISTENING),
        "getsockopt": Probe("s.getsockopt(1, 2)", asked("getopt"), _INET6),
        "setsockopt": Probe("s.setsockopt(1, 2, 1)", asked("setopt"), _INET6),
        "shutdown": Probe("c.shutdown(2)", asked("shutdown"), _CONNECTED),
    },
)


def coarse(permission: str, type: str = "stream") -> tuple[str, ...]:
    return (f"unix {permission} {type}",)


UNIX_BY_TYPE = Class(
    "unix-by-type",
    ("unix", "network"),
    "unix type=stream, ",
    {
        "stream": Probe("s = socket.socket(1, 1)", coarse("create")),
        "dgram": Probe("s = socket.socket(1, 2)", coarse("create", "dgram")),
        "pair": Probe("s = socket.socketpair(1, 1)", (*coarse("create"), *coarse("create"))),
        "pair of dgram": Probe("s = socket.socketpair(1, 2)", coarse("create", "dgram")),
        "bind": Probe("s.bind('\\0lab-x')", coarse("bind"), "s = socket.socket(1, 1)"),
        "bind a dgram": Probe("s.bind('\\0lab-y')", coarse("bind", "dgram"), "s = socket.socket(1, 2)"),
    },
    kernels=COARSE,
)


def server(profile: str | None, address: str = "\\0lab-there", type: int = 1) -> str:
    """A peer that serves at an address, and a socket of one's own that was made without a profile."""
    work = "lambda s: s.recv(9)" if type == 2 else "lambda s: s.accept()"
    return f"""
private()
other = peer({profile!r}, {work}, serving({type}, '{address}'))
where = '{address}'
"""


def own(permission: str, rest: str = "", type: str = "stream") -> str:
    return f"unix {permission} {type}{rest}"


#: what both ends are asked when a stream connects, and when a datagram is sent
_THERE = "peer_addr=@lab-there"


def connected(peer: str, address: str = "@lab-there", type: str = "stream") -> tuple[str, ...]:
    ours = f"unix connect,send,receive {type} peer_addr={address} peer={peer}"
    return (ours, f"{peer}: unix accept,send,receive {type} addr={address} peer=lab-unix")


def sent(peer: str, address: str = "@lab-there") -> tuple[str, ...]:
    ours = f"unix send dgram peer_addr={address} peer={peer}"
    return (ours, f"{peer}: unix receive dgram addr={address} peer=lab-unix")


_CONNECT = "s = socket.socket(1, 1); s.connect(where)"
_SEND = "s = socket.socket(1, 2); s.sendto(b'x', where)"
UNIX = Class(
    "unix",
    ("unix", "network"),
    """
    network inet,
    unix create type=stream,
    unix create type=dgram,
    unix (bind, listen, accept, getattr, getopt, setopt, shutdown) type=stream addr=@lab-own*,
    unix bind type=dgram addr=auto,
    unix (getopt, setopt, getattr) type=stream addr=none,
    unix (connect, send, receive) type=stream peer=(addr=@lab-there label=lab-peer-open),
    unix (connect, send, receive) type=stream peer=(addr=@lab-there label=lab-peer-shut),
    unix (send, receive) type=dgram peer=(addr=@lab-there),
    audit deny /mnt/secret* rw,
    """,
    {
        "create": Probe("s = socket.socket(1, 1)", (own("create"),)),
        "create seqpacket": Probe("s = socket.socket(1, 5)", (own("create", type="seqpacket"),)),
        "pair": Probe("s = socket.socketpair(1, 1)", (own("create"), own("create"))),
        "bind": Probe("s.bind('\\0lab-own-1')", (own("bind", " addr=@lab-own-1"),), "s = socket.socket(1, 1)"),
        "bind elsewhere": Probe(
            "s.bind('\\0lab-else')", (own("bind", " addr=@lab-else"),), "s = socket.socket(1, 1)"
        ),
        "bind, the kernel chooses": Probe(
            "s.bind('')", (own("bind", ' addr=""', "dgram"),), "s = socket.socket(1, 2)"
        ),
        "the same of a stream": Probe("s.bind('')", (own("bind", ' addr=""'),), "s = socket.socket(1, 1)"),
        "listen": Probe(
            "s.listen()", (own("listen", " addr=@lab-own-2"),), "s = socket.socket(1, 1); s.bind('\\0lab-own-2')"
        ),
        "listen elsewhere": Probe(
            "s.listen()", (own("listen", " addr=@lab-else-2"),), "s = socket.socket(1, 1); s.bind('\\0lab-else-2')"
        ),
        "getsockopt": Probe(
            "s.getsockopt(1, 3)",
            (own("getopt", " addr=@lab-own-3"),),
            "s = socket.socket(1, 1); s.bind('\\0lab-own-3')",
        ),
        "setsockopt elsewhere": Probe(
            "s.setsockopt(1, 2, 1)",
            (own("setopt", " addr=@lab-else-3"),),
            "s = socket.socket(1, 1); s.bind('\\0lab-else-3')",
        ),
        "getsockname": Probe(
            "s.getsockname()",
            (own("getattr", " addr=@lab-own-4"),),
            "s = socket.socket(1, 1); s.bind('\\0lab-own-4')",
        ),
        "shutdown elsewhere": Probe(
            "s.shutdown(2)", (own("shutdown", "", "stream"),), "s, t = socket.socketpair(1, 1)"
        ),
        "connect": Probe(_CONNECT, (own("create"), *connected("lab-peer-open")), server("lab-peer-open")),
        "connect to one that does not agree": Probe(
            _CONNECT, (own("create"), *connected("lab-peer-shut")), server("lab-peer-shut")
        ),
        "connect to another label": Probe(
            _CONNECT, (own("create"), *connected("lab-peer-other")), server("lab-peer-other")
        ),
        "connect to the unconfined": Probe(_CONNECT, (own("create"), connected("unconfined")[0]), server(None)),
        "connect elsewhere": Probe(
            _CONNECT,
            (own("create"), *connected("lab-peer-open", "@lab-where")),
            server("lab-peer-open", "\\0lab-where"),
        ),
        "send": Probe(_SEND, (own("create", type="dgram"), *sent("lab-peer-open")), server("lab-peer-open", type=2)),
        "send elsewhere": Probe(
            _SEND,
            (own("create", type="dgram"), *sent("lab-peer-open", "@lab-where")),
            server("lab-peer-open", "\\0lab-where", 2),
        ),
        "send to one that does not agree": Probe(
            _SEND, (own("create", type="dgram"), *sent("lab-peer-shut")), server("lab-peer-shut", type=2)
        ),
        "connect by path": Probe(
            _CONNECT,
            (own("create"), connected("lab-peer-open", "/mnt/file2")[0]),
            server("lab-peer-open", "/mnt/file2"),
        ),
        "connect by a path that is denied": Probe(
            _CONNECT,
            (own("create"), connected("lab-peer-open", "/mnt/secret2")[0]),
            server("lab-peer-open", "/mnt/secret2"),
        ),
    },
    others="""
    profile lab-peer-open { file, signal, network, unix, }
    profile lab-peer-other { file, signal, network, unix, }
    profile lab-peer-shut { file, signal, network inet, unix (bind, listen, create), unix peer=(label=unconfined), }
    """,
    kernels=FINE,
)
