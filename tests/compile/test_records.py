"""Where a blob may be cut."""

from collections.abc import Callable

import pytest

from dockarmor.compile.pipeline import Built
from dockarmor.compile.reader import read_blob
from dockarmor.compile.records import by_namespace, names, namespaces

TEXT = "profile :a:one { /x r, ^hat { /y r, } }\nprofile two { /x r, }\nprofile :b:one { }\nprofile :a:three { }"


def test_records_of_a_namespace_stay_together(build: Callable[..., Built]) -> None:
    blob = build(TEXT).blob
    pieces = by_namespace(blob)
    assert {
        namespace: {profile.name for profile in read_blob(piece).profiles} for namespace, piece in pieces.items()
    } == {b"": {"two"}, b"a": {"one", "one//hat", "three"}, b"b": {"one"}}


def test_each_record_of_a_piece_names_its_namespace(build: Callable[..., Built]) -> None:
    """6.17 remembers the last record's only: it would take the parent of a hat for policy of the first namespace."""
    piece = by_namespace(build(TEXT).blob)[b"a"]
    assert piece.count(b"\x04\x0a\x00namespace\x00\x05\x02\x00a\x00") == 3
    assert [profile.namespace for profile in read_blob(piece).profiles] == ["a"] * 3
    assert by_namespace(piece) == {b"a": piece}


def test_a_blob_without_namespaces_is_one_piece(build: Callable[..., Built]) -> None:
    blob = build("profile a { }\nprofile b { }").blob
    assert by_namespace(blob) == {b"": blob}


def test_each_record_has_its_namespace_and_hats_their_parents(build: Callable[..., Built]) -> None:
    built = build(TEXT)
    sizes = [size.name for size in built.sizes]
    expected = {(b"a", "one"), (b"a", "one//hat"), (b"", "two"), (b"b", "one"), (b"a", "three")}
    assert {(space, name.decode()) for space, name in names(built.blob)} == expected
    assert set(zip(namespaces(built.blob), sizes, strict=True)) == expected
    assert namespaces(build("profile a { }").blob) == []


@pytest.mark.parametrize("damage", [slice(None, -1), slice(1, None), slice(None, 60)])
def test_what_is_damaged_is_left_to_the_kernel(damage: slice, build: Callable[..., Built]) -> None:
    blob = build(TEXT).blob[damage]
    assert by_namespace(blob) == {b"": blob}
