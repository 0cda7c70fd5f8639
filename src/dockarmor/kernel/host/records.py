"""Audit records as they happen, from the audit system's read-only group: no daemon, no rate limit of the log.

Source: linux/audit.h (AUDIT_NLGRP_READLOG), netlink(7).
"""

import socket
import struct

#: netlink protocol 9, group 1
NETLINK_AUDIT = 9
READLOG = 1
#: what the kernel keeps for us between two calls
BUFFER = 8 << 20
#: SO_RCVBUFFORCE, which the socket module does not name
_FORCE = 33
#: below are the audit system's own affairs, but for what the message bus says of its refusals; the last one ends an
#: event of several records and says nothing
_FIRST, _USER_AVC, _END = 1300, 1107, 1320


class Records:
    """Records in the order in which they came. `lost`: how often the kernel had to drop some."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel
        self.lost = 0

    @classmethod
    def listening(cls) -> "Records":
        """Begin to listen. Raises OSError (EPERM without CAP_AUDIT_READ)."""
        channel = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, NETLINK_AUDIT)
        try:
            channel.setblocking(False)
            channel.setsockopt(socket.SOL_SOCKET, _FORCE, BUFFER)
            channel.bind((0, READLOG))
        except OSError:
            channel.close()
            raise
        return cls(channel)

    def new(self) -> list[str]:
        """What came since the last call, `type=NNNN audit(SEC.MS:SEQ): body` each."""
        found: list[str] = []
        while True:
            try:
                data = self._channel.recv(1 << 16)
            except BlockingIOError:
                return found
            except OSError:  # ENOBUFS
                self.lost += 1
                continue
            if len(data) < 16:
                continue
            (kind,) = struct.unpack_from("=H", data, 4)
            if kind == _USER_AVC or (kind >= _FIRST and kind != _END):
                text = data[16:].rstrip(b"\0\n").decode("latin-1")
                found.append(f"type={kind} {text}")
