"""Mount and remount rules: what is accepted, which operations they mean, how the kernel decides."""

from typing import Any

import pytest

from dockarmor.access.confinement import StatePermissions
from dockarmor.access.event import Event
from dockarmor.access.mountflag import MOUNT_FLAGS
from dockarmor.access.request import MountRequest
from dockarmor.rules.kind import Dropped, Entry
from dockarmor.rules.mount import KIND
from dockarmor.rules.mount_flags import Options

ANY = rb"[^\x00]*"


def parts(*words: bytes) -> bytes:
    return rb"\x07" + rb"\x00".join(words)


@pytest.mark.parametrize(
    ("text", "source", "mountpoint"),
    [
        ("mount,", None, None),
        ("mount /a,", "/a", None),
        ("mount -> /b,", None, "/b"),
        ("mount /a -> /b,", "/a", "/b"),
        ('mount "/a b" -> b,', "/a b", "b"),
        (r"mount /a\ b=(c):d -> /b,", r"/a\ b=(c):d", "/b"),
        ("mount /a->/b,", "/a->/b", None),
        ("mount - -> /b,", "-", "/b"),
        ('mount "" -> /b,', "", "/b"),
        ("remount /a,", None, "/a"),
    ],
)
def test_paths(read: Any, text: str, source: str | None, mountpoint: str | None) -> None:
    rule = read(KIND, text)
    found = [word if word is None else word.text for word in (rule.source, rule.mountpoint)]
    assert found == [source, mountpoint]


def test_conditions(read: Any) -> None:
    rule = read(KIND, "mount options=(read-only, B) vfstype=ext4 option in(ro suid) fstype in (a ext4) /a,")
    assert [word.text for word in rule.fstypes] == ["ext4", "a"]
    assert rule.options == (Options(False, ("ro", "bind")), Options(True, ("ro", "suid")))


@pytest.mark.parametrize(
    ("text", "code", "message", "marked"),
    [
        ("mount options=foo,", "DA252", "unknown mount option `foo`", "foo"),
        ("mount options=nosiud,", "DA252", "unknown mount option `nosiud`", "nosiud"),
        (
            "mount options=ro,nosuid,",
            "DA252",
            "several options stand in parentheses: `options=(ro, nosuid)`",
            "ro,nosuid",
        ),
        ("mount options=(ro rw),", "DA257", "`ro` and `rw` contradict each other", "rw"),
        ("mount opts=ro,", "DA253", "unknown condition `opts`", "opts"),
        ("mount options=(),", "DA256", "`options` has an empty list", "options=()"),
        ("mount /a options=ro -> /b,", "DA250", "`options` stands behind a path", "options=ro"),
        ("mount /a -> /b fstype=x,", "DA250", "`fstype` stands behind a path", "fstype=x"),
        ("mount /a /b,", "DA250", "`/b` does not belong here", "/b"),
        ("mount /a ->,", "DA250", "`,` does not belong here", ","),
        ("mount -> ->,", "DA250", "`->` does not belong here", "->"),
        ("remount -> /b,", "DA250", "`->` does not belong here", "->"),
        ("mount # x\n,", "DA250", "`x` does not belong here", "x"),
    ],
)
def test_what_is_refused(refused: Any, text: str, code: str, message: str, marked: str) -> None:
    diagnostic = refused(KIND, text)
    found = (diagnostic.code, diagnostic.message, diagnostic.span.text.strip())
    assert found == (code, message, marked)


def test_a_comment_inside_of_a_rule_is_explained(refused: Any) -> None:
    assert "a comment cannot stand inside a mount rule" in refused(KIND, "mount # why\n,").help[0]


def test_options_without_parentheses_are_mended(refused: Any) -> None:
    fix = refused(KIND, "mount options=ro,nosuid,").fix
    assert (fix.replacement, fix.safe) == ("(ro, nosuid)", True)


@pytest.mark.parametrize(
    "text",
    [
        "mount options=bind fstype=x /a -> /b,",
        "mount options=move fstype=x /a -> /b,",
        "mount options=shared /a -> /b,",
        "mount options=remount /a -> /b,",
    ],
)
def test_a_rule_that_means_no_operation_is_refused(refused: Any, text: str) -> None:
    diagnostic = refused(KIND, text)
    assert diagnostic.code == "DA258"
    assert diagnostic.message == "no mount operation has these options together with these conditions"


@pytest.mark.parametrize(
    "text",
    [
        "mount,",
        "mount -> /b,",
        "mount fstype=ext4 /a -> /b,",
        'mount fstype=(ext4, "a b") options=(ro, nosuid) options in (rw, atime) /a* -> /b/,',
        "remount options=ro /a,",
        "mount options=make-rslave -> /,",
    ],
)
def test_canonical_text_stays(read: Any, text: str) -> None:
    assert KIND.write(read(KIND, text)) == text


# -- encoding ---------------------------------------------------------------------------------------------


