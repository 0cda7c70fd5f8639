"""The flag word of mount(2) by the option words of the rule language (apparmor.d(5), MOUNT RULES).

Sources: include/uapi/linux/mount.h (MS_*); bits without a word have none in the language either.
"""

RECURSIVE = 1 << 14

#: option word -> bits; the first word for a bit is the one that is written
MOUNT_FLAGS = {
    "ro": 1 << 0,
    "nosuid": 1 << 1,
    "nodev": 1 << 2,
    "noexec": 1 << 3,
    "sync": 1 << 4,
    "remount": 1 << 5,
    "mand": 1 << 6,
    "dirsync": 1 << 7,
    "nosymfollow": 1 << 8,
    "noatime": 1 << 10,
    "nodiratime": 1 << 11,
    "rbind": 1 << 12 | RECURSIVE,
    "bind": 1 << 12,
    "move": 1 << 13,
    "silent": 1 << 15,
    "acl": 1 << 16,
    "make-runbindable": 1 << 17 | RECURSIVE,
    "make-rprivate": 1 << 18 | RECURSIVE,
    "make-rslave": 1 << 19 | RECURSIVE,
    "make-rshared": 1 << 20 | RECURSIVE,
    "make-unbindable": 1 << 17,
    "make-private": 1 << 18,
    "make-slave": 1 << 19,
    "make-shared": 1 << 20,
    "relatime": 1 << 21,
    "iversion": 1 << 23,
    "strictatime": 1 << 24,
    "lazytime": 1 << 25,
    "nouser": 1 << 31,
}

#: further spellings of the same bits
SYNONYMS = {
    "r": "ro",
    "read-only": "ro",
    "B": "bind",
    "R": "rbind",
    "M": "move",
    "verbose": "silent",
    "unbindable": "make-unbindable",
    "private": "make-private",
    "slave": "make-slave",
    "shared": "make-shared",
    "runbindable": "make-runbindable",
    "rprivate": "make-rprivate",
    "rslave": "make-rslave",
    "rshared": "make-rshared",
}

#: words that say a bit is not set
CLEARED = {
    "rw": "ro",
    "w": "ro",
    "suid": "nosuid",
    "dev": "nodev",
    "exec": "noexec",
    "async": "sync",
    "nomand": "mand",
    "symfollow": "nosymfollow",
    "atime": "noatime",
    "diratime": "nodiratime",
    "loud": "silent",
    "noacl": "acl",
    "norelatime": "relatime",
    "noiversion": "iversion",
    "nostrictatime": "strictatime",
    "nolazytime": "lazytime",
    "user": "nouser",
}
