"""Unmounting: `umount /mnt/,`.

Sources: apparmor.d(5), MOUNT RULES; security/apparmor/mount.c, `profile_umount`.
"""

from collections.abc import Iterator

from dockarmor.access.confinement import Confinement
from dockarmor.access.decision import Decision, Match
from dockarmor.access.event import Event
from dockarmor.access.mediation import Mediation
from dockarmor.access.permission import MOUNT_NAMES
from dockarmor.access.request import UmountRequest
from dockarmor.rules.conditions import Tail
from dockarmor.rules.kernel_check import ALLOWED, check, class_state
from dockarmor.rules.kind import Dropped, Entry, Kind, Qualifiers, RecordPairs, Scope
from dockarmor.rules.mount import end, path_pattern, read_conditions, spell_conditions
from dockarmor.rules.mount_flags import Options
from dockarmor.rules.policy_entry import entry, not_enforced, weakened
from dockarmor.rules.spelling import spell, spell_qualifiers
from dockarmor.syntax.cursor import Cursor, Word
from dockarmor.text.source import Span
from dockarmor.value import field, frozen

_UMOUNT = MOUNT_NAMES["umount"]


@frozen
class UmountRule:
    """`mountpoint` None for every mount. The conditions have no meaning; they are kept to write them back."""

    fstypes: tuple[Word, ...]
    options: tuple[Options, ...]
    mountpoint: Word | None
    qualifiers: Qualifiers
    span: Span = field(compare=False, repr=False)


def parse(cursor: Cursor, qualifiers: Qualifiers, start: int) -> UmountRule:
    """`( "umount" | "unmount" ) { condition } [ mountpoint ] ","`, conditions as in mount rules"""
    tail = Tail(cursor, qualifiers, start, "umount", "DA25")
    fstypes, options = read_conditions(tail)
    mountpoint = tail.word()
    return UmountRule(fstypes, options, mountpoint, qualifiers, end(tail))


def write(rule: UmountRule) -> str:
    words = ["umount", *spell_conditions(rule.fstypes, rule.options)]
    if rule.mountpoint is not None:
        words.append(spell(rule.mountpoint.text))
    return f"{spell_qualifiers(rule.qualifiers)}{' '.join(words)},"


def encode(rule: UmountRule, scope: Scope) -> Iterator[Entry | Dropped]:
    """`07` mountpoint."""
    if not scope.has("mount"):
        yield not_enforced("umount", rule.span, "mount", scope, rule.mountpoint)
        return
    if rule.fstypes or rule.options:
        yield weakened(
            "DA424",
            "conditions of a umount rule have no effect: the kernel asks for the mount point only",
            rule.span,
            "remove them, so that the rule says what it does",
        )
    yield entry(rule.qualifiers, rb"\x07" + path_pattern(rule.mountpoint, scope), _UMOUNT)


def decide(confinement: Confinement, request: UmountRequest) -> Decision:
    table, state = class_state(confinement, Mediation.MOUNT)
    if table is None or not state:
        return ALLOWED
    matches = (Match("policy", bytes((Mediation.MOUNT,)) + request.mountpoint),)
    return check(table.permissions(table.walk(state, request.mountpoint)), _UMOUNT, matches)


def record(request: UmountRequest, decision: Decision) -> RecordPairs:
    return RecordPairs("umount", "mount", request.mountpoint)


def request(event: Event) -> UmountRequest | None:
    """`operation="umount"` with the mount point."""
    if event.operation != "umount" or "name" not in event.fields:
        return None
    return UmountRequest(event.fields["name"].encode("latin-1"))


KIND = Kind(
    "umount",
    keywords=("umount", "unmount"),
    rules=(UmountRule,),
    requests=(UmountRequest,),
    parse=parse,
    write=write,
    encode=encode,
    decide=decide,
    record=record,
    request=request,
)
