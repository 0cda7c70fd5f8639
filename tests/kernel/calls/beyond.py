"""Names that lead nowhere: mounts that are gone, files that are deleted; stacks; message queues."""

from collections.abc import Callable

from probes import Class, Probe

from dockarmor.compile.reader import read_blob
from dockarmor.kernel.embedded.kernel import Embedded

LATER = ("lab 6.12", "lab 6.17")
#: a folder of a mount that is attached nowhere any more, opened before
_GONE = """
private()
mount('lab', '/mnt/a', 'tmpfs')
files('a/file', 'a/secret')
folder = os.open('/mnt/a', os.O_RDONLY)
umount('/mnt/a', 2)
"""
CONNECT_PATH, DELEGATE_DELETED, MEDIATE_DELETED = 0x4, 0x10000, 0x20000


def reached(name: str) -> str:
    return f"os.open('{name}', os.O_RDONLY, dir_fd=folder)"


def flag(label: str, bits: int) -> Callable[[Embedded], bool]:
    """Has the profile any of these path flags? The kernel's default is to mediate what is deleted."""

    def found(embedded: Embedded) -> bool:
        profile = next(one for one in read_blob(embedded.blob_of(label) or b"").profiles if one.name == label)
        flags = MEDIATE_DELETED if profile.path_flags is None else profile.path_flags
        return bool(flags & bits)

    return found


DISCONNECTED = Class(
    "disconnected",
    ("file",),
    "/proc/** rw, /usr/** mr, /** r,",
    {
        "without the flag": Probe(
            reached("file"), setup=_GONE, allows=flag("lab-disconnected", CONNECT_PATH), logged=False
        ),
        "with it": Probe(reached("file"), ("file r /file",), _GONE, profile="lab-connected"),
        "with it, not granted": Probe(reached("secret"), ("file r /secret",), _GONE, profile="lab-connected"),
        "under a prefix": Probe(
            reached("file"), ("file r /gone/file",), _GONE, profile="lab-prefixed", kernels=LATER
        ),
        "under a prefix, not granted": Probe(
            reached("secret"), ("file r /gone/secret",), _GONE, profile="lab-prefixed", kernels=LATER
        ),
    },
    others="""
    profile lab-connected flags=(attach_disconnected) { /proc/** rw, /usr/** mr, /file r, }
    profile lab-prefixed flags=(attach_disconnected.path=/gone) { /proc/** rw, /usr/** mr, /gone/file r, }
    """,
)