def patterns(read: Any, scope: Any, text: str) -> list[bytes]:
    encoded = KIND.encode(read(KIND, text), scope())
    entries = [one for one in encoded if isinstance(one, Entry)]  # flags without effect are said, too
    assert all(entry.permissions == 2 for entry in entries)
    return [entry.pattern for entry in entries]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mount options=ro /a//b -> /c,", [parts(b"/c", b"/a/b", ANY, rb"\x01")]),
        ("mount options=(ro bind) /a -> /c,", [parts(b"/c", b"/a", ANY, rb"\x0d")]),
        ("mount options=rbind /a -> /c,", [parts(b"/c", b"/a", ANY, rb"\x0d\x0f")]),
        ("mount options=move /a -> /c,", [parts(b"/c", b"/a", ANY, rb"\x0e")]),
        ("mount options=shared -> /c,", [parts(b"/c", ANY, ANY, rb"\x15")]),
        ("mount options=shared /c,", [parts(b"/c", ANY, ANY, rb"\x15")]),
        ("remount options=(ro bind) /c,", [parts(b"/c", ANY, ANY, rb"\x01\x06\x0d")]),
        ("mount fstype=(a b) options in (ro) /x -> /c,", [parts(b"/c", b"/x", b"(a|b)", rb"(\x01|)")]),
        (
            "mount options=ro options=nosuid options in (sync) /x -> /c,",
            [parts(b"/c", b"/x", ANY, rb"\x01(\x05|)"), parts(b"/c", b"/x", ANY, rb"\x02(\x05|)")],
        ),
        ("mount options=(ro) detached -> /c,", [parts(b"/c", b"", ANY, rb"\x01")]),
        ("mount options=nouser /a -> /b,", [parts(b"/b", b"/a", ANY, rb"(\xfe|)")]),
    ],
)
def test_encoding(read: Any, scope: Any, text: str, expected: list[bytes]) -> None:
    assert patterns(read, scope, text) == expected


@pytest.mark.parametrize(
    ("text", "operations"),
    [
        ("mount,", 5),
        ("mount /a,", 4),
        ("mount /a -> /b,", 3),
        ("mount fstype=x,", 1),
        ("mount options=rw -> /b,", 5),
        ("remount,", 1),
    ],
)
def test_a_wide_rule_means_every_possible_operation(read: Any, scope: Any, text: str, operations: int) -> None:
    assert len(patterns(read, scope, text)) == operations


def test_remount_never_becomes_optional(read: Any, scope: Any) -> None:
    (pattern,) = patterns(read, scope, "remount options in (remount ro) /a,")
    assert pattern == parts(b"/a", ANY, ANY, rb"(\x01|)\x06")


def test_without_the_feature_the_rule_is_dropped(read: Any, scope: Any) -> None:
    (dropped,) = KIND.encode(read(KIND, "mount,"), scope(features=frozenset()))
    assert isinstance(dropped, Dropped)
    assert dropped.diagnostic.message == "mount rules are not enforced: the feature set has no `mount`"


# -- deciding ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("request_", "allowed", "info"),
    [
        (MountRequest(b"/m/", b"/a", b"ext4", 1), True, None),
        (MountRequest(b"/n/", b"/a", b"ext4", 1), False, "failed mntpnt match"),
        (MountRequest(b"/m/", b"/b", b"ext4", 1), False, "failed srcname match"),
        (MountRequest(b"/m/", b"/a", b"xfs", 1), False, "failed type match"),
        (MountRequest(b"/m/", b"/a", b"ext4", 2), False, "failed flags match"),
        (MountRequest(b"/m/", b"/a", b"ext4", 0), False, "failed perms check"),
        (MountRequest(b"/m/", b"/a", b"ext4", 0x1001), False, "failed type match"),
    ],
)
def test_the_part_that_leads_nowhere_is_named(
    confined: Any, table: Any, request_: MountRequest, allowed: bool, info: str | None
) -> None:
    profile = confined(policy=table({b"\x07/m/\0/a\0ext4\0\x01": StatePermissions(allow=2)}))
    assert KIND.decide is not None
    decision = KIND.decide(profile, request_)
    assert (decision.allowed, decision.info) == (allowed, info)
    assert decision.errno == (0 if allowed else 13)


def test_remount_and_propagation_have_no_source(confined: Any, table: Any) -> None:
    shared, remount = MOUNT_FLAGS["make-shared"], MOUNT_FLAGS["remount"]
    grants = {b"\x07/m/\0\0\0\x15": StatePermissions(allow=2), b"\x07/m/\0\0\0\x06": StatePermissions(allow=2)}
    profile = confined(policy=table(grants))
    assert KIND.decide is not None
    for flags in (shared, remount):
        assert KIND.decide(profile, MountRequest(b"/m/", b"/dev/x", b"ext4", flags)).allowed


def test_records_and_the_way_back(confined: Any, table: Any) -> None:
    request = MountRequest(b"/m/", b"/a b", b"ext4", 0x3)
    assert KIND.decide is not None
    assert KIND.record is not None
    assert KIND.request is not None
    decision = KIND.decide(confined(policy=table({b"\x07": StatePermissions()})), request)
    made = KIND.record(request, decision)
    assert (made.operation, made.name) == ("mount", b"/m/")
    assert made.pairs == (("fstype", b"ext4"), ("srcname", b"/a b"), ("flags", "ro, nosuid"))
    fields = {"name": "/m/", "fstype": "ext4", "srcname": "/a b", "flags": "ro, nosuid"}
    assert KIND.request(Event("DENIED", "mount", "p", fields=fields)) == request
    bind = KIND.request(Event("DENIED", "mount", "p", fields={"name": "/m/", "srcname": "/a", "flags": "rw, rbind"}))
    assert bind == MountRequest(b"/m/", b"/a", b"", 0x5000)
