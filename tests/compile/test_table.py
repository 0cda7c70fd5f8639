"""Entries to an automaton: what does not fit a kernel's tables is said."""

from itertools import islice, product

import pytest

from dockarmor.automata.limits import Limits
from dockarmor.compile.encoding import PlacedEntry, merge
from dockarmor.compile.stream import MAX_ARRAY
from dockarmor.compile.table import Form, build
from dockarmor.rules.file_mode import OTHER_SHIFT
from dockarmor.rules.kind import Entry
from dockarmor.text.diagnostic import DiagnosticError

LONG = [PlacedEntry(Entry("file", b"a" * 66_000, 0x10004), None)]


def code(form: Form) -> str:
    with pytest.raises(DiagnosticError) as caught:
        build("file", LONG, form)
    return caught.value.diagnostics[0].code


def test_more_states_than_16_bits_hold_need_a_kernel_with_32() -> None:
    assert code(Form()) == "DA402"
    table = build("file", LONG, Form(wide=True))
    assert table is not None
    assert table.wide
    assert not build("file", LONG[:0], Form(wide=True))


def test_small_tables_stay_narrow_on_a_kernel_with_32() -> None:
    table = build("file", [PlacedEntry(Entry("file", b"a", 4), None)], Form(wide=True))
    assert table is not None
    assert not table.wide


def test_bounds_of_the_construction_are_findings() -> None:
    assert code(Form(limits=Limits(nodes=100))) == "DA404"


def test_the_trap_has_the_first_permission_entry() -> None:
    table = build("file", [PlacedEntry(Entry("file", b"a", 4), None)], Form(permission_table=True))
    assert table is not None
    assert table.tables.values[0] == 0
    assert table.entry(0).allow == 0x200


def test_entries_of_one_pattern_are_joined_by_effect_priority_and_audit() -> None:
    entries = [
        Entry("file", b"a", 0x4),
        Entry("file", b"a", 0x2),
        Entry("file", b"a", 0x8, 0x8),
        Entry("file", b"a", 0x8, effect="deny"),
        Entry("file", b"a", 0x1, priority=1),
    ]
    joined = [one.entry for one in merge([PlacedEntry(entry, None) for entry in entries])]
    assert [(one.permissions, one.audit, one.effect, one.priority) for one in joined] == [
        (0x6, 0, "allow", 0),
        (0x8, 0x8, "allow", 0),
        (0x8, 0, "deny", 0),
        (0x1, 0, "allow", 1),
    ]


def test_more_sets_of_permissions_than_a_kernel_reads_are_a_finding() -> None:
    """Every distinct set is an entry, the owner's and the others'; where both are the same, one does for both."""
    bits = [1 << bit for bit in (1, 2, 3, 4, 5)]  # without exec, and m, which goes with it
    bits += [bit << OTHER_SHIFT for bit in bits]
    words = (0, 1, 2)  # not allowed, allowed, allowed and logged
    entries = []
    for number, choice in enumerate(islice(product(words, repeat=len(bits)), 1, MAX_ARRAY // 2 + 2 + 3**5)):
        allowed = sum(bit for bit, word in zip(bits, choice, strict=True) if word)
        logged = sum(bit for bit, word in zip(bits, choice, strict=True) if word == 2)
        entries.append(PlacedEntry(Entry("file", b"/%d" % number, allowed, logged), None))
    form = Form(permission_table=True, wide=True)
    with pytest.raises(DiagnosticError) as found:
        build("file", entries, form)
    assert [one.code for one in found.value.diagnostics] == ["DA403"]
    assert build("file", entries[:100], form)


def test_where_owner_and_others_may_the_same_one_permission_entry_says_so() -> None:
    both, owners = 0x4 | 0x4 << OTHER_SHIFT, 0x2
    patterns = [PlacedEntry(Entry("file", b"/a", both), None), PlacedEntry(Entry("file", b"/b", owners), None)]
    table = build("file", patterns, Form(permission_table=True))
    assert table is not None
    assert table.entries is not None
    assert len(table.entries) == 4  # the trap's, the owner's and the others' for /b, one for /a
    for path, owner, other in ((b"/a", 0x4, 0x4), (b"/b", 0x2, 0), (b"/c", 0, 0)):
        state = table.walk(table.start(), path)
        assert (table.entry(state).allow & 0x6, table.entry(state, owner=False).allow & 0x6) == (owner, other)
