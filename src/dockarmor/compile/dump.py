"""A blob in words: what `dockarmor dump` shows."""

from collections.abc import Iterator

from dockarmor.access.capability import CAPABILITIES
from dockarmor.compile.compiled import CompiledProfile, CompiledTable
from dockarmor.compile.tables import BASE_DIFFERENTIAL
from dockarmor.rules.rlimit import INFINITY, RESOURCES
from dockarmor.value import field, frozen

_PATH_BITS = {
    0x4: "attach_disconnected",
    0x8: "chroot_relative",
    0x10: "chroot_attach",
    0x20: "attach_disconnected.ipc",
    0x10000: "mediate_deleted",
    0x20000: "mediate_deleted (kernel)",
}
_ALL = 2**64 - 1


@frozen
class TableFigures:
    """Sizes of one automaton. `entries`: slots for transitions; `permissions`: of a permission table."""

    use: str
    states: int
    entries: int
    used: int
    differential: int
    classes: int | None
    wide: bool
    permissions: int | None


@frozen
class ProfileDump:
    """One record: header fields as name and text, exec targets, and figures of its tables."""

    name: str
    fields: tuple[tuple[str, str], ...]
    targets: tuple[str, ...]
    tables: tuple[TableFigures, ...]
    states: tuple[str, ...] = field(default=())


def dump(profile: CompiledProfile, *, states: bool = False) -> ProfileDump:
    """Describe a record; with `states` also every state of its tables, one line each."""
    tables = [table for table in (profile.attachment_table, profile.policy, profile.file_table) if table]
    lines = tuple(line for table in tables for line in _states(table)) if states else ()
    return ProfileDump(profile.name, tuple(_fields(profile)), profile.exec_table, tuple(map(_figures, tables)), lines)


def _fields(profile: CompiledProfile) -> Iterator[tuple[str, str]]:
    if profile.namespace is not None:
        yield "namespace", profile.namespace
    yield "blob version", f"{profile.abi} (word {profile.version:#010x})"
    yield "mode", profile.mode
    if profile.hat:
        yield "hat", "yes"
    if profile.audit:
        yield "audit", "everything"
    if profile.attachment_table is not None:
        yield "attachment", f"by automaton, at least {profile.attachment_length} bytes"
    if profile.xattrs:
        yield "xattrs", " ".join(profile.xattrs)
    if profile.disconnected is not None:
        yield "disconnected paths under", profile.disconnected
    if profile.path_flags is not None:
        yield "path flags", _bits(profile.path_flags)
    if profile.kill_signal is not None:
        yield "kill signal", str(profile.kill_signal)
    if profile.error is not None:
        yield "error", str(profile.error)
    words = profile.capabilities
    for name, mask in (("allowed", words.allow), ("audited", words.audit), ("quietly denied", words.quiet)):
        if mask:
            yield f"capabilities {name}", capability_names(mask)
    for number, value in sorted(profile.limits.items()):
        shown = "infinity" if value == INFINITY else str(value)
        yield f"rlimit {RESOURCES[number]}", shown


def capability_names(mask: int) -> str:
    """Names of the bits of a mask; bits without a name by number.

    >>> capability_names(1 << 21 | 1)
    'chown sys_admin'
    """
    if mask == _ALL:
        return "all"
    named = [name for number, name in enumerate(CAPABILITIES) if mask >> number & 1]
    rest = [str(number) for number in range(len(CAPABILITIES), 64) if mask >> number & 1]
    return " ".join(named + rest)


def _bits(word: int) -> str:
    names = [name for bit, name in _PATH_BITS.items() if word & bit]
    return f"{' '.join(names) or 'none'} ({word:#x})"


def _figures(table: CompiledTable) -> TableFigures:
    tables = table.tables
    return TableFigures(
        table.use,
        len(tables.base),
        len(tables.next),
        sum(1 for owner in tables.check if owner),
        sum(1 for base in tables.base if base & BASE_DIFFERENTIAL),
        None if tables.classes is None else len(set(tables.classes)),
        table.wide,
        None if table.entries is None else len(table.entries),
    )


def _states(table: CompiledTable) -> Iterator[str]:
    """`file 7: allow=0x244 … | others …; default 0; 61→3 …`; of a class its bytes, `30-39,61→3`."""
    tables = table.tables
    symbols = _symbols(tables.classes)
    rows: dict[int, list[tuple[int, int]]] = {}
    for slot, owner in enumerate(tables.check):
        if owner:
            rows.setdefault(owner, []).append((slot, tables.next[slot]))
    for state, base in enumerate(tables.base):
        steps = " ".join(f"{symbols[slot - (base & 0xFFFFFF)]}→{to}" for slot, to in rows.get(state, ()))
        relative = "relative to" if base & BASE_DIFFERENTIAL else "default"
        halves = [_words(table, state, owner) for owner in ((True, False) if table.use == "file" else (True,))]
        text = halves[0] if len(set(halves)) == 1 else " | others ".join(halves)
        yield f"{table.use} {state}: {text}; {relative} {tables.default[state]}; {steps}".rstrip("; ")


def _symbols(classes: bytes | None) -> dict[int, str]:
    """The bytes that each symbol stands for; the symbol -1 is out of band."""
    if classes is None:
        return {-1: "out of band", **{byte: f"{byte:02x}" for byte in range(256)}}
    ranges: dict[int, list[list[int]]] = {}
    for byte, symbol in enumerate(classes):
        known = ranges.setdefault(symbol, [])
        if known and known[-1][1] == byte - 1:
            known[-1][1] = byte
        else:
            known.append([byte, byte])
    return {
        symbol: ",".join(f"{low:02x}" if low == high else f"{low:02x}-{high:02x}" for low, high in known)
        for symbol, known in ranges.items()
    }


def _words(table: CompiledTable, state: int, owner: bool) -> str:
    entry = table.entry(state, owner=owner)
    words = [f"{name}={word:#x}" for name, word in entry._asdict().items() if word]
    return " ".join(words) or "nothing"
