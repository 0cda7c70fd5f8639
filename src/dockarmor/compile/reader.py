"""Blob bytes, ours or anybody's, to `CompiledPolicy`.

Everything the kernel checks while it unpacks and verifies (security/apparmor/policy_unpack.c, match.c) is
checked here, so that what is read here loads, and nothing else does. Bytes are hostile: each claim of a
length is held against what is there, no table is walked before it is verified, and permissions are mapped
when asked for.
"""

from dockarmor.access.confinement import CapabilityWords
from dockarmor.compile import is_compressed
from dockarmor.compile.compiled import CompiledPolicy, CompiledProfile, CompiledTable, Use
from dockarmor.compile.permission_map import X_INDEX, X_TABLE, X_TYPE, TableEntry
from dockarmor.compile.stream import ARRAY_END, STRUCT, STRUCT_END, Stream, broken
from dockarmor.compile.tables import read_dfa

#: Bounds of one blob. The largest real set (1,687 profiles) has 90 MB, the largest profile 1 MB.
MAX_BLOB_BYTES = 256 * 1024 * 1024
MAX_PROFILES = 20_000
#: Resource limits a record may set (RLIM_NLIMITS).
MAX_LIMITS = 16

MODES = ("enforce", "complain", "kill", "unconfined", "user")
FORCE_COMPLAIN = 1 << 11
_ABI_MASK = 0x3FF
_ABIS = range(5, 10)


def read_blob(data: bytes) -> CompiledPolicy:
    """Read a blob with one or more records.

    Raises DiagnosticError: DA500 (an element is missing or cut), DA501 (version), DA502 (automaton), DA503
    (permissions), DA504 (names in tables), DA505 (too large), DA506 (compressed).
    """
    if len(data) > MAX_BLOB_BYTES:
        raise broken("DA505", f"the blob has {len(data)} bytes, at most {MAX_BLOB_BYTES} are read", 0)
    if is_compressed(data):
        raise broken("DA506", "the blob is compressed", 0, "unpack it first (compile/compression.py)")
    stream = Stream(data)
    profiles: list[CompiledProfile] = []
    version, namespace = None, None
    while not stream.at_end() or not profiles:
        version, own = _header(stream, version)
        if own is not None and namespace is not None and own != namespace:
            raise broken("DA501", f"records name two namespaces, `{namespace}` and `{own}`", stream.pos)
        namespace = own if own is not None else namespace
        profiles.append(_RecordReader(stream, version, namespace).read())
        if len(profiles) > MAX_PROFILES:
            raise broken("DA505", f"the blob has more than {MAX_PROFILES} profiles", stream.pos)
    return CompiledPolicy(tuple(profiles))


def _header(stream: Stream, version: int | None) -> tuple[int, str | None]:
    """The version word, which only the first record must have, and the namespace (`verify_header`)."""
    start = stream.pos
    found = stream.u32("version")
    version = version if found is None else found
    if version is None:
        stream.fail("a version should stand, so this is no AppArmor policy blob", "DA501")
    if version & _ABI_MASK not in _ABIS:
        raise broken("DA501", f"blob version {version & _ABI_MASK} is unknown, kernels read 5 to 9", start)
    namespace = stream.string("namespace")
    if namespace == b"":
        raise broken("DA501", "a record has an empty namespace", start)
    return version, None if namespace is None else _text(namespace)