#: a file that has no name any more, and its descriptor; opened under another profile
_UNLINKED = """
private()
become('changeprofile lab-unlinker')
fd = os.open('/mnt/file', os.O_RDWR)
other = os.open('/mnt/secret', os.O_RDWR)
os.unlink('/mnt/file')
os.unlink('/mnt/secret')
"""
_AGAIN = "os.open(f'/proc/self/fd/{fd}', os.O_RDONLY)"
_AGAIN_OTHER = "os.open(f'/proc/self/fd/{other}', os.O_RDONLY)"
#: the same of a program
_PROGRAM = """
private()
become('changeprofile lab-unlinker')
write('/mnt/program', read('/bin/busybox', 1 << 24))
fd = os.open('/mnt/program', os.O_RDONLY)
os.unlink('/mnt/program')
"""
_RUN = "execute(fd, name='true')"
DELETED = Class(
    "deleted",
    ("file",),
    "/proc/** rw, /usr/** mr, /mnt/file r, /mnt/program mrix,",
    {
        "open it again": Probe(_AGAIN, ("file r /mnt/file",), _UNLINKED),
        "open another again": Probe(_AGAIN_OTHER, ("file r /mnt/secret",), _UNLINKED),
        "use it": Probe("os.read(fd, 1)", ("file r /mnt/file",), _UNLINKED),
        "use another": Probe("os.read(other, 1)", ("file r /mnt/secret",), _UNLINKED, operation="file_perm"),
        # Only where a program is looked for the kernel does not add a flag of its own (file.c, aa_path_perm).
        "open it again where another flag is set": Probe(
            _AGAIN, ("file r /mnt/file",), _UNLINKED, profile="lab-undeleted"
        ),
        "run it": Probe(_RUN, ("exec /mnt/program",), _PROGRAM),
        "run it, not granted": Probe(_RUN, ("exec /mnt/program",), _PROGRAM, profile="lab-unexecuted"),
        "run it where another flag is set": Probe(
            _RUN,
            setup=_PROGRAM,
            profile="lab-undeleted",
            logged=False,
            allows=flag("lab-undeleted", DELEGATE_DELETED | MEDIATE_DELETED),
        ),
        "run it with mediate_deleted": Probe(_RUN, ("exec /mnt/program",), _PROGRAM, profile="lab-mediated"),
        "open it again with mediate_deleted": Probe(_AGAIN, ("file r /mnt/file",), _UNLINKED, profile="lab-mediated"),
        "open another again with mediate_deleted": Probe(
            _AGAIN_OTHER, ("file r /mnt/secret",), _UNLINKED, profile="lab-mediated"
        ),
    },
    others="""
    profile lab-unlinker { file, capability, signal, change_profile, }
    profile lab-undeleted flags=(attach_disconnected) { /proc/** rw, /usr/** mr, /mnt/file r, /mnt/program mrix, }
    profile lab-mediated flags=(attach_disconnected, mediate_deleted) { /{proc,usr}/** mrw, /mnt/{file,program} mrix,
    }
    profile lab-unexecuted { /proc/** rw, /usr/** mr, /mnt/program mr, }
    """,
)

_STACK = "lab-stack//&lab-under"
STACK = Class(
    "stack",
    ("file", "network", "capability"),
    """
    file, audit deny /mnt/a/** w, network inet, capability sys_chroot, audit deny /mnt/secret r,
    """,
    {
        "what both grant": Probe(
            "os.open('/mnt/read', os.O_RDONLY)", ("file r /mnt/read",), "private(); files('read')"
        ),
        "what only the first grants": Probe("os.open('/mnt/file', os.O_RDONLY)", ("file r /mnt/file",), "private()"),
        "what only the second grants": Probe(
            "os.open('/mnt/a/file', os.O_WRONLY)", ("file w /mnt/a/file",), "private()"
        ),
        "what neither grants": Probe("os.open('/mnt/secret', os.O_RDONLY)", ("file r /mnt/secret",), "private()"),
        "sockets that both grant": Probe("s = socket.socket(2, 1)", ("network create inet stream",)),
        "sockets that one grants": Probe("s = socket.socket(10, 1)", ("network create inet6 stream",)),
        "a capability that one grants": Probe("os.chroot('/mnt')", ("capability sys_chroot",)),
        "a program": Probe(
            "result = execute('/bin/cat', '/proc/self/attr/current').decode()",
            ("exec /bin/cat",),
            result=f"{_STACK} (enforce)\n",
        ),
    },
    others="profile lab-under { /{proc,usr,bin,lab,lib64}/** rwmix, /mnt/read r, /mnt/a/** rw, network, }",
    subject=_STACK,
)


def queue(name: str) -> str:
    return f"call(MQ_OPEN, b'{name}', 0o102, 0o600, None)"


# Kernels of kernel.org have no class for message queues: they are files of a mount that is attached nowhere.
MQUEUE = Class(
    "mqueue",
    ("file",),
    "/** rw, /usr/** mr, mqueue,",
    {
        "without attach_disconnected": Probe(
            queue("lab-granted"), allows=flag("lab-mqueue", CONNECT_PATH), logged=False
        ),
        "with it": Probe(queue("lab-granted"), ("file wrc /lab-granted",), profile="lab-mqueue-connected"),
        "with it, not granted": Probe(queue("lab-other"), ("file wrc /lab-other",), profile="lab-mqueue-connected"),
    },
    others="""
    profile lab-mqueue-connected flags=(attach_disconnected) { /proc/** rw, /usr/** mr, /lab-granted rw, }
    """,
)
