"""Requests about a path: file, link, exec, change_profile."""

from dockarmor.access.grammar.reader import Reader, names_of, path_word, quote
from dockarmor.access.permission import FILE_LETTERS, Perm
from dockarmor.access.request import ChangeProfileRequest, ExecRequest, FileRequest, LinkRequest

#: permission words beside the letters; `write` asks for what opening to write asks for, and no more
FILE_NAMES = {
    "exec": Perm.EXEC,
    "write": Perm.WRITE,
    "read": Perm.READ,
    "append": Perm.APPEND,
    "create": Perm.CREATE,
    "delete": Perm.DELETE,
    "open": Perm.OPEN,
    "rename": Perm.RENAME,
    "setattr": Perm.SETATTR,
    "getattr": Perm.GETATTR,
    "setcred": Perm.SETCRED,
    "getcred": Perm.GETCRED,
    "chmod": Perm.CHMOD,
    "chown": Perm.CHOWN,
    "chgrp": Perm.CHGRP,
    "lock": Perm.LOCK,
    "mmap_exec": Perm.EXEC_MMAP,
    "mprot": Perm.MPROT,
    "link": Perm.LINK,
    "snapshot": Perm.SNAPSHOT,
}
#: how letters are written one after the other
ORDER = "rwacdmlkx"
SHORTHANDS = ("read", "write", "append", "create", "delete")


def parse_file(reader: Reader) -> FileRequest:
    """`file` permissions path [ `owner` | `other` ]"""
    token = reader.take("the permissions")
    if token.key or token.quoted or token.raw.startswith("/"):
        reader.fail("DA704", "expected the permissions before the path", token.span)
    permissions = reader.permissions(token, FILE_NAMES, FILE_LETTERS)
    return _object(reader, permissions)


def parse_shorthand(reader: Reader, verb: str) -> FileRequest:
    """( `read` | `write` | `append` | `create` | `delete` ) path [ `owner` | `other` ]"""
    return _object(reader, FILE_NAMES[verb])


def _object(reader: Reader, permissions: int) -> FileRequest:
    path = reader.path(reader.word("the path"))
    return FileRequest(int(permissions), path, owner=_owner(reader))


def _owner(reader: Reader) -> bool:
    """[ `owner` | `other` ]: does the task own the file? By default it does."""
    return not reader.accept("other") and (reader.accept("owner") or True)


def write_file(request: FileRequest) -> str:
    letters = "".join(letter for letter in ORDER if request.permissions & FILE_LETTERS[letter])
    rest = names_of(request.permissions & ~sum(FILE_LETTERS.values()), FILE_NAMES)
    permissions = ",".join(part for part in (letters, rest) if part)
    return f"file {permissions} {path_word(request.path)}{_suffix(request.owner)}"


def _suffix(owner: bool) -> str:
    return "" if owner else " other"


def parse_link(reader: Reader) -> LinkRequest:
    """`link` new `->` existing [ `owner` | `other` ]"""
    link = reader.path(reader.word("the path of the new link"))
    reader.arrow("the existing file")
    target = reader.path(reader.word("the existing file"))
    return LinkRequest(link, target, owner=_owner(reader))


def write_link(request: LinkRequest) -> str:
    return f"link {path_word(request.link)} -> {path_word(request.target)}{_suffix(request.owner)}"


def parse_exec(reader: Reader) -> ExecRequest:
    """`exec` path [ `owner` | `other` ]"""
    return ExecRequest(reader.path(reader.word("the program's path")), owner=_owner(reader))


def write_exec(request: ExecRequest) -> str:
    return f"exec {path_word(request.path)}{_suffix(request.owner)}"


def parse_change_profile(reader: Reader) -> ChangeProfileRequest:
    """`change_profile` label [ `exec=` path ]"""
    target = reader.text(reader.word("the profile to change to"))
    found = reader.conditions(("exec",))
    return ChangeProfileRequest(target, onexec=reader.path(found["exec"]) if "exec" in found else None)


def write_change_profile(request: ChangeProfileRequest) -> str:
    onexec = "" if request.onexec is None else f" exec={path_word(request.onexec)}"
    return f"change_profile {quote(request.target)}{onexec}"
