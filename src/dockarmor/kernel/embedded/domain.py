"""Under which label a program runs: the exec rules' targets looked up among the loaded profiles.

Source: security/apparmor/domain.c (x_to_label, x_table_lookup, find_attach), match.c (leftmatch_fb). The kernel
also looks at extended attributes of the program, which a request does not name: profiles that ask for some do
not attach here.
"""

from collections.abc import Iterable, Mapping
from errno import EACCES, ENOENT, EPERM

from dockarmor.access.decision import Decision, Match
from dockarmor.access.permission import Perm
from dockarmor.access.request import ChangeProfileRequest, ExecRequest, Request
from dockarmor.compile.compiled import CompiledProfile, CompiledTable
from dockarmor.kernel.embedded import label as labels
from dockarmor.kernel.embedded.modes import NOT_FOUND
from dockarmor.kernel.embedded.tree import own_name, parent_of
from dockarmor.rules import change_profile, exec_transition
from dockarmor.value import frozen, replace

#: how far back a state is remembered in the search for the first loop (match.h, WB_HISTORY_SIZE)
_HISTORY = 32


@frozen
class Domain:
    """A profile that a task is in, by its full name, among the loaded ones, in the order of their listing."""

    name: str
    loaded: Mapping[str, CompiledProfile]
    names_missing: bool = True

    def after(self, profile: CompiledProfile, request: ExecRequest, decided: Decision) -> Decision:
        """The decision about an exec that the tables allow, with the label it leads to, or without one denied."""
        table = profile.file
        if table is None or not decided.allowed:
            return decided
        state = table.walk(table.start(), request.path)
        index = table.permissions(state, owner=request.owner).exec_index
        way = exec_transition.decode(index, profile.exec_table)
        target, info = self._target(way, request.path)
        if target is not None:
            return replace(decided, target=target, info=info)
        denied = int(Perm.EXEC)
        sought: str | None = request.path.decode("latin-1")
        if way.target is not None and not way.target.startswith("&"):
            sought = way.target if self.names_missing else None
        return Decision(False, denied, denied, "DENIED", EACCES, NOT_FOUND, sought, decided.matches)

    def unconfined(self, path: bytes) -> str:
        """The label after an exec by a profile that confines nothing: what attaches, else as before."""
        return self._attached("", path) or self.name

    def _target(self, way: exec_transition.Transition, path: bytes) -> tuple[str | None, str | None]:
        """The label, and the kernel's remark on how it came to it."""
        found, info, stack = None, None, None
        if way.way == "named" and way.target:
            found = self._named(way.target)
            if found is not None and way.target.startswith("&"):
                found, stack = None, found
        if way.way in ("profile", "child") or stack is not None:
            found = self._attached(self.name if way.way == "child" else "", path)
        rest = way.way if way.way in ("inherit", "unconfined") else way.fallback
        if found is None and rest is not None:
            if rest != way.way:
                info = "ix fallback" if rest == "inherit" else "ux fallback"
            found = self.name if rest == "inherit" else self._in_namespace(labels.UNCONFINED)
        if found is not None and stack is not None:
            found = "//&".join(labels.components(f"{found}//&{stack}"))
        return found, info

    def _named(self, target: str) -> str | None:
        """A label of the transition table, if all that it names is loaded."""
        names = [self._in_namespace(name) for name in labels.components(target)]
        known = all(name in self.loaded or name.endswith(labels.UNCONFINED) for name in names)
        return "//&".join(names) if known else None

    def _in_namespace(self, name: str) -> str:
        """A name as it is meant from where this profile is."""
        if name.startswith(":") or not self.name.startswith(":"):
            return name
        return self.name[: self.name.index(":", 1) + 1] + name

    def _attached(self, parent: str, path: bytes) -> str | None:
        """The profile that attaches to a path, among the children of `parent` or at the top of the namespace.

        None where two do so equally well.
        """
        best, best_length, conflict = None, 0, False
        for name, profile in self._candidates(parent):
            table = profile.attachment_table
            if table is None:
                if own_name(name).encode("latin-1") == path:
                    return name
                continue
            length = attachment_length(table, path)
            if length is None or length < best_length or profile.xattrs:
                continue
            if best is not None and length == best_length:
                conflict = True
                continue
            best, best_length, conflict = name, max(length, profile.attachment_length), False
        return None if conflict else best

    def _candidates(self, parent: str) -> Iterable[tuple[str, CompiledProfile]]:
        where = self._in_namespace("")
        for name, profile in self.loaded.items():
            if (
                parent_of(name) == parent
                and (parent or name.startswith(":") == bool(where))
                and name.startswith(where)
            ):
                yield name, profile


def keeps(confined: Iterable[str], request: Request, decision: Decision) -> bool:
    """Does a task with no_new_privs stay under all the profiles that confine it?

    A stack or the same label does; every other label gains something (label.c, aa_label_is_unconfined_subset).
    """
    if isinstance(request, ChangeProfileRequest) and request.target.startswith("&"):
        return True
    return decision.target is not None and set(confined) <= set(labels.components(decision.target))


def without_new_privileges(request: Request, decision: Decision) -> Decision:
    """What is refused because of no_new_privs; of a change of profile nothing is written (domain.c)."""
    if isinstance(request, ExecRequest):
        denied = int(Perm.EXEC)
        decision = replace(decision, requested=denied, denied=denied, record="DENIED")
        return replace(decision, allowed=False, errno=EPERM, info="no new privs")
    return replace(decision, allowed=False, record=None, errno=EPERM, info="no new privs")


def missing_label(request: ChangeProfileRequest) -> Decision:
    """Changing to a label that is not loaded: no rule is looked at (domain.c, aa_change_profile)."""
    match = Match("file", request.target.encode("latin-1", "replace"))
    return Decision(False, record="DENIED", errno=ENOENT, info=change_profile.NOT_FOUND, matches=(match,))


def attachment_length(table: CompiledTable, path: bytes) -> int | None:
    """How specifically an attachment matches a path, None where it does not.

    That is how many bytes are matched before the automaton comes back, going down, to one of its last states:
    the length of the part before the first star, about.
    """
    state, count, recent = table.start(), 0, list[int]()
    for place, byte in enumerate(path):
        recent = [state, *recent[: _HISTORY - 1]]
        before, state = state, table.walk(state, bytes((byte,)))
        if before >= state and state in recent:
            count -= recent.index(state)
            state = table.walk(state, path[place + 1 :])
            break
        count += 1
    return count if state and table.permissions(state).allow & Perm.EXEC else None
