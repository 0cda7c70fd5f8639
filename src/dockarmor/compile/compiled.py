"""Compiled policy: what the bytes of a blob say, ready to be asked.

`CompiledProfile` is an access.confinement.Confinement: decisions are made on it, and only on it.
"""

from array import array
from collections.abc import Mapping
from typing import Literal

from dockarmor.access.confinement import CapabilityWords, StatePermissions
from dockarmor.access.mediation import Mediation
from dockarmor.automata.tables import Tables
from dockarmor.automata.walk import walk
from dockarmor.compile.permission_map import (
    TableEntry,
    attachment_entry,
    audit_of,
    file_entry,
    policy_entry,
    quiet_of,
)
from dockarmor.value import field, frozen, replace

Use = Literal["file", "policy", "attachment"]

#: ACCEPT2 bit: the entry after this one is for those who do not own the object (ACCEPT_FLAG_OWNER).
FLAG_OWNER = 1

START = 1


@frozen(eq=False)
class CompiledTable:
    """One automaton with its permissions: an access.confinement.Automaton.

    `entries` is the permission table, None where permissions stand in the accept words. `accept2` are then
    the audit and quiet words, otherwise flags, None where the blob has none. `first` is where a walk begins.
    """

    tables: Tables
    use: Use
    accept2: "array[int] | None" = None
    entries: tuple[TableEntry, ...] | None = None
    abi: int = 5
    first: int = START
    wide: bool = False
    _known: dict[int, StatePermissions] = field(default_factory=dict, repr=False)

    def start(self) -> int:
        return self.first

    def class_start(self, mediation: int) -> int:
        return walk(self.tables, self.first, bytes((mediation,)))

    def walk(self, state: int, data: bytes) -> int:
        return walk(self.tables, state, data)

    def permissions(self, state: int, *, owner: bool = True) -> StatePermissions:
        key = state << 1 | owner
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self.entry(state, owner=owner).permissions()
        return known

    def entry(self, state: int, *, owner: bool = True) -> TableEntry:
        """All permission words of a state.

        In a file's permission table the entry for others follows the owner's: where ACCEPT2 says so, or
        always where a table of an earlier version has no ACCEPT2 (file.c, aa_lookup_condperms).
        """
        accept = self.tables.values[state]
        if self.entries is None:
            return self._mapped(state, accept, owner)
        if self.use == "file" and not owner and (self.accept2 is None or self.accept2[state] & FLAG_OWNER):
            accept += 1
        return self.entries[accept]

    def _mapped(self, state: int, accept: int, owner: bool) -> TableEntry:
        second = self.accept2[state] if self.accept2 is not None else 0
        audit, quiet = audit_of(second), quiet_of(second)
        if self.use == "file":
            return file_entry(accept, audit, quiet, owner=owner)
        if not state:
            return TableEntry()
        if self.use == "attachment":
            return attachment_entry(accept)
        return policy_entry(accept, audit, quiet, table=False, abi=self.abi)


@frozen(eq=False)
class CompiledProfile:
    """One profile record of a blob; the fields in the order of the record (policy_unpack.c, unpack_profile).

    `name` is the full name `parent//child`. `version` is the whole version word, `mode` the mode that results
    from it and the flags. `limits` maps RLIMIT numbers to values. `exec_table` holds `&` for stacking and
    `:namespace:name` as the kernel prints it. `file_table` is what the record holds; `file` what is matched.
    """

    name: str
    version: int
    namespace: str | None = None
    rename: str | None = None
    attachment: str | None = None
    attachment_table: CompiledTable | None = None
    attachment_length: int = 0
    disconnected: str | None = None
    disconnected_ipc: str | None = None
    kill_signal: int | None = None
    error: int | None = None
    flags: int = 0
    mode: str = "enforce"
    audit: bool = False
    path_flags: int | None = None
    capabilities: CapabilityWords = field(default_factory=CapabilityWords)
    extended_capabilities: int = 0
    identity: tuple[str, ...] = ()
    xattrs: tuple[str, ...] = ()
    limits: Mapping[int, int] = field(default_factory=dict)
    families: tuple[int, ...] = ()
    secmark: tuple[tuple[int, int, str], ...] = ()
    policy: CompiledTable | None = None
    file_table: CompiledTable | None = None
    exec_table: tuple[str, ...] = ()
    policy_exec_table: tuple[str, ...] = ()
    data: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def abi(self) -> int:
        """The kernel's blob version, 5 to 9."""
        return self.version & 0x3FF

    @property
    def hat(self) -> bool:
        return bool(self.flags & 1)

    @property
    def file(self) -> CompiledTable | None:
        """The file table; without one, the policy table's part for class FILE, if it has such a part."""
        if self.file_table is None and self.policy is not None:
            start = self.policy.class_start(Mediation.FILE)
            if start:
                return replace(self.policy, first=start)
        return self.file_table


@frozen(eq=False)
class CompiledPolicy:
    """All records of one blob, in its order: what one load brings in, or fails to, as a whole."""

    profiles: tuple[CompiledProfile, ...]
