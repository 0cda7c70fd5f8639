"""The answer to one `.access` query (security/apparmor/apparmorfs.c, profile_query_cb and query_label)."""

from collections.abc import Sequence

from dockarmor.access.confinement import StatePermissions
from dockarmor.access.mediation import Mediation
from dockarmor.access.permission import ALL
from dockarmor.compile.compiled import CompiledProfile
from dockarmor.kernel.embedded.era import Era
from dockarmor.kernel.protocol import Permissions, Query

#: the query, with `label`, a NUL, the label, a NUL, in a page less the kernel's own header
MAX_QUERY = 4096 - 16 - 1


def size(query: Query) -> int:
    """Bytes that a query takes in the file."""
    return len("label\0") + len(query.label) + 1 + 1 + len(query.match)


def answer(profiles: Sequence[CompiledProfile], query: Query, era: Era) -> Permissions:
    """The permissions that all of these grant together. No profile confines: everything is allowed.

    The file class asks as root: the owner's permissions where root asks, as `.access` has it.
    """
    allow, deny, audit, quiet = ALL, 0, 0, ALL
    for profile in profiles:
        found = _permissions(profile, query, era)
        if found is None:
            continue
        allow &= found.allow & ~found.deny
        deny |= found.deny
        audit |= found.audit & found.allow
        quiet &= found.quiet & ~found.allow
    return Permissions(allow, deny, audit, quiet)


def _permissions(profile: CompiledProfile, query: Query, era: Era) -> StatePermissions | None:
    """What one profile says, None where it says nothing because it does not mediate the class."""
    found = StatePermissions()
    if query.mediation == Mediation.FILE:
        table = era.file(profile)
        state = table.walk(table.start(), query.match) if table else 0
        if table and state:
            found = table.permissions(state, owner=True)
    else:
        table = profile.policy
        start = table.class_start(query.mediation) if table else 0
        if table is None or (not start and query.mediation):
            return None  # the kernel takes class 0, which is none, for mediated wherever there is a table
        state = table.walk(start, query.match)
        if state:
            found = era.permissions(table.permissions(state))
    if profile.audit:
        return StatePermissions(found.allow, found.deny, ALL, 0, found.kill, found.exec_index)
    return found