class _RecordReader:
    """Reads one profile record, field after field."""

    def __init__(self, stream: Stream, version: int, namespace: str | None) -> None:
        self.stream = stream
        self.version = version
        self.namespace = namespace

    def read(self) -> CompiledProfile:
        stream = self.stream
        if not stream.enter(STRUCT, "profile"):
            stream.fail("a profile should begin")
        name = stream.string()
        if not name:
            stream.fail("a profile's name should stand")
        rename, attachment = self.optional("rename"), self.optional("attach")
        attachment_table, _ = self.table("attachment")
        length = self.number("the attachment's length") if attachment_table else 0
        disconnected, disconnected_ipc = self.optional("disconnected"), self.optional("disconnected_ipc")
        kill_signal, error = stream.u32("kill"), stream.u32("error")
        flags, mode, audit = self.flags()
        path_flags = stream.u32("path_flags")
        capabilities, extended = self.capabilities()
        identity = self.strings_array("identity")
        xattrs, limits, families = self.xattrs(), self.limits(), self.families()
        secmark = self.secmark()
        policy, policy_exec_table = self.policy()
        file, exec_table = self.table("file")
        if file is None:
            exec_table = self.exec_table()
        data = self.data()
        self.end("a profile should end")
        return CompiledProfile(
            _text(name),
            self.version,
            self.namespace,
            rename,
            attachment,
            attachment_table,
            length,
            disconnected,
            disconnected_ipc,
            kill_signal,
            error,
            flags,
            mode,
            audit,
            path_flags,
            capabilities,
            extended,
            identity,
            xattrs,
            limits,
            families,
            secmark,
            policy,
            file,
            exec_table,
            policy_exec_table,
            data,
        )

    # -- small readers ------------------------------------------------------------------------------------

    def number(self, what: str) -> int:
        value = self.stream.u32()
        if value is None:
            self.stream.fail(f"{what} should stand")
        return value

    def optional(self, name: str) -> str | None:
        value = self.stream.string(name)
        return None if value is None else _text(value)

    def text(self, what: str) -> str:
        value = self.stream.string()
        if value is None:
            self.stream.fail(f"{what} should stand")
        return _text(value)

    def end(self, what: str) -> None:
        if not self.stream.enter(STRUCT_END):
            self.stream.fail(what)

    def array_end(self, what: str) -> None:
        if not self.stream.enter(ARRAY_END):
            self.stream.fail(f"{what} should end")

    def count(self, what: str) -> int:
        size = self.stream.array()
        if size is None:
            self.stream.fail(f"{what} should begin")
        return size

    # -- fields -------------------------------------------------------------------------------------------

    def flags(self) -> tuple[int, str, bool]:
        if not self.stream.enter(STRUCT, "flags"):
            self.stream.fail("a profile's flags should stand")
        flags, mode, audit = (self.number("a flag word") for _ in range(3))
        if mode >= len(MODES):
            raise broken("DA500", f"{mode} is no profile mode", self.stream.pos)
        self.end("a profile's flags should end")
        return flags, "complain" if self.version & FORCE_COMPLAIN else MODES[mode], bool(audit)

    def capabilities(self) -> tuple[CapabilityWords, int]:
        allow, audit, quiet, _ = (self.number("a capability word") for _ in range(4))
        if self.stream.enter(STRUCT, "caps64"):
            high = [self.number("an upper capability word") << 32 for _ in range(4)]
            allow, audit, quiet = allow | high[0], audit | high[1], quiet | high[2]
            self.end("the upper capability words should end")
        extended = 0
        if self.stream.enter(STRUCT, "capsx"):
            extended = self.number("a capability word") | self.number("a capability word") << 32
            self.end("the extended capability words should end")
        return CapabilityWords(allow, audit, quiet), extended

    def strings_array(self, name: str) -> tuple[str, ...]:
        size = self.stream.array(name)
        if size is None:
            return ()
        found = tuple(self.text(f"a string of `{name}`") for _ in range(size))
        self.array_end(f"`{name}`")
        return found

    def xattrs(self) -> tuple[str, ...]:
        if not self.stream.enter(STRUCT, "xattrs"):
            return ()
        names = tuple(self.text("an attribute's name") for _ in range(self.count("attribute names")))
        self.array_end("the attribute names")
        self.end("the attributes should end")
        return names

    def limits(self) -> dict[int, int]:
        if not self.stream.enter(STRUCT, "rlimits"):
            return {}
        mask = self.number("the mask of resource limits")
        size = self.count("resource limits")
        if size > MAX_LIMITS:
            raise broken("DA500", f"{size} resource limits, there are {MAX_LIMITS}", self.stream.pos)
        values = [self.limit() for _ in range(size)]
        self.array_end("the resource limits")
        self.end("the resource limits should end")
        return {number: value for number, value in enumerate(values) if mask >> number & 1}

    def limit(self) -> int:
        value = self.stream.u64()
        if value is None:
            self.stream.fail("a resource limit should stand")
        return value

    def families(self) -> tuple[int, ...]:
        """Old network rules: three words per family, though the array counts families."""
        if self.stream.array("net_allowed_af") is None:
            return ()
        words: list[int] = []
        while (word := self.stream.u16()) is not None:
            words.append(word)
        self.array_end("the network families")
        return tuple(words)

    def secmark(self) -> tuple[tuple[int, int, str], ...]:
        if not self.stream.enter(STRUCT, "secmark"):
            return ()
        made = []
        for _ in range(self.count("security marks")):
            audit, deny = self.stream.u8(), self.stream.u8()
            if audit is None or deny is None:
                self.stream.fail("a security mark should stand")
            made.append((audit, deny, self.text("a security mark's label")))
        self.array_end("the security marks")
        self.end("the security marks should end")
        return tuple(made)

    def policy(self) -> tuple[CompiledTable | None, tuple[str, ...]]:
        if not self.stream.enter(STRUCT, "policydb"):
            return None, ()
        table, exec_table = self.table("policy")
        if table is None:
            self.stream.fail("the policy automaton should stand")
        self.end("the policy table should end")
        return table, exec_table

    def data(self) -> dict[str, bytes]:
        found: dict[str, bytes] = {}
        if not self.stream.enter(STRUCT, "data"):
            return found
        while (key := self.stream.string()) is not None:
            value = self.stream.blob()
            if value is None:
                self.stream.fail("a value of the profile's data should stand")
            if _text(key) in found:
                raise broken("DA500", f"two values of data `{_text(key)}`", self.stream.pos)
            found[_text(key)] = value
        self.end("the profile's data should end")
        return found

    # -- tables -------------------------------------------------------------------------------------------

    def table(self, use: Use) -> tuple[CompiledTable | None, tuple[str, ...]]:
        """An automaton with what stands around it (`unpack_pdb`)."""
        stream = self.stream
        if stream.enter(STRUCT, "tags"):
            stream.skip_struct()
        entries, version = self.permission_table()
        data = stream.blob("aadfa")
        if data is None:
            if entries is not None:
                stream.fail("an automaton should follow its permissions")
            return None, ()
        offset = stream.pos - len(data)
        pad = len(data) % 8
        dfa = read_dfa(data[pad:], offset + pad)
        first = 1
        for name in ("start", "dfa_start"):
            state = stream.u32(name)
            if state is not None and (name == "start") == (use == "policy"):
                first = state
        if first >= len(dfa.tables.base):
            raise broken("DA502", f"an automaton starts in state {first}, which it has not", stream.pos)
        names = self.exec_table()
        if entries is None and dfa.accept2 is None and use != "attachment":
            raise broken("DA502", "an automaton has no accept2 table and no permission table", offset)
        if version > 2 and dfa.accept2 is None:
            raise broken("DA502", "permissions of version 3 need an accept2 table", offset)
        table = CompiledTable(dfa.tables, use, dfa.accept2, entries, self.version & _ABI_MASK, first, dfa.wide)
        _check_permissions(table, len(names), offset)
        return table, names

    def permission_table(self) -> tuple[tuple[TableEntry, ...] | None, int]:
        stream = self.stream
        if not stream.enter(STRUCT, "perms"):
            return None, 0
        version = stream.u32("version")
        if version != 1:
            raise broken("DA503", "a permission table has an unknown version", stream.pos)
        entries = tuple(self.permission_entry() for _ in range(self.count("permissions")))
        self.array_end("the permissions")
        self.end("the permission table should end")
        return entries, stream.u32("permsv") or 0

    def permission_entry(self) -> TableEntry:
        at = self.stream.pos
        self.number("a permission word")
        entry = TableEntry(*(self.number("a permission word") for _ in TableEntry._fields))
        wrong = _contradiction(entry)
        if wrong:
            raise broken("DA503", f"a permission entry {wrong}", at)
        return entry

    def exec_table(self) -> tuple[str, ...]:
        """Named transition targets (`unpack_trans_table`); a namespace is divided by a NUL in the blob."""
        if not self.stream.enter(STRUCT, "xtable"):
            return ()
        names = []
        for _ in range(self.count("transition targets")):
            at = self.stream.pos
            names.append(_target(self.stream.string(), at))
        self.array_end("the transition targets")
        self.end("the transition targets should end")
        return tuple(names)


