"""What is written is read back, in both layouts; and nothing but a whole blob is read."""

from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dockarmor.access.confinement import CapabilityWords
from dockarmor.automata.walk import walk
from dockarmor.compile import version_word
from dockarmor.compile.attachment import Attached, attachments
from dockarmor.compile.blob import write_blob, write_record
from dockarmor.compile.compiled import CompiledProfile, CompiledTable
from dockarmor.compile.encoding import PlacedEntry
from dockarmor.compile.reader import read_blob
from dockarmor.compile.table import Form, build
from dockarmor.rules.kind import Entry
from dockarmor.text.diagnostic import DiagnosticError
from dockarmor.value import fields, replace

R, W = 0x10004, 0x2800A
INLINE, TABLE = Form(), Form(permission_table=True)


def file_table(form: Form) -> CompiledTable | None:
    """`/a r, owner /c rw, deny /b w, /d px -> :space:other`"""
    entries = [
        Entry("file", b"/a", R),
        Entry("file", b"/c", 0xE),
        Entry("file", b"/b", W, W, "deny"),
        Entry("file", b"/d", 0x1101 | 0x1101 << 14, exact=True),
    ]
    return build("file", [PlacedEntry(entry, None) for entry in entries], form)


def policy_table(form: Form) -> CompiledTable | None:
    return build("policy", [PlacedEntry(Entry("policy", b"\\x0a", 4), None)], form)


def attachment_table(form: Form) -> CompiledTable:
    (table,) = attachments([Attached((b"/usr/bin/t",))], form)
    assert isinstance(table, CompiledTable)
    return table


def profile(form: Form = INLINE) -> CompiledProfile:
    return CompiledProfile(
        name="t",
        version=version_word(7),
        namespace="space",
        attachment_table=attachment_table(form),
        attachment_length=10,
        disconnected="/lost",
        kill_signal=15,
        flags=1,
        mode="kill",
        audit=True,
        path_flags=0x10004,
        capabilities=CapabilityWords(1 << 40 | 1, 1, 1 << 39),
        limits={7: 1024, 15: 2**64 - 1},
        policy=policy_table(form),
        file_table=file_table(form),
        exec_table=(":space:other",),
    )


def test_the_first_twelve_bytes_are_the_same_in_every_blob() -> None:
    assert write_record(profile())[:16] == b"\x04\x08\x00version\x00\x02\x07\x20\x20\x00"


@pytest.mark.parametrize("target", ["a//b", ":ns:t", ":ns://t", "&:ns:t", ":ns", ":ns:", ""])
def test_targets_are_read_back_as_the_kernel_takes_them(target: str) -> None:
    written = replace(profile(), exec_table=(target,))
    assert read_blob(write_blob([written])).profiles[0].exec_table == (target,)


@pytest.mark.parametrize("form", [INLINE, TABLE], ids=["accept words", "permission table"])
def test_what_is_written_is_read_back(form: Form) -> None:
    written = profile(form)
    (read,) = read_blob(write_blob([written])).profiles
    tables = {"attachment_table", "policy", "file_table"}
    for field in fields(CompiledProfile):
        if field.name not in tables:
            assert getattr(read, field.name) == getattr(written, field.name), field.name
    for name in tables:
        mine, yours = getattr(written, name), getattr(read, name)
        for part in ("values", "base", "default", "next", "check", "classes"):
            assert getattr(mine.tables, part) == getattr(yours.tables, part)
        assert (mine.accept2, mine.entries, mine.wide) == (yours.accept2, yours.entries, yours.wide)
    assert write_blob([read]) == write_blob([written])


@pytest.mark.parametrize("form", [INLINE, TABLE], ids=["accept words", "permission table"])
def test_both_layouts_mean_the_same(form: Form) -> None:
    """Worked example: a read, a silent denial, an owner's permissions, a named target."""
    (read,) = read_blob(write_blob([profile(form)])).profiles
    table = read.file
    assert table is not None

    def at(path: bytes, owner: bool = True) -> tuple[int, int]:
        permissions = table.permissions(table.walk(table.start(), path), owner=owner)
        return permissions.allow, permissions.quiet

    assert at(b"/a") == at(b"/a", owner=False) == (0x244, 0)
    assert at(b"/b") == (0x200, 0x317A)
    assert at(b"/c") == (0x337E, 0)
    assert at(b"/c", owner=False) == (0x200, 0)
    assert at(b"/nowhere") == (0x200, 0)
    exec_state = table.permissions(table.walk(table.start(), b"/d"))
    assert exec_state.exec_index == 0x18000000
    assert read.exec_table == (":space:other",)


