"""What happens to a task's label when it runs a program: the meaning of the kernel's xindex word.

Source: security/apparmor/domain.c, `x_to_label` and `profile_transition`; include/file.h, AA_X_*.
"""

from typing import Literal

from dockarmor.access.confinement import Confinement, StatePermissions
from dockarmor.access.decision import Decision, Match
from dockarmor.access.event import Event
from dockarmor.access.permission import Perm
from dockarmor.access.request import ExecRequest
from dockarmor.rules.file_check import answer, is_owner, object_pairs
from dockarmor.rules.kind import RecordPairs
from dockarmor.value import frozen, replace

_INDEX = 0x00FFFFFF
_TYPE = 0x0C000000
_NAME = 0x04000000
_TABLE = 0x08000000
_UNSAFE = 0x10000000
_CHILD = 0x20000000
_INHERIT = 0x40000000
_UNCONFINED = 0x80000000

Way = Literal["none", "inherit", "unconfined", "profile", "child", "named"]


@frozen
class Transition:
    """One exec transition.

    `way`: none (exec is allowed but leads nowhere: an error), inherit (ix), unconfined (ux), profile (px: the
    profile that attaches to the path), child (cx), named (a target of the profile's table, in `target`).
    `fallback` is taken where the profile does not exist. `scrubs`: the environment is scrubbed (AT_SECURE).
    """

    way: Way
    target: str | None = None
    fallback: Literal["inherit", "unconfined"] | None = None
    scrubs: bool = True


def decode(exec_index: int, table: tuple[str, ...]) -> Transition:
    """Read an xindex word.

    >>> decode(0x54000000, ())
    Transition(way='profile', target=None, fallback='inherit', scrubs=False)
    """
    scrubs = not exec_index & _UNSAFE
    rest: Literal["inherit", "unconfined"] | None = None
    if exec_index & (_INHERIT | _UNCONFINED):
        rest = "inherit" if exec_index & _INHERIT else "unconfined"
    kind = exec_index & _TYPE
    if kind == _TABLE:
        index = exec_index & _INDEX
        if index < len(table):
            return Transition("named", table[index], rest, scrubs)
    elif kind == _NAME:
        return Transition("child" if exec_index & _CHILD else "profile", None, rest, scrubs)
    if rest is None:
        return Transition("none", scrubs=scrubs)
    # inheriting never scrubs (the kernel leaves before it looks at the bit)
    return Transition(rest, scrubs=scrubs and rest != "inherit")


def is_subset(link: int, target: int) -> bool:
    """May a link with this xindex stand for a file with that one (`xindex_is_subset`)?"""
    return link & ~_UNSAFE == target & ~_UNSAFE and not (link & _UNSAFE and not target & _UNSAFE)


def label_after(confinement: Confinement, path: bytes, transition: Transition) -> str | None:
    """The label a program would run under, as far as this profile alone can tell.

    Where a profile is looked up by its attachment, the name is the path: which profile attaches to it, and
    whether a fallback is taken, only who knows all loaded profiles can say.
    """
    name = path.decode("latin-1")
    match transition.way:
        case "inherit":
            return confinement.name
        case "unconfined":
            return "unconfined"
        case "profile":
            return name
        case "child":
            return f"{confinement.name}//{name}"
        case "named":
            target = transition.target or ""
            if target:
                return f"{name}//{target}" if target.startswith("&") else target
            return {"inherit": confinement.name, "unconfined": "unconfined"}.get(transition.fallback or "")
    return None


def decide(confinement: Confinement, request: ExecRequest) -> Decision:
    """`profile_transition`: the exec bit first, then where it leads."""
    matches = [Match("file", request.path, request.owner)]
    table = confinement.file
    if table is None:
        return answer(StatePermissions(), Perm.EXEC, matches)
    permissions = table.permissions(table.walk(table.start(), request.path), owner=request.owner)
    if not permissions.allow & Perm.EXEC:
        return answer(permissions, Perm.EXEC, matches)
    transition = decode(permissions.exec_index, confinement.exec_table)
    target = label_after(confinement, request.path, transition)
    if target is None:
        permissions = replace(permissions, allow=permissions.allow & ~Perm.EXEC)
        return answer(permissions, Perm.EXEC, matches, "profile transition not found")
    return replace(answer(permissions, Perm.EXEC, matches), target=target)


def record(request: ExecRequest, decision: Decision) -> RecordPairs:
    target = () if decision.target is None else (("target", decision.target),)
    return RecordPairs("exec", "file", request.path, (*object_pairs(decision), *target))


def request(event: Event) -> ExecRequest | None:
    """`operation="exec"` with the program's path."""
    name = event.fields.get("name")
    if event.operation != "exec" or not name:
        return None
    return ExecRequest(name.encode("latin-1"), owner=is_owner(event))
