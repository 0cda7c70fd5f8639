"""How the kernel answers requests against the file table, and what it says of them in records.

Source: security/apparmor/file.c, `aa_audit_file`. The field `deny` of a permission entry is not consulted
here: what is denied was taken from `allow` when the policy was compiled.
"""

from collections.abc import Iterable

from dockarmor.access.confinement import StatePermissions
from dockarmor.access.decision import Decision, Match
from dockarmor.access.event import Event
from dockarmor.access.permission import FILE_LETTERS, Perm

EACCES = 13
#: bits that a record shows as letters of others (file.c, `map_mask_to_chr_mask`)
_SHOWN_AS = (
    (Perm.GETATTR, Perm.READ),
    (Perm.SETATTR | Perm.CHMOD | Perm.CHOWN, Perm.WRITE),
)


def answer(
    permissions: StatePermissions, request: int, matches: Iterable[Match] = (), info: str | None = None
) -> Decision:
    """A denial is silent where every denied bit is quiet; a grant is where no bit of it is audited.

    `requested` is what a record prints: of a denial only what was denied, of a grant what is audited.
    """
    found = tuple(matches)
    denied = request & ~permissions.allow
    if not denied:
        audited = request & permissions.audit
        return Decision(True, audited or request, record="AUDIT" if audited else None, matches=found)
    logged = denied & ~permissions.quiet
    record = None
    if logged:
        record = "KILLED" if denied & permissions.kill else "DENIED"
    shown = logged or denied
    return Decision(False, shown, shown, record, EACCES, info, matches=found)


def mask(bits: int) -> str:
    """Permission bits as letters, in the kernel's order.

    >>> mask(Perm.READ | Perm.WRITE | Perm.CREATE)
    'wrc'
    """
    for hidden, letter in _SHOWN_AS:
        if bits & hidden:
            bits |= letter
    return "".join(letter for letter, bit in FILE_LETTERS.items() if bits & bit)


def object_pairs(decision: Decision) -> tuple[tuple[str, str | int], ...]:
    """The pairs of a record about a file; the ids are the task's, and the kernel room fills them in."""
    pairs: list[tuple[str, str | int]] = [("requested_mask", mask(decision.requested))]
    if decision.denied:
        pairs.append(("denied_mask", mask(decision.denied)))
    return (*pairs, ("fsuid", 0), ("ouid", 0))


def bits_of_mask(text: str) -> int:
    """The bits of a record's mask; old kernels wrote `r::` for the owner's and `::r` for the other's half.

    >>> bits_of_mask("wrc") == Perm.WRITE | Perm.READ | Perm.CREATE
    True
    """
    return sum({FILE_LETTERS[letter] for letter in text if letter in FILE_LETTERS})


def is_owner(event: Event) -> bool:
    """Did the task own the object? Old masks (`::w`) may say so; without a word it is taken so."""
    fields = event.fields
    if "fsuid" in fields and "ouid" in fields:
        return fields["fsuid"] == fields["ouid"]
    return not fields.get("requested_mask", "").startswith("::")
