"""Requests about mounts: mount, umount, pivot_root."""

from dockarmor.access.grammar.reader import Reader, Token, names_of, path_word, quote
from dockarmor.access.mountflag import CLEARED, MOUNT_FLAGS, SYNONYMS
from dockarmor.access.request import MountRequest, PivotRootRequest, UmountRequest

MAX_FLAGS = 0xFFFFFFFF


def parse_mount(reader: Reader) -> MountRequest:
    """`mount` [ `fstype=` type ] [ `options=` flags ] [ source ] `->` mountpoint

    flags = words of mount(8) as the rule language spells them, or bits as `0x…`
    """
    found = reader.conditions(("fstype", "options"))
    source = b""
    if not reader.accept("->"):
        source = reader.path(reader.word("the source or `->`"), relative=True)
        reader.arrow("the mount point")
    mountpoint = reader.path(reader.word("the mount point"))
    fstype = reader.path(found["fstype"], relative=True) if "fstype" in found else b""
    flags = _flags(reader, found["options"]) if "options" in found else 0
    return MountRequest(mountpoint, source, fstype, flags)


def _flags(reader: Reader, token: Token) -> int:
    word = 0
    cleared = 0
    known = (*MOUNT_FLAGS, *SYNONYMS, *CLEARED)
    for item in reader.items(token):
        name = SYNONYMS.get(item, item)
        if item.startswith("0x"):
            word |= reader.number(Token(item, token.span), MAX_FLAGS)
        elif item in CLEARED:
            cleared |= MOUNT_FLAGS[CLEARED[item]]
        elif name in MOUNT_FLAGS:
            word |= MOUNT_FLAGS[name]
        else:
            reader.unknown("DA708", "mount option", item, known, token.span)
    if word & cleared:
        clash = names_of(word & cleared, MOUNT_FLAGS)
        reader.fail("DA708", f"the options say both `{clash}` and its contrary", token.span)
    return word


def write_mount(request: MountRequest) -> str:
    words = ["mount"]
    if request.fstype:
        words.append(quote(request.fstype, key="fstype"))
    if request.flags:
        flags = names_of(request.flags, MOUNT_FLAGS)
        words.append(f"options=({flags})" if "," in flags else f"options={flags}")
    if request.source:
        words.append(quote(request.source))
    return " ".join([*words, "->", path_word(request.mountpoint)])


def parse_umount(reader: Reader) -> UmountRequest:
    """`umount` mountpoint"""
    return UmountRequest(reader.path(reader.word("the mount point")))


def write_umount(request: UmountRequest) -> str:
    return f"umount {path_word(request.mountpoint)}"


def parse_pivot_root(reader: Reader) -> PivotRootRequest:
    """`pivot_root` `oldroot=` path path"""
    found = reader.conditions(("oldroot",))
    if "oldroot" not in found:
        reader.fail("DA704", "expected `oldroot=`", reader.take("`oldroot=`").span)
    new_root = reader.path(reader.word("the new root"))
    return PivotRootRequest(new_root, reader.path(found["oldroot"]))


def write_pivot_root(request: PivotRootRequest) -> str:
    return f"pivot_root oldroot={path_word(request.put_old)} {path_word(request.new_root)}"