def test_several_records_stand_in_one_blob_and_keep_their_alignment() -> None:
    records = [profile(), profile(TABLE), profile()]
    policy = read_blob(write_blob(records))
    assert [one.policy is not None and one.policy.class_start(10) != 0 for one in policy.profiles] == [True] * 3


def test_without_a_file_table_files_are_matched_in_the_policy_table() -> None:
    entries = [Entry("policy", b"\\x02", 4), Entry("policy", b"\\x02/a", 4)]
    policy = build("policy", [PlacedEntry(entry, None) for entry in entries], INLINE)
    (read,) = read_blob(write_blob([CompiledProfile("t", version_word(7), policy=policy)])).profiles
    assert read.file is not None
    assert read.file.permissions(read.file.walk(read.file.start(), b"/a")).allow & 4


def test_wide_tables_hold_the_same_numbers() -> None:
    table = file_table(INLINE)
    assert table is not None
    wide = CompiledTable(table.tables, "file", table.accept2, None, 7, 1, True)
    (read,) = read_blob(write_blob([CompiledProfile("t", 5, file_table=wide, exec_table=("x",))])).profiles
    assert read.file_table is not None
    assert read.file_table.wide
    assert walk(read.file_table.tables, 1, b"/a") == walk(table.tables, 1, b"/a")


def broken(data: bytes) -> str:
    with pytest.raises(DiagnosticError) as caught:
        read_blob(data)
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code.startswith("DA50")
    return diagnostic.message


@pytest.mark.parametrize("form", [INLINE, TABLE], ids=["accept words", "permission table"])
def test_a_blob_cut_anywhere_is_a_finding_with_its_offset(form: Form) -> None:
    data = write_blob([profile(form)])
    for end in range(len(data)):
        assert "at byte" in broken(data[:end])


@given(st.data())
def test_changed_bytes_are_read_or_refused_but_never_crash(data: st.DataObject) -> None:
    blob = bytearray(write_blob([profile(data.draw(st.sampled_from([INLINE, TABLE])))]))
    for _ in range(data.draw(st.integers(1, 4))):
        blob[data.draw(st.integers(0, len(blob) - 1))] = data.draw(st.integers(0, 255))
    try:
        policy = read_blob(bytes(blob))
    except DiagnosticError:
        return
    for one in policy.profiles:
        for table in (one.file, one.policy, one.attachment_table):
            if table is not None:
                for string in (b"", b"/a", b"\x0a", b"/usr/bin/t\0\xff"):
                    table.permissions(table.walk(table.start(), string), owner=False)


def test_text_is_no_blob() -> None:
    assert "no AppArmor policy blob" in broken(b"profile t { }")
    assert "ends" in broken(b"")
    assert "compressed" in broken(b"\x01\x03\0\0\0\0\0\0\x28\xb5\x2f\xfd")


def test_an_unknown_blob_version_is_refused() -> None:
    data = bytearray(write_record(CompiledProfile("t", 5)))
    data[12] = 10
    assert "version 10" in broken(bytes(data))


def test_permissions_must_be_in_their_table() -> None:
    table = file_table(TABLE)
    assert table is not None
    assert table.entries is not None
    short = CompiledTable(table.tables, "file", table.accept2, table.entries[:2], 7)
    assert "beyond the permission table" in broken(write_record(CompiledProfile("t", 5, file_table=short)))
    no_targets = CompiledProfile("t", 5, file_table=table)
    assert "transition target 0 is used, there are 0" in broken(write_record(no_targets))


def test_contradicting_permissions_are_refused() -> None:
    table = file_table(TABLE)
    assert table is not None
    assert table.entries is not None
    wrong = table.entries[0]._replace(deny=table.entries[0].allow)
    made = CompiledTable(table.tables, "file", table.accept2, (wrong, *table.entries[1:]), 7)
    assert "allows and denies" in broken(write_record(CompiledProfile("t", 5, file_table=made)))


def test_strings_and_tables_have_bounds_when_written() -> None:
    with pytest.raises(ValueError, match="string"):
        write_record(CompiledProfile("x" * 70_000, 5))
    table = file_table(INLINE)
    assert table is not None
    many = array("I", bytes(4 * 70_000))
    made = CompiledTable(
        type(table.tables)(many, many, many, table.tables.next, table.tables.check, None), "file", many
    )
    with pytest.raises(ValueError, match="16-bit"):
        write_record(CompiledProfile("t", 5, file_table=made))
