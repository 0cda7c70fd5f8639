"""Message queue rules."""

from typing import Any

import pytest

from dockarmor.rules.kind import Dropped, Entry
from dockarmor.rules.mqueue import EVERY, KIND

ALL_BITS = 0xC076
ANY, ANYONE = rb"[^\x00]*", rb"[^\x00][^\x00]*"


@pytest.mark.parametrize(
    ("text", "permissions", "type", "name"),
    [
        ("mqueue,", EVERY, None, None),
        ("mqueue r type=posix /a,", 4, "posix", "/a"),
        ("mqueue (create, getattr) 7,", 0x210, None, "7"),
        ('mqueue label=x "/a b",', EVERY, None, "/a b"),
    ],
)
def test_what_is_read(
    read: Any, read_back: Any, text: str, permissions: int, type: str | None, name: str | None
) -> None:
    rule = read(KIND, text)
    assert (rule.permissions, rule.type, rule.name and rule.name.text) == (permissions, type, name)
    assert read_back(KIND, rule) == rule


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ("mqueue (send),", "DA271", "unknown permission `send`"),
        ("mqueue type=sysy,", "DA272", "unknown type of queue `sysy`"),
        ("mqueue foo=a,", "DA273", "unknown condition `foo`"),
        ("mqueue type in (posix),", "DA274", "`type` takes `=` in mqueue rules, not `in`"),
        ("mqueue type=posix type=posix,", "DA275", "`type=` is said twice"),
        ("mqueue queue,", "DA276", "this names no queue"),
        ("mqueue 4294967296,", "DA276", "a key is a number up to 4294967295"),
        ("mqueue type=posix 7,", "DA277", "`type=posix` goes with a path"),
        ("mqueue type=sysv /a,", "DA277", "`type=sysv` goes with a key, a number"),
        ("mqueue /q label=a,", "DA270", "`label` does not belong here"),
    ],
)
def test_what_is_refused(refused: Any, text: str, code: str, message: str) -> None:
    diagnostic = refused(KIND, text)
    assert (diagnostic.code, diagnostic.message) == (code, message)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mqueue /a//b,", {rb"\x11/a//b": ALL_BITS, rb"\x11/a//b\x00" + ANYONE: ALL_BITS}),
        (
            "mqueue type=sysv 258,",
            {rb"\x12\x00\x00\x01\x02": ALL_BITS, rb"\x12\x00\x00\x01\x02\x00" + ANYONE: ALL_BITS},
        ),
        ("mqueue r type=posix label=x,", {rb"\x11" + ANY + rb"\x00x": 4}),
        (
            "mqueue (create getattr) label=x 7,",
            {rb"\x12\x00\x00\x00\x07": 0x10, rb"\x12\x00\x00\x00\x07\x00x": 0x8010},
        ),
        (
            "mqueue getattr,",
            {
                rb"\x11" + ANY: 0x8000,
                rb"\x11" + ANY + rb"\x00" + ANYONE: 0x8000,
                rb"\x12....": 0x8000,
                rb"\x12....\x00" + ANYONE: 0x8000,
            },
        ),
    ],
)
def test_encoding(read: Any, scope: Any, text: str, expected: dict[bytes, int]) -> None:
    made = KIND.encode(read(KIND, text), scope())
    assert {one.pattern: one.permissions for one in made if isinstance(one, Entry)} == expected


def test_only_known_types_are_encoded(read: Any, scope: Any) -> None:
    only_posix = scope(features=frozenset(("ipc/posix_mqueue",)))
    assert all(one.pattern.startswith(rb"\x11") for one in KIND.encode(read(KIND, "mqueue,"), only_posix))
    (dropped,) = KIND.encode(read(KIND, "mqueue 7,"), only_posix)
    assert isinstance(dropped, Dropped)
    assert dropped.diagnostic.message.endswith("the feature set has no `ipc/sysv_mqueue`")
    assert KIND.mediates is not None
    assert [one.pattern for one in KIND.mediates(only_posix)] == [rb"\x11"]
