"""Mediation classes: the first byte of every string that is matched in the policy automaton.

Source: security/apparmor/include/apparmor.h (AA_CLASS_*).
"""

from enum import IntEnum


class Mediation(IntEnum):
    """A class of things the kernel mediates; the value is the class byte."""

    FILE = 2
    CAPABILITY = 3
    NETWORK_V7 = 4
    RLIMIT = 5
    DOMAIN = 6
    MOUNT = 7
    PTRACE = 9
    SIGNAL = 10
    NETWORK_V8 = 14
    NETWORK_V9 = 15
    LABEL = 16
    POSIX_MQUEUE = 17
    SYSV_MQUEUE = 18
    NAMESPACE = 21
    IO_URING = 22
    DBUS = 32
