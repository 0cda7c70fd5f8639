"""How the kernel turns the permissions of a state into an answer, shared by every class of the policy table.

Sources: security/apparmor/lib.c (`aa_check_perms`), security/apparmor/label.c (`aa_label_match`).
"""

from collections.abc import Iterable, Mapping

from dockarmor.access.confinement import Automaton, Confinement, StatePermissions
from dockarmor.access.decision import Decision, Match
from dockarmor.access.permission import ALL

EACCES = 13
ALLOWED = Decision(allowed=True)
NOTHING = StatePermissions()
EVERYTHING = StatePermissions(allow=ALL, quiet=ALL)


def class_state(confinement: Confinement, mediation: int) -> tuple[Automaton | None, int]:
    """The policy table and its state after the class byte; state 0 where the class is not mediated."""
    table = confinement.policy
    return table, 0 if table is None else table.class_start(mediation)


def check(
    permissions: StatePermissions, request: int, matches: Iterable[Match] = (), info: str | None = None
) -> Decision:
    """`aa_check_perms`: a denial is silent where every denied bit is quiet, a grant where no bit is audited.

    `requested` and `denied` of the decision are what an audit record prints.
    """
    denied = request & (~permissions.allow | permissions.deny)
    found = tuple(matches)
    if not denied:
        audited = request & permissions.audit
        record = "AUDIT" if audited else None
        return Decision(True, audited or request, record=record, info=info, matches=found)
    logged = denied & ~permissions.quiet
    record = None
    if logged:
        record = "KILLED" if denied & permissions.kill else "DENIED"
    return Decision(False, request, logged or denied, record, EACCES, info, matches=found)


def combine(decisions: Iterable[Decision], request: int) -> Decision:
    """Several checks of one request: the first denial that is logged speaks, else the first denial."""
    every = tuple(decisions)
    matches = tuple(match for decision in every for match in decision.matches)
    denials = sorted((d for d in every if not d.allowed), key=lambda d: d.record is None)
    audits = [d for d in every if d.allowed and d.record]
    chosen = (denials or audits or [ALLOWED])[0]
    denied = 0
    for denial in denials:
        if (denial.record is None) == (chosen.record is None):
            denied |= denial.denied
    requested = request if denials or not audits else 0
    for audit in audits if not denials else ():
        requested |= audit.requested
    return Decision(not denials, requested, denied, chosen.record, chosen.errno, chosen.info, matches=matches)


def mask_pairs(
    decision: Decision, names: Mapping[str, int], keys: tuple[str, str] = ("requested_mask", "denied_mask")
) -> tuple[tuple[str, str], ...]:
    """The masks of a record as words in bit order; a record of a grant has no denied mask.

    >>> mask_pairs(Decision(False, 6, 4), {"send": 2, "receive": 4})
    (('requested_mask', 'send receive'), ('denied_mask', 'receive'))
    """
    asked = (keys[0], " ".join(name for name, bit in names.items() if decision.requested & bit))
    denied = " ".join(name for name, bit in names.items() if decision.denied & bit)
    return (asked, (keys[1], denied)) if denied else (asked,)


def mask_of(fields: Mapping[str, str], names: Mapping[str, int]) -> int:
    """The bits that a record says were asked for, under any of the keys that kernels have used.

    >>> mask_of({"requested_mask": "send receive"}, {"send": 2, "receive": 4})
    6
    """
    text = next(
        (fields[key] for key in ("requested_mask", "requested", "denied_mask", "denied") if key in fields), ""
    )
    bits = 0
    for word in text.split():
        bits |= names.get(word, 0)
    return bits


def components(label: str) -> list[str]:
    """The parts of a stack that are in the profile's own namespace; only they are looked at.

    >>> components("a//&:ns:b//&c")
    ['a', 'c']
    """
    return [part for part in label.split("//&") if not part.startswith(":")]


def match_label(
    table: Automaton, state: int, prefix: bytes, label: str, request: int
) -> tuple[StatePermissions, tuple[Match, ...]]:
    """`aa_label_match`: the whole stack first; if it matches but does not suffice, its parts one by one.

    A stack whose text leads nowhere is denied without a look at its parts (`label_compound_match` returns the
    dead state, which reads as success). Parts outside of the namespace do not count, and where none is inside
    everything is allowed.
    """
    parts = components(label)
    if not parts:
        return EVERYTHING, ()
    whole = "//&".join(parts).encode("latin-1", "replace")
    end = table.walk(state, whole)
    found: tuple[Match, ...] = (Match("policy", prefix + whole),)
    if end == 0:
        return NOTHING, found
    permissions = table.permissions(end)
    if permissions.allow & request == request or len(parts) == 1:
        return permissions, found
    deny = audit = kill = 0
    allow = quiet = ALL
    for part in parts:
        text = part.encode("latin-1", "replace")
        end = table.walk(state, text)
        found = (*found, Match("policy", prefix + text))
        if end == 0:
            return NOTHING, found
        one = table.permissions(end)
        deny |= one.deny
        allow &= one.allow & ~deny
        audit |= one.audit & one.allow
        quiet &= one.quiet & ~one.allow
        kill |= one.kill & ~one.allow
    return StatePermissions(allow, deny, audit, quiet, kill), found
