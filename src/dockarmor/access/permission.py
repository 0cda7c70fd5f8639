"""Permission bits as the kernel's query interface and its permission table spell them, and their names.

Source: security/apparmor/include/perms.h of Linux 6.1 to 7.2. One 32-bit word; what a bit means depends on
the mediation class, so the names are given per class.
"""

from enum import IntFlag


class Perm(IntFlag):
    """One permission bit. The low bits have another name in other classes (see the *_NAMES tables)."""

    EXEC = 0x1
    WRITE = 0x2
    READ = 0x4
    APPEND = 0x8
    CREATE = 0x10
    DELETE = 0x20
    OPEN = 0x40
    RENAME = 0x80
    SETATTR = 0x100
    GETATTR = 0x200
    SETCRED = 0x400
    GETCRED = 0x800
    CHMOD = 0x1000
    CHOWN = 0x2000
    CHGRP = 0x4000
    LOCK = 0x8000
    EXEC_MMAP = 0x10000
    MPROT = 0x20000
    LINK = 0x40000
    SNAPSHOT = 0x80000
    ACCEPT = 0x100000
    BIND = 0x200000
    LISTEN = 0x400000
    SETOPT = 0x1000000
    GETOPT = 0x2000000
    CONT_MATCH = 0x8000000
    STACK = 0x10000000
    ONEXEC = 0x20000000
    CHANGE_PROFILE = 0x40000000
    CHANGE_HAT = 0x80000000


ALL = 0xFFFFFFFF

#: file: the letters of the rule language for the bits a query asks about
FILE_LETTERS = {
    "x": Perm.EXEC,
    "w": Perm.WRITE,
    "r": Perm.READ,
    "a": Perm.APPEND,
    "c": Perm.CREATE,
    "d": Perm.DELETE,
    "k": Perm.LOCK,
    "m": Perm.EXEC_MMAP,
    "l": Perm.LINK,
}

NETWORK_NAMES = {
    "send": 0x2,
    "receive": 0x4,
    "create": 0x10,
    "shutdown": 0x20,
    "connect": 0x40,
    "setattr": 0x100,
    "getattr": 0x200,
    "accept": 0x100000,
    "bind": 0x200000,
    "listen": 0x400000,
    "setopt": 0x1000000,
    "getopt": 0x2000000,
}

SIGNAL_NAMES = {"send": 0x2, "receive": 0x4}
PTRACE_NAMES = {"trace": 0x2, "read": 0x4, "tracedby": 0x8, "readby": 0x10}
MOUNT_NAMES = {"pivot_root": 0x1, "mount": 0x2, "umount": 0x4}
IO_URING_NAMES = {"sqpoll": 0x10, "override_creds": 0x8}
DBUS_NAMES = {"send": 0x2, "receive": 0x4, "eavesdrop": 0x20, "bind": 0x40}
USERNS_CREATE = 0x8
