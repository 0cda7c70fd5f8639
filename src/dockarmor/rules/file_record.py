"""Audit records about files: what the kernel writes for a request, and the request behind a record.

Source: security/apparmor/lsm.c (which operation asks what), security/apparmor/file.c, `file_audit_cb`.
"""

from dockarmor.access.decision import Decision
from dockarmor.access.event import Event
from dockarmor.access.permission import Perm
from dockarmor.access.request import FileRequest
from dockarmor.rules.file_check import bits_of_mask, is_owner, object_pairs
from dockarmor.rules.kind import RecordPairs

#: the system call that asks just this (security/apparmor/lsm.c); tried in order
_RENAMED_FROM = Perm.READ | Perm.WRITE | Perm.GETATTR | Perm.SETATTR | Perm.DELETE
_RENAMED_TO = Perm.WRITE | Perm.SETATTR | Perm.CREATE
_OPERATIONS = {
    "rename_src": int(_RENAMED_FROM),
    "rename_dest": int(_RENAMED_TO),
    "truncate": int(Perm.WRITE | Perm.SETATTR),
    "mknod": int(Perm.CREATE),
    "unlink": int(Perm.DELETE),
    "chmod": int(Perm.CHMOD),
    "chown": int(Perm.CHOWN),
    "getattr": int(Perm.GETATTR),
    "link": int(Perm.LINK),
    "exec": int(Perm.EXEC),
}
#: operations that no other has the mask of; masks show `w` for setattr, chmod and chown, `r` for getattr
_EXACTLY = {
    name: _OPERATIONS[name] for name in ("rename_src", "rename_dest", "truncate", "chmod", "chown", "getattr")
}


#: what the operations on a directory, whose path ends in `/`, are called
_OF_FOLDERS = {"mknod": "mkdir", "unlink": "rmdir"}


def operation(permissions: int, path: bytes = b"") -> str:
    """The operation a record names for such a request.

    >>> operation(Perm.READ), operation(Perm.CREATE), operation(Perm.LOCK | Perm.WRITE)
    ('open', 'mknod', 'file_lock')
    >>> operation(Perm.CREATE, b"/tmp/x/")
    'mkdir'
    """
    for name, bits in _OPERATIONS.items():
        if permissions == bits:
            return _OF_FOLDERS.get(name, name) if path.endswith(b"/") else name
    if permissions & Perm.LOCK:
        return "file_lock"
    return "file_mmap" if permissions & Perm.EXEC_MMAP else "open"


def record(request: FileRequest, decision: Decision) -> RecordPairs:
    return RecordPairs(operation(request.permissions, request.path), "file", request.path, object_pairs(decision))


_OTHER_KINDS = frozenset(("link", "inode_link", "exec"))
#: records with these pairs are about something else, whatever else they hold
_NOT_FILES = frozenset(("family", "sock_type", "capability", "signal", "peer", "bus", "interface", "rlimit"))


def request(event: Event) -> FileRequest | None:
    """A record with a name and a mask of file letters; none where the kernel could not find a name."""
    fields = event.fields
    name = fields.get("name")
    text = fields.get("requested_mask") or fields.get("denied_mask") or ""
    if not name or fields.get("class", "file") != "file" or event.operation in _OTHER_KINDS:
        return None
    if not _NOT_FILES.isdisjoint(fields) or fields.get("info", "").startswith("Failed name lookup"):
        return None
    bits = _EXACTLY.get(event.operation) or bits_of_mask(text)
    if not bits or not text:
        return None
    return FileRequest(bits, name.encode("latin-1"), owner=is_owner(event))
