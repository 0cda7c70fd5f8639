"""io_uring rules."""

from typing import Any

import pytest

from dockarmor.access.confinement import StatePermissions
from dockarmor.access.event import Event
from dockarmor.access.request import IoUringRequest
from dockarmor.rules.io_uring import EVERY, KIND
from dockarmor.rules.kind import Dropped, Entry

SQPOLL, OVERRIDE = 0x10, 0x8


@pytest.mark.parametrize(
    ("text", "permissions", "label"),
    [
        ("io_uring,", EVERY, None),
        ("io_uring sqpoll,", SQPOLL, None),
        ("io_uring (sqpoll override_creds) label=a,", EVERY, "a"),
        ("io_uring override_creds label=(a),", OVERRIDE, "a"),
        ("io_uring peer=(label=a),", EVERY, "a"),
    ],
)
def test_what_is_read(read: Any, read_back: Any, text: str, permissions: int, label: str | None) -> None:
    rule = read(KIND, text)
    assert (rule.permissions, rule.label and rule.label.text) == (permissions, label)
    assert read_back(KIND, rule) == rule


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("io_uring cmd,", "DA270"),
        ("io_uring (cmd),", "DA271"),
        ("io_uring foo=a,", "DA273"),
        ("io_uring peer=(foo=a),", "DA273"),
        ("io_uring label in (a),", "DA274"),
        ("io_uring label=a peer=(label=b),", "DA275"),
        ("io_uring label=(a b),", "DA276"),
        ("io_uring sqpoll override_creds,", "DA270"),
    ],
)
def test_what_is_refused(refused: Any, text: str, code: str) -> None:
    assert refused(KIND, text).code == code


def test_encoding(read: Any, scope: Any) -> None:
    def encoded(text: str) -> list[tuple[bytes, int]]:
        made = KIND.encode(read(KIND, text), scope(variables={"V": "v"}))
        return [(one.pattern, one.permissions) for one in made if isinstance(one, Entry)]

    assert encoded("io_uring sqpoll,") == [(rb"\x16", SQPOLL), (rb"\x16", 4)]
    assert encoded("io_uring override_creds label=a*,") == [
        (rb"\x16", OVERRIDE),
        (rb"\x16", 4),
        (rb"\x16a[^/\x00]*", OVERRIDE),
    ]
    (dropped,) = KIND.encode(read(KIND, "io_uring,"), scope(features=frozenset()))
    assert isinstance(dropped, Dropped)


def test_deciding_and_records(confined: Any, table: Any) -> None:
    assert KIND.decide is not None
    assert KIND.record is not None
    assert KIND.request is not None
    grants = {b"\x16": StatePermissions(allow=SQPOLL | 4), b"\x16a": StatePermissions(allow=OVERRIDE)}
    profile = confined(policy=table(grants))
    assert KIND.decide(profile, IoUringRequest(SQPOLL)).allowed
    assert not KIND.decide(profile, IoUringRequest(OVERRIDE)).allowed
    assert KIND.decide(profile, IoUringRequest(OVERRIDE, "a")).allowed
    request = IoUringRequest(OVERRIDE, "b")
    denied = KIND.decide(profile, request)
    made = KIND.record(request, denied)
    assert (made.operation, made.mediation) == ("uring_override", "io_uring")
    assert made.pairs == (("requested", "override_creds"), ("denied", "override_creds"), ("tcontext", "b"))
    fields = {key: str(value) for key, value in made.pairs}
    assert KIND.request(Event("DENIED", "uring_override", "p", fields=fields)) == request
    assert KIND.request(Event("DENIED", "uring_sqpoll", "p")) == IoUringRequest(SQPOLL)
