"""`CompiledProfile` to the bytes that a kernel loads: the counterpart of `reader`.

Field order and optional fields are those of policy_unpack.c (unpack_profile). Fields of a record that no
kernel needs to enforce a profile of ours (rename, attach, tags, capsx, secmark, data) are never written.
"""

from collections.abc import Iterable
from typing import Final

from dockarmor.compile.compiled import CompiledProfile, CompiledTable
from dockarmor.compile.permission_map import TableEntry
from dockarmor.compile.reader import MAX_LIMITS, MODES
from dockarmor.compile.stream import Packer
from dockarmor.compile.tables import Dfa, dfa_bytes

_LOW: Final = 0xFFFFFFFF


def write_blob(profiles: Iterable[CompiledProfile]) -> bytes:
    """The records one after the other. Raises ValueError where a string, an array or a table is too large."""
    return b"".join(map(write_record, profiles))


def write_record(profile: CompiledProfile) -> bytes:
    """One profile's record."""
    out = Packer()
    out.u32(profile.version, "version")
    if profile.namespace is not None:
        out.string(_raw(profile.namespace), "namespace")
    out.struct("profile")
    out.string(_raw(profile.name))
    if profile.attachment_table is not None:
        _write_table(out, profile.attachment_table)
        out.u32(profile.attachment_length)
    _write_flags(out, profile)
    _write_capabilities(out, profile)
    _write_conditions(out, profile)
    if profile.policy is not None:
        out.struct("policydb")
        _write_table(out, profile.policy)
        _write_targets(out, profile.policy_exec_table)
        out.struct_end()
    if profile.file_table is not None:
        _write_table(out, profile.file_table)
        _write_targets(out, profile.exec_table)
    out.struct_end()
    return bytes(out.data)


def _write_flags(out: Packer, profile: CompiledProfile) -> None:
    if profile.disconnected is not None:
        out.string(_raw(profile.disconnected), "disconnected")
    if profile.disconnected_ipc is not None:
        out.string(_raw(profile.disconnected_ipc), "disconnected_ipc")
    if profile.kill_signal is not None:
        out.u32(profile.kill_signal, "kill")
    if profile.error is not None:
        out.u32(profile.error, "error")
    out.struct("flags")
    out.u32(profile.flags)
    out.u32(MODES.index(profile.mode))
    out.u32(int(profile.audit))
    out.struct_end()
    if profile.path_flags is not None:
        out.u32(profile.path_flags, "path_flags")


def _write_capabilities(out: Packer, profile: CompiledProfile) -> None:
    words = profile.capabilities
    masks = (words.allow, words.audit, words.quiet, 0)
    for mask in masks:
        out.u32(mask & _LOW)
    out.struct("caps64")
    for mask in masks:
        out.u32(mask >> 32 & _LOW)
    out.struct_end()


def _write_conditions(out: Packer, profile: CompiledProfile) -> None:
    if profile.xattrs:
        out.struct("xattrs")
        out.array(len(profile.xattrs))
        for name in profile.xattrs:
            out.string(_raw(name))
        out.array_end()
        out.struct_end()
    if profile.limits:
        out.struct("rlimits")
        out.u32(sum(1 << number for number in profile.limits))
        out.array(MAX_LIMITS)
        for number in range(MAX_LIMITS):
            out.u64(profile.limits.get(number, 0))
        out.array_end()
        out.struct_end()


def _write_table(out: Packer, table: CompiledTable) -> None:
    if table.entries is not None:
        _write_entries(out, table.entries)
        if table.accept2 is not None:
            out.u32(3, "permsv")
    out.aligned_blob(dfa_bytes(Dfa(table.tables, table.accept2, wide=table.wide)), "aadfa")


def _write_entries(out: Packer, entries: tuple[TableEntry, ...]) -> None:
    out.struct("perms")
    out.u32(1, "version")
    out.array(len(entries))
    for entry in entries:
        out.u32s((0, *entry))
    out.array_end()
    out.struct_end()


def _write_targets(out: Packer, targets: tuple[str, ...]) -> None:
    """Named transition targets; a namespace is divided from the name by a NUL."""
    if not targets:
        return
    out.struct("xtable")
    out.array(len(targets))
    for target in targets:
        raw = _raw(target)
        if raw.startswith(b":"):
            raw = b":" + raw[1:].replace(b":", b"\0", 1)
        out.string(raw)
    out.array_end()
    out.struct_end()


def _raw(text: str) -> bytes:
    return text.encode("latin-1")
