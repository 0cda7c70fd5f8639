"""pivot_root rules."""

from typing import Any

import pytest

from dockarmor.access.confinement import StatePermissions
from dockarmor.access.event import Event
from dockarmor.access.request import PivotRootRequest
from dockarmor.rules.kind import Dropped
from dockarmor.rules.pivot_root import KIND

ANY = rb"[^\x00]*"


@pytest.mark.parametrize(
    ("text", "new", "old"),
    [
        ("pivot_root,", ANY, ANY),
        ("pivot_root /a,", b"/a", ANY),
        ("pivot_root oldroot=/a//old/ /b,", b"/b", b"/a/old/"),
        ("pivot_root oldroot=/a # why\n /b # where\n,", b"/b", b"/a"),
        ('pivot_root oldroot="/a b",', ANY, b"/a b"),
        ("pivot_root /{a,b},", b"/(a|b)", ANY),
    ],
)
def test_encoding(read: Any, scope: Any, text: str, new: bytes, old: bytes) -> None:
    (entry,) = KIND.encode(read(KIND, text), scope())
    assert (entry.pattern, entry.permissions) == (rb"\x07" + new + rb"\x00" + old, 1)


def test_a_profile_to_change_to_is_said_to_have_no_effect(read: Any, scope: Any) -> None:
    warning, _ = KIND.encode(read(KIND, "pivot_root /a -> other,"), scope())
    assert isinstance(warning, Dropped)
    assert (warning.diagnostic.code, warning.diagnostic.span.text) == ("DA424", "pivot_root /a -> other,")  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("pivot_root /a oldroot=/b,", "DA210"),
        ("pivot_root foo=/a,", "DA253"),
        ("pivot_root oldroot=(/a /b),", "DA256"),
        ("pivot_root oldroot=/a oldroot=/b,", "DA255"),
        ("pivot_root mount,", "DA210"),
        ("pivot_root /a -> ,", "DA212"),
    ],
)
def test_what_is_refused(refused: Any, text: str, code: str) -> None:
    assert refused(KIND, text).code == code


@pytest.mark.parametrize("text", ["pivot_root,", 'pivot_root oldroot=/a/ "/b c" -> x,', "pivot_root /a,"])
def test_canonical_text_stays(read: Any, text: str) -> None:
    assert KIND.write(read(KIND, text)) == text


def test_deciding_and_records(confined: Any, table: Any) -> None:
    profile = confined(policy=table({b"\x07/n/\0/n/o/": StatePermissions(allow=1)}))
    assert KIND.decide is not None
    assert KIND.record is not None
    assert KIND.request is not None
    assert KIND.decide(profile, PivotRootRequest(b"/n/", b"/n/o/")).allowed
    request = PivotRootRequest(b"/n/", b"/n/p/")
    denied = KIND.decide(profile, request)
    assert denied.record == "DENIED"
    made = KIND.record(request, denied)
    assert (made.operation, made.name, made.pairs) == ("pivotroot", b"/n/", (("srcname", b"/n/p/"),))
    fields = {"name": "/n/", "srcname": "/n/p/"}
    assert KIND.request(Event("DENIED", "pivotroot", "p", fields=fields)) == request
