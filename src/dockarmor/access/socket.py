"""Socket families and types, by the words of the rule language (include/linux/socket.h, linux/net.h)."""

FAMILIES = {
    name: number
    for number, name in enumerate(
        (
            *("unspec", "unix", "inet", "ax25", "ipx", "appletalk", "netrom", "bridge", "atmpvc", "x25"),
            *("inet6", "rose", "decnet", "netbeui", "security", "key", "netlink", "packet", "ash", "econet"),
            *("atmsvc", "rds", "sna", "irda", "pppox", "wanpipe", "llc", "ib", "mpls", "can"),
            *("tipc", "bluetooth", "iucv", "rxrpc", "isdn", "phonet", "ieee802154", "caif", "alg", "nfc"),
            *("vsock", "kcm", "qipcrtr", "smc", "xdp", "mctp"),
        )
    )
}

SOCKET_TYPES = {"stream": 1, "dgram": 2, "raw": 3, "rdm": 4, "seqpacket": 5, "dccp": 6, "packet": 10}
