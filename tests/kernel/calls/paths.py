"""What is done to files: opened, made, renamed, linked, locked, mapped, inherited, received."""

from probes import Class, Probe

LATER = ("lab 6.12", "lab 6.17")
#: file permissions by which rename(2) asks about the old name
_RENAMED = "rwd,setattr,getattr"


def opened(path: str, flags: str) -> str:
    return f"fd = os.open('/mnt/{path}', os.{flags.replace('|', '|os.')}, 0o600)"


_RULES = """
    /proc/** rw, /usr/** mr, /lab/** r, / r, /mnt/ r,
    /mnt/file rw,
    /mnt/read r,
    /mnt/append a,
    /mnt/made* w,
    /mnt/dir/ w,
    /mnt/old rw,
    /mnt/old2 rw,
    /mnt/new2 rw,
    /mnt/lock rk,
    /mnt/map mr,
    /mnt/link l,
    /mnt/link-pair l -> /mnt/file,
    link subset /mnt/link-subset -> /mnt/read,
    link subset /mnt/link-more -> /mnt/read,
    /mnt/link-subset r,
    /mnt/link-more rw,
    owner /mnt/owned rw,
"""
_FILES = "private(); files('read', 'append', 'old', 'old2', 'lock', 'map', 'none', 'owned')"


def probe(code: str, *requests: str, before: str = "", ouid: int = 0, operation: str | None = None) -> Probe:
    return Probe(code, requests, f"{_FILES}; {before}" if before else _FILES, ouid=ouid, operation=operation)


def inherited(code: str, path: str, flags: str, request: str) -> Probe:
    """A file that was opened under another profile."""
    before = f"{_FILES}; become('changeprofile lab-opener'); {opened(path, flags)}"
    return Probe(code, (request,), before, operation=None if request.startswith("file k") else "file_perm")


