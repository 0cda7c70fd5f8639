"""Audit records from the kernel's socket."""

import socket
import struct

from dockarmor.kernel.host.records import Records


def message(kind: int, text: bytes) -> bytes:
    return struct.pack("=IHHII", 16 + len(text), kind, 0, 0, 0) + text


def test_records_since_the_last_call_in_their_order() -> None:
    ours, kernels = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with ours, kernels:
        ours.setblocking(False)
        records = Records(ours)
        assert records.new() == []
        kernels.send(message(1400, b'audit(1.000:7): apparmor="DENIED"\0'))
        kernels.send(message(1121, b"not a record of the kernel's"))
        kernels.send(message(1320, b"audit(1.000:7): "))
        kernels.send(b"short")
        kernels.send(message(1107, b"audit(1.000:8): pid=1\n"))
        assert records.new() == ['type=1400 audit(1.000:7): apparmor="DENIED"', "type=1107 audit(1.000:8): pid=1"]
        assert records.new() == []
