"""Accept words to permission bits, as the kernel maps them.

Rules are encoded in accept words (facts of the inline layout: 14 bits for the owner, 14 for others, two
shared). Kernels that read them map them themselves (security/apparmor/policy_compat.c); newer ones are given
the mapped permissions in a table. Both ways use the functions here, so both layouts mean the same.
"""

from typing import NamedTuple

from dockarmor.access.confinement import StatePermissions
from dockarmor.access.permission import Perm

#: Accept word: change_profile and onexec are not divided by ownership.
CHANGE_PROFILE = 0x80000000
ONEXEC = 0x40000000
#: Policy table only: more of the string follows (parser's AA_CONT_MATCH).
CONT_MATCH = 0x10000000
#: The seven letters x w r a l k m in both groups.
LETTERS = 0x1FC07F
#: A file's exec bit in both groups.
EXEC_BITS = 0x4001
#: Exec bits with everything that says how: exec, fallback, safety, target.
OWNER_EXEC = 0x3F81
OTHER_EXEC = OWNER_EXEC << 14

#: xindex (include/file.h, AA_X_*)
X_INDEX = 0x00FFFFFF
X_TYPE = 0x0C000000
X_NAME = 0x04000000
X_TABLE = 0x08000000
X_UNSAFE = 0x10000000
X_CHILD = 0x20000000
X_INHERIT = 0x40000000
X_UNCONFINED = 0x80000000

#: Named targets take the slots 4 to 15 of the four-bit field in the accept word.
FIRST_SLOT, LAST_SLOT = 4, 15

_READ = Perm.GETATTR | Perm.OPEN
_WRITE = Perm.SETATTR | Perm.CREATE | Perm.DELETE | Perm.CHMOD | Perm.CHOWN | Perm.OPEN

#: abi from which the kernel reads the extended bits instead of forcing LOCK (compute_perms_entry)
_ABI_XBITS = 9


class TableEntry(NamedTuple):
    """An entry of a permission table, in the order of the blob after the reserved word (unpack_perm)."""

    allow: int = 0
    deny: int = 0
    subtree: int = 0
    cond: int = 0
    kill: int = 0
    complain: int = 0
    prompt: int = 0
    audit: int = 0
    quiet: int = 0
    hide: int = 0
    exec_index: int = 0
    tag: int = 0
    label: int = 0

    def permissions(self) -> StatePermissions:
        return StatePermissions(self.allow, self.deny, self.audit, self.quiet, self.kill, self.exec_index)


def file_letters(group: int) -> int:
    """Permission bits of seven letter bits (`map_old_perms`).

    >>> hex(file_letters(0x4)), hex(file_letters(0xa))
    ('0x244', '0x317a')
    """
    bits = group & 0xF
    if group & 0x4:
        bits |= _READ
    if group & 0x2:
        bits |= _WRITE
    if group & 0x10:
        bits |= Perm.LINK
    if group & 0x20:  # lock, or in the second half of a link pair: the target's permissions are compared
        bits |= Perm.LOCK
    if group & 0x40:
        bits |= Perm.EXEC_MMAP
    return int(bits)


def exec_index(group: int) -> int:
    """The xindex word of a 14-bit group (`dfa_map_xindex`).

    >>> hex(exec_index(0x201)), hex(exec_index(0x901)), hex(exec_index(0x1001))
    ('0x40000000', '0x14000000', '0x8000000')
    """
    index = 0
    if group & 0x100:
        index |= X_UNSAFE
    if group & 0x200:
        index |= X_INHERIT
    if group & 0x80:
        index |= X_UNCONFINED
    slot = group >> 10 & 0xF
    if slot == 1:
        index |= X_UNCONFINED
    elif slot == 2:
        index |= X_NAME
    elif slot == 3:
        index |= X_NAME | X_CHILD
    elif slot:
        index |= X_TABLE | slot - FIRST_SLOT
    return index


def file_entry(allow: int, audit: int = 0, quiet: int = 0, prompt: int = 0, *, owner: bool = True) -> TableEntry:
    """One half of a file state. All four words are accept words (`compute_fperms_user`, `…_other`)."""
    shift = 0 if owner else 14
    granted = file_letters(allow >> shift & 0x7F) | Perm.GETATTR
    if allow & CHANGE_PROFILE:
        granted |= Perm.CHANGE_PROFILE
    if allow & ONEXEC:
        granted |= Perm.ONEXEC
    return TableEntry(
        allow=int(granted),
        prompt=file_letters(prompt >> shift & 0x7F) & ~granted,
        audit=file_letters(audit >> shift & 0x7F),
        quiet=file_letters(quiet >> shift & 0x7F),
        exec_index=exec_index(allow >> shift & 0x3FFF),
    )


def policy_entry(
    allow: int, audit: int = 0, quiet: int = 0, prompt: int = 0, *, table: bool, abi: int = 5
) -> TableEntry:
    """A state of the policy table (`compute_perms_entry`).

    `table`: as it is written into a permission table, where CONT_MATCH has a place; the kernel's own mapping
    of accept words has none. LOCK, which no class of this table asks for, comes out as the kernel's mapping
    has it.
    """
    granted = allow & 0x8000007F | _extended(allow >> 14)
    quieted = quiet & 0x7F | _extended(quiet >> 14)
    if abi < _ABI_XBITS:
        granted |= Perm.LOCK
    else:
        granted |= _x_bits(allow >> 7)
        quieted |= _x_bits(quiet >> 21)
    if table and allow & CONT_MATCH:
        granted |= Perm.CONT_MATCH
    return TableEntry(
        allow=int(granted),
        prompt=(prompt & 0x7F | _extended(prompt >> 14)) & ~int(granted),
        audit=audit & 0x7F | _extended(audit >> 14),
        quiet=int(quieted),
    )


def attachment_entry(allow: int) -> TableEntry:
    """A state of an attachment's table (`compute_xmatch_perms`)."""
    return TableEntry(allow=allow & 0x8000007F)


def second_word(audit: int, quiet: int) -> int:
    """The second accept word: which of the seven letters are audited and which denials are silent.

    >>> hex(second_word(0, 0x2800A))
    '0x1400500'
    """
    return audit & LETTERS | (quiet & LETTERS) << 7


def audit_of(second: int) -> int:
    """The audit accept word in a second accept word."""
    return second & LETTERS


def quiet_of(second: int) -> int:
    """The quiet accept word in a second accept word."""
    return second >> 7 & LETTERS


def _extended(group: int) -> int:
    """The other group extends the set: setattr getattr, accept bind listen, setopt getopt (`map_other`)."""
    return (group & 0x3) << 8 | (group & 0x1C) << 18 | (group & 0x60) << 19


def _x_bits(group: int) -> int:
    return (group & 0x1) << 7 | (group & 0x7E) << 9
