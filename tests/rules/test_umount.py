"""Umount rules."""

from typing import Any

import pytest

from dockarmor.access.confinement import StatePermissions
from dockarmor.access.event import Event
from dockarmor.access.request import UmountRequest
from dockarmor.rules.kind import Dropped, Entry
from dockarmor.rules.umount import KIND


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("umount,", rb"\x07[^\x00]*"),
        ("unmount /a//b/,", rb"\x07/a/b/"),
        ('umount "/a b",', rb"\x07/a b"),
        ("umount @{M}/*/,", rb"\x07/m/[^/\x00][^/\x00]*/"),
    ],
)
def test_encoding(read: Any, scope: Any, text: str, pattern: bytes) -> None:
    (entry,) = KIND.encode(read(KIND, text), scope(variables={"M": "/m"}))
    assert (entry.pattern, entry.permissions) == (pattern, 4)


def test_conditions_are_said_to_have_no_effect(read: Any, scope: Any) -> None:
    warning, entry = KIND.encode(read(KIND, "umount fstype=ext4 options=ro /a,"), scope())
    assert isinstance(warning, Dropped)
    assert warning.diagnostic.code == "DA424"
    assert isinstance(entry, Entry)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("umount -> /a,", "DA250"),
        ("umount /a /b,", "DA250"),
        ("umount foo=a,", "DA253"),
        ("umount options=(ro rw),", "DA257"),
        ("umount /a options=ro,", "DA250"),
    ],
)
def test_what_is_refused(refused: Any, text: str, code: str) -> None:
    assert refused(KIND, text).code == code


@pytest.mark.parametrize("text", ["umount,", "umount /a/,", "umount fstype=x options=(ro, sync) /a,"])
def test_canonical_text_stays(read: Any, text: str) -> None:
    assert KIND.write(read(KIND, text)) == text


def test_deciding_and_records(confined: Any, table: Any) -> None:
    profile = confined(policy=table({b"\x07/a/": StatePermissions(allow=4)}))
    assert KIND.decide is not None
    assert KIND.record is not None
    assert KIND.request is not None
    assert KIND.decide(profile, UmountRequest(b"/a/")).allowed
    denied = KIND.decide(profile, UmountRequest(b"/b/"))
    assert (denied.record, denied.info, denied.denied) == ("DENIED", None, 4)
    made = KIND.record(UmountRequest(b"/b/"), denied)
    assert (made.operation, made.mediation, made.name, made.pairs) == ("umount", "mount", b"/b/", ())
    assert KIND.request(Event("DENIED", "umount", "p", fields={"name": "/b/"})) == UmountRequest(b"/b/")
    assert KIND.decide(confined(), UmountRequest(b"/b/")).allowed