_MAPPED = "call(MMAP, 0, 4096, 5, 2, fd, 0)"
FILE = Class(
    "file",
    ("file",),
    _RULES,
    {
        "read": probe(opened("read", "O_RDONLY"), "file r /mnt/read"),
        "read, not granted": probe(opened("none", "O_RDONLY"), "file r /mnt/none"),
        "write": probe(opened("file", "O_WRONLY"), "file w /mnt/file"),
        "write, not granted": probe(opened("read", "O_WRONLY"), "file w /mnt/read"),
        "append": probe(opened("append", "O_WRONLY|O_APPEND"), "file a /mnt/append"),
        "write where one may append": probe(opened("append", "O_WRONLY"), "file w /mnt/append"),
        "open to truncate": probe(opened("file", "O_WRONLY|O_TRUNC"), "file w /mnt/file", "file w,setattr /mnt/file"),
        "truncate": probe("os.truncate('/mnt/read', 0)", "file w,setattr /mnt/read"),
        "create": probe(opened("made", "O_WRONLY|O_CREAT"), "file c /mnt/made", "file wc /mnt/made"),
        "create, not granted": probe(opened("other", "O_WRONLY|O_CREAT"), "file c /mnt/other"),
        "folder": probe("os.mkdir('/mnt/dir')", "file c /mnt/dir/"),
        "folder under a file's name": probe("os.mkdir('/mnt/made')", "file c /mnt/made/"),
        "remove a folder": probe("os.rmdir('/mnt/a2')", "file d /mnt/a2/", before="os.mkdir('/mnt/a2')"),
        "symbolic link": probe("os.symlink('x', '/mnt/made-link')", "file c /mnt/made-link"),
        "symbolic link, not granted": probe("os.symlink('x', '/mnt/link')", "file c /mnt/link", operation="symlink"),
        "pipe": probe("call(133, b'/mnt/made-pipe', 0o10600, 0)", "file c /mnt/made-pipe"),
        "unlink": probe("os.unlink('/mnt/old')", "file d /mnt/old"),
        "unlink, not granted": probe("os.unlink('/mnt/read')", "file d /mnt/read"),
        "look at": probe("os.stat('/mnt/read')", "file getattr /mnt/read"),
        "look at, not granted": probe("os.stat('/mnt/none')", "file getattr /mnt/none"),
        "chmod": probe("os.chmod('/mnt/file', 0o600)", "file chmod /mnt/file"),
        "chmod, not granted": probe("os.chmod('/mnt/read', 0o600)", "file chmod /mnt/read"),
        "chown": probe("os.chown('/mnt/file', 0, 0)", "file chown /mnt/file"),
        "chown, not granted": probe("os.chown('/mnt/read', 0, 0)", "file chown /mnt/read"),
        "rename": probe(
            "os.rename('/mnt/old', '/mnt/new2')", f"file {_RENAMED} /mnt/old", "file wc,setattr /mnt/new2"
        ),
        "rename what may only be read": probe(
            "os.rename('/mnt/read', '/mnt/new2')", f"file {_RENAMED} /mnt/read", "file wc,setattr /mnt/new2"
        ),
        "rename to a name that is not granted": probe(
            "os.rename('/mnt/old', '/mnt/other')", f"file {_RENAMED} /mnt/old", "file wc,setattr /mnt/other"
        ),
        "exchange": probe(
            "call(316, HERE, b'/mnt/old', HERE, b'/mnt/old2', 2)",
            *(f"file {_RENAMED} /mnt/old2", "file wc,setattr /mnt/old"),
            *(f"file {_RENAMED} /mnt/old", "file wc,setattr /mnt/old2"),
        ),
        "exchange with one that may only be read": probe(
            "call(316, HERE, b'/mnt/old', HERE, b'/mnt/read', 2)", f"file {_RENAMED} /mnt/read"
        ),
        "lock": probe(f"{opened('lock', 'O_RDONLY')}; call(73, fd, 1)", "file r /mnt/lock", "file lock /mnt/lock"),
        "lock, not granted": probe(
            f"{opened('read', 'O_RDONLY')}; call(73, fd, 1)", "file r /mnt/read", "file lock /mnt/read"
        ),
        "record lock, not granted": probe(
            f"{opened('file', 'O_RDWR')}; call(72, fd, 6, ctypes.create_string_buffer(bytes([1] + [0] * 31)))",
            "file rw /mnt/file",
            "file lock /mnt/file",
        ),
        "map to execute": probe(f"{opened('map', 'O_RDONLY')}; {_MAPPED}", "file r /mnt/map", "file m /mnt/map"),
        "map to execute, not granted": probe(
            f"{opened('read', 'O_RDONLY')}; {_MAPPED}", "file r /mnt/read", "file m /mnt/read"
        ),
        "make a mapping executable": probe(
            f"{opened('read', 'O_RDONLY')}; libc.mmap.restype = ctypes.c_void_p; "
            "call(MPROTECT, libc.mmap(None, 4096, 1, 2, fd, ctypes.c_long(0)), 4096, 5)",
            "file r /mnt/read",
            "file m /mnt/read",
            operation="file_mprotect",
        ),
        "link": probe("os.link('/mnt/file', '/mnt/link-pair')", "link /mnt/link-pair -> /mnt/file"),
        "link to another": probe("os.link('/mnt/read', '/mnt/link-pair')", "link /mnt/link-pair -> /mnt/read"),
        "link to anything": probe("os.link('/mnt/none', '/mnt/link')", "link /mnt/link -> /mnt/none"),
        "link with no more than its target": probe(
            "os.link('/mnt/read', '/mnt/link-subset')", "link /mnt/link-subset -> /mnt/read"
        ),
        "link with more than its target": probe(
            "os.link('/mnt/read', '/mnt/link-more')", "link /mnt/link-more -> /mnt/read"
        ),
        "one's own": probe(opened("owned", "O_RDWR"), "file rw /mnt/owned"),
        "another's": probe(
            opened("owned", "O_RDWR"), "file rw /mnt/owned other", before="os.chown('/mnt/owned', 1000, 0)", ouid=1000
        ),
        "go there": probe("os.chdir('/mnt/a')"),
        "ask whether one could": probe("os.access('/mnt/none', os.R_OK)"),
        # What was opened under another profile is asked about when it is used; what nothing confined opened is not.
        "use an inherited file": inherited("os.read(fd, 1)", "read", "O_RDONLY", "file r /mnt/read"),
        "use an inherited file, not granted": inherited("os.read(fd, 1)", "none", "O_RDONLY", "file r /mnt/none"),
        "write to an inherited file, not granted": inherited(
            "os.write(fd, b'x')", "read", "O_WRONLY", "file w /mnt/read"
        ),
        "lock an inherited file, not granted": inherited("call(73, fd, 1)", "read", "O_RDONLY", "file k /mnt/read"),
        "use a file that the unconfined opened": probe("os.read(fd, 1)", before=opened("none", "O_RDONLY")),
        "write to a file that the unconfined opened": probe("os.write(fd, b'x')", before=opened("read", "O_WRONLY")),
        "receive a file": probe("received(s)", "file r /mnt/read", before="s = passed('/mnt/read', 'lab-opener')"),
        "receive a file, not granted": Probe(
            "received(s)",
            ("file r /mnt/none",),
            f"{_FILES}; s = passed('/mnt/none', 'lab-opener')",
            operation="file_receive",
        ),
        "receive a file that the unconfined opened": Probe("received(s)", (), f"{_FILES}; s = passed('/mnt/none')"),
        "through another name": probe(
            "os.open('/mnt/b/none', os.O_RDONLY)", "file r /mnt/b/none", before="mount('/mnt', '/mnt/b', None, BIND)"
        ),
        "through a symbolic link": probe(
            "os.open('/mnt/sym', os.O_RDONLY)", "file r /mnt/none", before="os.symlink('none', '/mnt/sym')"
        ),
    },
    others="profile lab-opener { file, capability, network, unix, signal, change_profile, }",
)
