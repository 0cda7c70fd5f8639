"""Hard links: the rule, its pairs, and the kernel's way to a verdict."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dockarmor.access.confinement import StatePermissions
from dockarmor.access.event import Event
from dockarmor.access.permission import Perm
from dockarmor.access.request import LinkRequest
from dockarmor.rules import link
from dockarmor.rules.kind import PLAIN, Entry, Qualifiers
from dockarmor.syntax.cursor import Word
from dockarmor.text.source import Source, Span

NOWHERE = Span(Source("test", ""), 0, 0)


def rule(path: str, target: str, subset: bool = False, qualifiers: Qualifiers = PLAIN) -> link.LinkRule:
    return link.LinkRule(Word(path, NOWHERE), Word(target, NOWHERE), subset, qualifiers, NOWHERE)


@pytest.mark.parametrize(
    "text, expected",
    [
        ("link /a -> /b,", rule("/a", "/b")),
        ("link subset /a -> /b,", rule("/a", "/b", True)),
        ('link "/a b" -> "/c d",', rule("/a b", "/c d")),
        ("link @{X}/a -> /**,", rule("@{X}/a", "/**")),
        ("link foo -> rw,", rule("foo", "rw")),
    ],
)
def test_reading(text: str, expected: link.LinkRule, read: Any) -> None:
    assert read(link.KIND, text) == expected


@pytest.mark.parametrize(
    "text, code, message",
    [
        ("link /a,", "DA215", "expected `->` and the path of the existing file, found `,`"),
        ("link /a->/b,", "DA215", "expected `->` and the path of the existing file, found `,`"),
        ("link r /a -> /b,", "DA201", "expected the path of the new link, found `r`"),
        ("link,", "DA201", "expected the path of the new link, found `,`"),
        ("link /a -> /b", "DA210", "this link rule does not end in a comma"),
        ("link /a -> /b r,", "DA210", "this link rule does not end in a comma"),
        ("link /a -> ,", "DA212", "expected the path of the existing file after `->`, found `,`"),
    ],
)
def test_mistakes(text: str, code: str, message: str, refused: Any) -> None:
    diagnostic = refused(link.KIND, text)
    assert (diagnostic.code, diagnostic.message) == (code, message)


PATHS = st.text(st.characters(max_codepoint=255, exclude_characters="\0\\"), max_size=8).map("/".__add__)


@given(PATHS, PATHS, st.booleans(), st.sampled_from([PLAIN, Qualifiers(-1, True, "deny", "owner")]))
def test_what_is_written_reads_back(
    read_back: Any, path: str, target: str, subset: bool, qualifiers: Qualifiers
) -> None:
    made = rule(path, target, subset, qualifiers)
    assert read_back(link.KIND, made) == made


@pytest.mark.parametrize(
    "subset, qualifiers, entries",
    [
        (False, PLAIN, [Entry("file", b"/a", 0x40010), Entry("file", b"/a\\x00/b", 0x40010)]),
        (True, PLAIN, [Entry("file", b"/a", 0x40010), Entry("file", b"/a\\x00/b", 0x40030)]),
        (
            True,
            Qualifiers(subject="owner", audit=True),
            [Entry("file", b"/a", 0x10, 0x10), Entry("file", b"/a\\x00/b", 0x30, 0x10)],
        ),
        (
            True,
            Qualifiers(subject="other"),
            [Entry("file", b"/a", 0x40000), Entry("file", b"/a\\x00/b", 0x40000)],
        ),
        (False, Qualifiers(effect="deny"), [Entry("file", b"/a\\x00/b", 0x40010, 0x40010, "deny")]),
        (False, Qualifiers(effect="deny", audit=True), [Entry("file", b"/a\\x00/b", 0x40010, 0, "deny")]),
    ],
)
def test_encoding(subset: bool, qualifiers: Qualifiers, entries: list[Entry], scope: Any) -> None:
    encoded = link.encode(rule("/a", "/b", subset, qualifiers), scope())
    assert [one for one in encoded if isinstance(one, Entry)] == entries


GETATTR = Perm.GETATTR
ASKED = LinkRequest(b"/new", b"/old")


def profile(table: Any, confined: Any, **permissions: StatePermissions) -> Any:
    strings = {"new": b"/new", "old": b"/old", "pair": b"/new\0/old"}
    return confined(table({strings[name]: value for name, value in permissions.items()}))


def test_a_link_without_the_permission_on_its_name(table: Any, confined: Any) -> None:
    decision = link.decide(profile(table, confined, new=StatePermissions(allow=Perm.READ)), ASKED)
    assert (decision.allowed, decision.denied, decision.info) == (False, Perm.LINK, None)
    assert [match.string for match in decision.matches] == [b"/new"]


def test_a_link_whose_pair_is_not_allowed(table: Any, confined: Any) -> None:
    new = StatePermissions(allow=Perm.LINK)
    decision = link.decide(profile(table, confined, new=new, old=new), ASKED)
    assert (decision.allowed, decision.info, decision.record) == (False, "target restricted", "DENIED")


def test_whether_a_link_is_logged_is_said_by_the_pair(table: Any, confined: Any) -> None:
    new = StatePermissions(allow=Perm.LINK, audit=Perm.LINK)
    quiet = link.decide(profile(table, confined, new=new, pair=StatePermissions(quiet=Perm.LINK)), ASKED)
    assert (quiet.allowed, quiet.record) == (False, None)
    plain = link.decide(profile(table, confined, new=new, pair=StatePermissions(allow=Perm.LINK)), ASKED)
    assert (plain.allowed, plain.record) == (True, None)
    pair = StatePermissions(allow=Perm.LINK, audit=Perm.LINK)
    assert link.decide(profile(table, confined, new=new, pair=pair), ASKED).record == "AUDIT"


SUBSET = StatePermissions(allow=Perm.LINK | Perm.LOCK | GETATTR)


def test_a_subset_pair_allows_what_the_target_allows_too(table: Any, confined: Any) -> None:
    new = StatePermissions(allow=Perm.LINK | Perm.READ | GETATTR)
    old = StatePermissions(allow=Perm.READ | Perm.WRITE | GETATTR)
    decision = link.decide(profile(table, confined, new=new, pair=SUBSET, old=old), ASKED)
    assert decision.allowed
    assert [match.string for match in decision.matches] == [b"/new", b"/new\0/old", b"/old"]


def test_a_subset_pair_denies_a_link_that_grants_more(table: Any, confined: Any) -> None:
    new = StatePermissions(allow=Perm.LINK | Perm.READ | Perm.LOCK | GETATTR)
    old = StatePermissions(allow=Perm.READ | GETATTR)
    decision = link.decide(profile(table, confined, new=new, pair=SUBSET, old=old), ASKED)
    assert (decision.allowed, decision.denied) == (False, Perm.LOCK)
    assert ("denied_mask", "k") in link.record(ASKED, decision).pairs


@pytest.mark.parametrize(
    "new, old, allowed",
    [
        (0x04000000, 0x04000000, True),
        (0x04000000, 0x14000000, True),
        (0x14000000, 0x04000000, False),
        (0x04000000, 0x40000000, False),
    ],
)
def test_a_subset_pair_demands_the_same_exec(new: int, old: int, allowed: bool, table: Any, confined: Any) -> None:
    decision = link.decide(
        profile(
            table,
            confined,
            new=StatePermissions(allow=Perm.LINK | Perm.EXEC, exec_index=new),
            pair=SUBSET,
            old=StatePermissions(allow=Perm.EXEC, exec_index=old),
        ),
        ASKED,
    )
    assert decision.allowed is allowed
    assert decision.info == (None if allowed else "link not subset of target")


def test_without_a_table_no_link(confined: Any) -> None:
    assert not link.decide(confined(), ASKED).allowed


def test_a_record_and_the_way_back(confined: Any) -> None:
    record = link.record(ASKED, link.decide(confined(), ASKED))
    assert (record.operation, record.name) == ("link", b"/new")
    assert record.pairs == (
        ("requested_mask", "l"),
        ("denied_mask", "l"),
        ("fsuid", 0),
        ("ouid", 0),
        ("target", b"/old"),
    )
    assert link.request(Event("DENIED", "link", "p", fields={"name": "/new", "target": "/old"})) == ASKED
    assert link.request(Event("DENIED", "link", "p", fields={"name": "/new"})) is None
    assert link.request(Event("DENIED", "open", "p", fields={"name": "/new", "target": "/old"})) is None
