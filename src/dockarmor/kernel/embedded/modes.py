"""What a profile's mode makes of a decision (security/apparmor/audit.c, aa_audit; lib.c, aa_check_perms).

A kind's `decide` looks at the tables and knows no mode. Both of the kernel's ways to a verdict, the one for
files, mounts and capabilities and the one for the rest, come to the same here: a denial that would be logged
is forgiven in complain mode; one that is silent (`deny` without `audit`) is enforced in every mode.
"""

from errno import EACCES, EPERM

from dockarmor.access.confinement import Automaton, CapabilityWords, Confinement, StatePermissions
from dockarmor.access.decision import Decision
from dockarmor.access.permission import ALL
from dockarmor.access.request import ExecRequest, Request
from dockarmor.value import frozen, replace

_ALL_CAPABILITIES = (1 << 64) - 1
#: the kernel's remark on an exec that leads to a profile that is not loaded
NOT_FOUND = "profile transition not found"
#: what AUDIT_ALL means for a file: mapping to execute and linking are not in it (file.c, aa_audit_file)
_ALL_OF_FILES = 0xFFFF


def in_mode(mode: str, profile: str, request: Request, decision: Decision, *, learns: bool = True) -> Decision:
    """The decision as a task in a profile of this mode gets it.

    `learns`: complain mode forgives an exec whose target profile is not loaded; kernels up to 6.12 say so and
    refuse it all the same.
    """
    if decision.allowed or decision.record is None:
        return decision
    if mode == "complain":
        missing = decision.info == NOT_FOUND and not learns
        forgiven = decision.errno in (EACCES, EPERM) and not missing
        target = decision.target
        if isinstance(request, ExecRequest) and not missing:
            target = f"{profile}//null-{request.path.decode('latin-1')}"
        errno = 0 if forgiven else decision.errno
        return replace(decision, allowed=forgiven, record="ALLOWED", errno=errno, target=target)
    if mode == "kill":
        return replace(decision, record="KILLED")
    return decision


@frozen
class Audited:
    """A profile with the flag `audit`: everything is logged, and no denial is quiet (AUDIT_ALL)."""

    profile: Confinement

    @property
    def name(self) -> str:
        return self.profile.name

    @property
    def mode(self) -> str:
        return self.profile.mode

    @property
    def file(self) -> Automaton | None:
        return _AuditedTable(self.profile.file, _ALL_OF_FILES) if self.profile.file else None

    @property
    def policy(self) -> Automaton | None:
        return _AuditedTable(self.profile.policy, ALL) if self.profile.policy else None

    @property
    def capabilities(self) -> CapabilityWords:
        return CapabilityWords(self.profile.capabilities.allow, _ALL_CAPABILITIES, 0)

    @property
    def exec_table(self) -> tuple[str, ...]:
        return self.profile.exec_table


@frozen
class _AuditedTable:
    table: Automaton
    audit: int

    def class_start(self, mediation: int) -> int:
        return self.table.class_start(mediation)

    def start(self) -> int:
        return self.table.start()

    def walk(self, state: int, data: bytes) -> int:
        return self.table.walk(state, data)

    def permissions(self, state: int, *, owner: bool = True) -> StatePermissions:
        return replace(self.table.permissions(state, owner=owner), audit=self.audit, quiet=0)
