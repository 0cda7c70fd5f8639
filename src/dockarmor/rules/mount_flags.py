"""The option words of mount rules, the bits they stand for, and which bits each mount operation looks at.

Sources: apparmor.d(5), MOUNT RULES; include/uapi/linux/mount.h; security/apparmor/mount.c for how the kernel
tells the operations apart and what it matches of their flags.
"""

from collections.abc import Iterable

from dockarmor.access.mountflag import CLEARED, MOUNT_FLAGS, RECURSIVE, SYNONYMS
from dockarmor.value import frozen

REMOUNT, BIND, MOVE = MOUNT_FLAGS["remount"], MOUNT_FLAGS["bind"], MOUNT_FLAGS["move"]
SILENT = MOUNT_FLAGS["silent"]
MAKE = sum(MOUNT_FLAGS[f"make-{word}"] for word in ("unbindable", "private", "slave", "shared"))
#: bits that say which operation is meant
COMMANDS = REMOUNT | BIND | MOVE | MAKE | RECURSIVE
#: every bit that a rule without options allows; nouser is not among them
EVERY = sum({bit for bit in MOUNT_FLAGS.values() if not bit & (RECURSIVE | 1 << 31)}) | RECURSIVE

# What a rule can say of the flags of each operation; the rest is not matched (upstream mount.h).
_NOT_ON_MAKE = sum(
    MOUNT_FLAGS[word] for word in ("nosuid", "nodev", "noexec", "noatime", "nodiratime", "relatime", "strictatime")
)
MASKS = {
    "remount": EVERY & ~MOVE,
    "bind": BIND | RECURSIVE,
    "make": EVERY & ~_NOT_ON_MAKE,
    "move": MOVE,
    "new": EVERY & ~COMMANDS,
}

WORDS = (*MOUNT_FLAGS, *SYNONYMS, *CLEARED)
_CANONICAL = {"w": "rw"}

# What the kernel drops before it looks: MS_KERNMOUNT, MS_NOSEC, MS_BORN, MS_ACTIVE, and the old magic number.
_IGNORED = 1 << 22 | 1 << 28 | 1 << 29 | 1 << 30
_MAGIC, _MAGIC_MASK = 0xC0ED0000, 0xFFFF0000
#: words of an audit record in the kernel's order; `r` goes before what is recursive
_AUDITED = (
    *("nosuid", "nodev", "noexec", "sync", "remount", "mand", "dirsync", "nosymfollow", "noatime"),
    *("nodiratime", "bind", "move", "silent", "acl", "unbindable", "private", "slave", "shared"),
    *("relatime", "iversion", "strictatime", "nouser"),
)
_MAY_RECUR = frozenset(("bind", "unbindable", "private", "slave", "shared"))


@frozen
class Options:
    """`options=(…)`: just these flags; `options in (…)`: any of these flags. Words by canonical names."""

    optional: bool
    words: tuple[str, ...]

    def bits(self) -> int:
        """The bits that are named; of an exact list only those that are set."""
        return bits_of(self.words, cleared=self.optional)


def canonical(word: str) -> str | None:
    """The name under which an option is written, None for a word that is none.

    >>> canonical("read-only"), canonical("rprivate"), canonical("defaults")
    ('ro', 'make-rprivate', None)
    """
    name = _CANONICAL.get(word) or SYNONYMS.get(word, word)
    return name if name in MOUNT_FLAGS or name in CLEARED else None


def bits_of(words: Iterable[str], *, cleared: bool = False) -> int:
    """The bits that words set, and if asked those that words say are not set."""
    bits = 0
    for word in words:
        name = SYNONYMS.get(word, word)
        bits |= MOUNT_FLAGS.get(name, 0)
        if cleared and word in CLEARED:
            bits |= MOUNT_FLAGS[CLEARED[word]]
    return bits


def contradiction(words: Iterable[str]) -> tuple[str, str] | None:
    """Two words of which one sets what the other says is not set.

    >>> contradiction(("nosuid", "ro", "rw")), contradiction(("rw", "suid"))
    (('ro', 'rw'), None)
    """
    words = tuple(words)
    for word in words:
        contrary = CLEARED.get(word)
        if contrary in words:
            return str(contrary), word
    return None


def flag_pattern(required: int, optional: int) -> bytes:
    """The pattern of flag bytes: bit n is the byte n+1, in ascending order; an optional bit may be missing.

    No flag at all is written as a byte that no flag has, or nothing: upstream's spelling of it.

    >>> flag_pattern(1, 2), flag_pattern(0, 0)
    (b'\\\\x01(\\\\x02|)', b'(\\\\xfe|)')
    """
    parts = []
    for bit in range(32):
        if optional >> bit & 1:
            parts.append(b"(\\x%02x|)" % (bit + 1))
        elif required >> bit & 1:
            parts.append(b"\\x%02x" % (bit + 1))
    return b"".join(parts) or rb"(\xfe|)"


def flag_bytes(flags: int) -> bytes:
    """The flags of a request as the kernel matches them.

    >>> flag_bytes(0x1001)
    b'\\x01\\r'
    """
    return bytes(bit + 1 for bit in range(32) if flags >> bit & 1)


def operation(flags: int) -> tuple[str, int]:
    """Which operation mount(2) does with these flags, and the flags that are matched then."""
    if flags & _MAGIC_MASK == _MAGIC:
        flags &= ~_MAGIC_MASK
    flags &= ~_IGNORED
    if flags & REMOUNT:
        return "remount", flags
    if flags & BIND:
        return "bind", flags & (BIND | RECURSIVE)
    if flags & MAKE:
        return "make", flags & (MAKE | RECURSIVE | SILENT)
    if flags & MOVE:
        return "move", MOVE
    return "new", flags


def audit_text(flags: int) -> str:
    """Flags as an audit record shows them (security/apparmor/mount.c, `audit_mnt_flags`).

    >>> audit_text(0x5000), audit_text(1)
    ('rw, rbind', 'ro')
    """
    words = ["ro" if flags & MOUNT_FLAGS["ro"] else "rw"]
    for word in _AUDITED:
        bit = MOUNT_FLAGS[SYNONYMS.get(word, word)]
        if flags & bit:
            words.append("r" + word if word in _MAY_RECUR and flags & RECURSIVE else word)
    return ", ".join(words)