def _target(raw: bytes | None, at: int) -> str:
    if raw is None:
        raise broken("DA500", "a transition target should stand", at)
    # An empty one is taken by all kernels (apparmor_parser 4.1 writes some), and leads nowhere.
    if raw[:1].isspace():
        raise broken("DA504", "a transition target begins with white space", at)
    if raw[:1] == b":":
        if len(raw) < 2 or raw[1] == 0 or raw.count(0) > 1:
            raise broken("DA504", "a transition target has a malformed namespace", at)
        return _text(raw.replace(b"\0", b":"))
    if 0 in raw:
        raise broken("DA504", "a transition target holds a NUL", at)
    return _text(raw)


def _contradiction(entry: TableEntry) -> str | None:
    """What the kernel's `verify_perm` refuses."""
    decided = entry.allow | entry.deny
    if entry.allow & entry.deny:
        return "allows and denies the same"
    if entry.subtree & ~entry.allow:
        return "has a subtree for what it does not allow"
    if (entry.cond | entry.complain | entry.prompt) & decided:
        return "asks about what it has decided"
    if (entry.kill | entry.hide) & entry.allow:
        return "kills for or hides what it allows"
    if entry.complain & entry.prompt:
        return "complains and prompts about the same"
    return None


def _check_permissions(table: CompiledTable, targets: int, offset: int) -> None:
    """Every accept entry must lead into the permission table, every exec index into the transition table."""
    if table.entries is None:
        if table.use == "attachment":
            return
        slots = {accept >> shift & 0xF for accept in set(table.tables.values) for shift in (10, 24)}
        highest = max(slots) - 4 if table.use == "file" else -1
    else:
        pair = 1 if table.use == "file" else 0
        if max(table.tables.values) + pair >= len(table.entries) and _overruns(table, pair):
            raise broken("DA503", "a state's permissions lie beyond the permission table", offset)
        indexes = [entry.exec_index & X_INDEX for entry in table.entries if entry.exec_index & X_TYPE == X_TABLE]
        highest = max(indexes, default=-1)
        if any(entry.label >= max(targets, 1) for entry in table.entries):
            raise broken("DA504", "a permission entry names a label that is not there", offset)
    if highest >= targets:
        raise broken("DA504", f"transition target {highest} is used, there are {targets}", offset)


def _overruns(table: CompiledTable, pair: int) -> bool:
    assert table.entries is not None
    size = len(table.entries)
    for state, accept in enumerate(table.tables.values):
        second = pair if table.accept2 is None or table.accept2[state] & 1 else 0
        if accept + second >= size:
            return True
    return False


def _text(raw: bytes) -> str:
    return raw.decode("latin-1")
