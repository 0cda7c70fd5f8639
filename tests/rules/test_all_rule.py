"""`all,`"""

from typing import Any

import pytest

from dockarmor.rules import all_rule
from dockarmor.rules.all_rule import AllRule
from dockarmor.rules.capability import CapabilityRule
from dockarmor.rules.file import FileRule
from dockarmor.rules.kind import PLAIN, CapabilityEntry, Entry, Qualifiers
from dockarmor.rules.registry import ALL
from dockarmor.text.source import Source, Span

NOWHERE = Span(Source("test", "all,"), 0, 4)
KEYWORDS = {keyword for kind in ALL for keyword in kind.keywords}

classes = pytest.mark.skipif(
    not KEYWORDS.issuperset(all_rule.CLASSES), reason="not every rule kind is registered yet"
)


def test_reading_and_writing(read: Any, read_back: Any) -> None:
    assert read(all_rule.KIND, "all,") == AllRule(PLAIN, NOWHERE)
    for qualifiers in (PLAIN, Qualifiers(audit=True), Qualifiers(audit=True, effect="deny")):
        rule = AllRule(qualifiers, NOWHERE)
        assert read_back(all_rule.KIND, rule) == rule


@pytest.mark.parametrize(
    "text, qualifiers, code",
    [
        ("all", PLAIN, "DA210"),
        ("all r,", PLAIN, "DA210"),
        ("all,", Qualifiers(subject="owner"), "DA289"),
        ("all,", Qualifiers(priority=1), "DA289"),
    ],
)
def test_mistakes(text: str, qualifiers: Qualifiers, code: str, refused: Any) -> None:
    assert refused(all_rule.KIND, text, qualifiers).code == code


@classes
def test_it_stands_for_a_rule_of_every_class() -> None:
    parts = list(all_rule.expand(AllRule(PLAIN, NOWHERE), ALL))
    assert [kind.name for kind, _ in parts][-3:] == ["file", "file", "capability"]
    assert len(parts) == len(all_rule.CLASSES) + 3
    assert all(part.span == NOWHERE for _, part in parts)
    assert all(isinstance(part, kind.rules) for kind, part in parts)
    rwlkm, ix, capabilities = (part for _, part in parts[-3:])
    assert isinstance(rwlkm, FileRule)
    assert rwlkm.exec is None
    assert isinstance(ix, FileRule)
    assert (ix.exec, ix.qualifiers.priority) == ("ix", -1)
    assert isinstance(capabilities, CapabilityRule)


def file_entries(qualifiers: Qualifiers, scope: Any) -> list[tuple[int, int, int]]:
    encoded = all_rule.encode(AllRule(qualifiers, NOWHERE), scope())
    found = [entry for entry in encoded if isinstance(entry, Entry) and entry.table == "file"]
    return [(entry.priority, entry.permissions, entry.audit) for entry in found]


@classes
def test_the_file_part(scope: Any) -> None:
    assert file_entries(PLAIN, scope) == [(0, 0x1F807E, 0), (0, 0x40030, 0), (-1, 0x804201, 0)]


@classes
def test_denying_all_denies_everybody_with_full_weight(scope: Any) -> None:
    """Unlike upstream; docs/decisions/0003-patterns.md."""
    assert file_entries(Qualifiers(effect="deny"), scope) == [
        (0, 0x1B806E, 0x1B806E),
        (0, 0x40030, 0x40010),
        (0, 0x4001, 0x4001),
    ]


@classes
def test_every_capability(scope: Any) -> None:
    encoded = all_rule.encode(AllRule(PLAIN, NOWHERE), scope())
    masks = [entry.mask for entry in encoded if isinstance(entry, CapabilityEntry)]
    assert masks == [2**64 - 1]
