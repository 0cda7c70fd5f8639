"""Mounting in all its forms."""

from probes import Class, Probe

LATER = ("lab 6.12", "lab 6.17")
_TMPFS_A = "private(); mount('lab', '/mnt/a', 'tmpfs')"
#: a tmpfs that is nowhere yet, in `new`
_DETACHED = """
private()
context = call(FSOPEN, b"tmpfs", 0)
call(FSCONFIG, context, 6, None, None, 0)
new = call(FSMOUNT, context, 0, 0)
"""


def attach(place: str) -> str:
    return f"call(MOVE_MOUNT, new, b'', HERE, b'{place}', 4)"


MOUNT = Class(
    "mount",
    ("mount", "umount", "pivot_root"),
    """
    mount fstype=tmpfs options=(rw, nosuid) -> /mnt/a/,
    mount options=(rw, bind) /mnt/a/ -> /mnt/b/,
    mount options=(rw, rbind) /mnt/a/ -> /mnt/c/,
    mount options=(rw, move) /mnt/a/ -> /mnt/c/,
    mount options=(remount, ro) /mnt/a/,
    mount options=(remount, bind, ro) /mnt/a/,
    mount options=(rw, make-shared) /mnt/a/,
    mount options=(rw, make-rslave) /mnt/a/,
    umount /mnt/a/,
    pivot_root oldroot=/mnt/new/old/ /mnt/new/,
    """,
    {
        "new": Probe(
            "mount('lab', '/mnt/a', 'tmpfs', NOSUID)",
            ("mount fstype=tmpfs options=nosuid lab -> /mnt/a/",),
            "private()",
        ),
        "new, other flags": Probe(
            "mount('lab', '/mnt/a', 'tmpfs')", ("mount fstype=tmpfs lab -> /mnt/a/",), "private()"
        ),
        "new, more flags": Probe(
            "mount('lab', '/mnt/a', 'tmpfs', NOSUID | NODEV)",
            ("mount fstype=tmpfs options=(nosuid,nodev) lab -> /mnt/a/",),
            "private()",
        ),
        "new, other type": Probe(
            "mount('lab', '/mnt/a', 'ramfs', NOSUID)",
            ("mount fstype=ramfs options=nosuid lab -> /mnt/a/",),
            "private()",
        ),
        "new, other place": Probe(
            "mount('lab', '/mnt/b', 'tmpfs', NOSUID)",
            ("mount fstype=tmpfs options=nosuid lab -> /mnt/b/",),
            "private()",
        ),
        "bind": Probe(
            "mount('/mnt/a', '/mnt/b', None, BIND)", ("mount options=bind /mnt/a/ -> /mnt/b/",), "private()"
        ),
        "bind, turned round": Probe(
            "mount('/mnt/b', '/mnt/a', None, BIND)", ("mount options=bind /mnt/b/ -> /mnt/a/",), "private()"
        ),
        "bind of a file": Probe(
            "mount('/mnt/secret', '/mnt/file', None, BIND)",
            ("mount options=bind /mnt/secret -> /mnt/file",),
            "private()",
        ),
        "recursive bind": Probe(
            "mount('/mnt/a', '/mnt/c', None, BIND | REC)", ("mount options=rbind /mnt/a/ -> /mnt/c/",), "private()"
        ),
        "recursive bind where only bind may be": Probe(
            "mount('/mnt/a', '/mnt/b', None, BIND | REC)", ("mount options=rbind /mnt/a/ -> /mnt/b/",), "private()"
        ),
        "move": Probe("mount('/mnt/a', '/mnt/c', None, MOVE)", ("mount options=move /mnt/a/ -> /mnt/c/",), _TMPFS_A),
        "move elsewhere": Probe(
            "mount('/mnt/a', '/mnt/b', None, MOVE)", ("mount options=move /mnt/a/ -> /mnt/b/",), _TMPFS_A
        ),
        "remount": Probe(
            "mount(None, '/mnt/a', None, REMOUNT | RDONLY)", ("mount options=(remount,ro) -> /mnt/a/",), _TMPFS_A
        ),
        "remount, other flags": Probe(
            "mount(None, '/mnt/a', None, REMOUNT)", ("mount options=remount -> /mnt/a/",), _TMPFS_A
        ),
        "bind remount": Probe(
            "mount(None, '/mnt/a', None, REMOUNT | BIND | RDONLY)",
            ("mount options=(remount,bind,ro) -> /mnt/a/",),
            _TMPFS_A,
        ),
        "bind remount, other flags": Probe(
            "mount(None, '/mnt/a', None, REMOUNT | BIND | NOSUID)",
            ("mount options=(remount,bind,nosuid) -> /mnt/a/",),
            _TMPFS_A,
        ),
        "propagation": Probe(
            "mount(None, '/mnt/a', None, SHARED)", ("mount options=make-shared -> /mnt/a/",), _TMPFS_A
        ),
        "recursive propagation": Probe(
            "mount(None, '/mnt/a', None, SLAVE | REC)", ("mount options=make-rslave -> /mnt/a/",), _TMPFS_A
        ),
        "other propagation": Probe(
            "mount(None, '/mnt/a', None, UNBINDABLE)", ("mount options=make-unbindable -> /mnt/a/",), _TMPFS_A
        ),
        "umount": Probe("umount('/mnt/a')", ("umount /mnt/a/",), _TMPFS_A),
        "lazy umount": Probe("umount('/mnt/a', 2)", ("umount /mnt/a/",), _TMPFS_A),
        "umount elsewhere": Probe(
            "umount('/mnt/b')", ("umount /mnt/b/",), "private(); mount('lab', '/mnt/b', 'tmpfs')"
        ),
        "pivot_root": Probe(
            "call(PIVOT_ROOT, b'/mnt/new', b'/mnt/new/old')",
            ("pivot_root oldroot=/mnt/new/old/ /mnt/new/",),
            "private(); mount('/mnt/new', '/mnt/new', None, BIND)",
        ),
        "pivot_root to another place": Probe(
            "call(PIVOT_ROOT, b'/mnt/new', b'/mnt/new/other')",
            ("pivot_root oldroot=/mnt/new/other/ /mnt/new/",),
            "private(); mount('/mnt/new', '/mnt/new', None, BIND)",
        ),
        # The new calls: 6.1 does not ask about them at all.
        "attach a detached mount": Probe(
            attach("/mnt/a"), ("mount options=move -> /mnt/a/",), _DETACHED, unmediated=("lab 6.1",)
        ),
        "move with the new call": Probe(
            "call(MOVE_MOUNT, HERE, b'/mnt/a', HERE, b'/mnt/c', 0)",
            ("mount options=move /mnt/a/ -> /mnt/c/",),
            _TMPFS_A,
            unmediated=("lab 6.1",),
        ),
        "move elsewhere with the new call": Probe(
            "call(MOVE_MOUNT, HERE, b'/mnt/a', HERE, b'/mnt/b', 0)",
            ("mount options=move /mnt/a/ -> /mnt/b/",),
            _TMPFS_A,
            unmediated=("lab 6.1",),
        ),
        "flags with the new call": Probe(
            "call(MOUNT_SETATTR, HERE, b'/mnt/a', 0, ctypes.create_string_buffer(bytes([2]) + bytes(31), 32), 32)",
            (),
            _TMPFS_A,
        ),
    },
)
