"""How a load and a removal change the tree of profiles, and how it is listed."""

from collections.abc import Sequence
from errno import EEXIST, ENOENT

import pytest

from dockarmor.kernel.embedded.store import Entry
from dockarmor.kernel.embedded.tree import listed, loaded, removed
from dockarmor.kernel.protocol import KernelError

OLD, NEW = "0" * 64, "1" * 64


def entries(names: str, blob: str = OLD) -> list[Entry]:
    return [Entry(name, blob, position) for position, name in enumerate(names.split())]


def names(tree: Sequence[Entry]) -> str:
    return " ".join(entry.name for entry in tree)


def test_a_load_adds_what_is_not_there() -> None:
    assert names(loaded(entries("a"), entries("b b//c", NEW), replace=False)) == "a b b//c"


def test_a_replaced_profile_keeps_its_place_and_the_children_that_the_load_does_not_bring() -> None:
    tree = loaded(entries("a a//old b"), entries("a a//new", NEW), replace=True)
    assert names(tree) == "a a//old b a//new"
    assert [entry.blob for entry in tree] == [NEW, OLD, OLD, NEW]


def test_without_replace_nothing_that_is_there_may_come_again() -> None:
    with pytest.raises(KernelError, match="profile a is already loaded") as caught:
        loaded(entries("a"), entries("z a", NEW), replace=False)
    assert caught.value.errno == EEXIST


def test_a_blob_that_brings_a_profile_twice_is_refused() -> None:
    with pytest.raises(KernelError, match="twice"):
        loaded([], entries("a a"), replace=True)


@pytest.mark.parametrize(
    "name, rest",
    [
        ("a", "ab :n:a :n//m:a :nm:a"),
        ("a//b", "a ab :n:a :n//m:a :nm:a"),
        (":n:a", "a a//b a//b//c ab :n//m:a :nm:a"),
        (":n:", "a a//b a//b//c ab :nm:a"),
    ],
)
def test_a_removal_takes_the_children_along(name: str, rest: str) -> None:
    assert names(removed(entries("a a//b a//b//c ab :n:a :n//m:a :nm:a"), name)) == rest


@pytest.mark.parametrize(
    "name, words",
    [("b", "profile b is not loaded"), (":m:", "namespace :m: does not exist"), ("", "no profile is named")],
)
def test_what_is_not_there_cannot_be_removed(name: str, words: str) -> None:
    with pytest.raises(KernelError, match=words) as caught:
        removed(entries("a"), name)
    assert caught.value.errno == ENOENT


def test_the_newest_is_listed_first_with_its_children_after_it() -> None:
    assert names(listed(entries("a a//x a//x//y b a//z :n:c d"))) == "d b a a//z a//x a//x//y :n:c"


def test_a_child_cannot_come_before_its_parent() -> None:
    with pytest.raises(KernelError, match="profile a//b has no parent: a is not loaded") as caught:
        loaded(entries("b"), entries("a//b", NEW), replace=True)
    assert caught.value.errno == ENOENT


def test_a_parent_that_is_replaced_turns_the_order_of_its_children_round() -> None:
    tree = loaded(entries("p p//1 p//2 p//3"), entries("p p//2 p//4", NEW), replace=True)
    assert names(listed(tree)) == "p p//4 p//1 p//2 p//3"


def test_the_same_bytes_again_change_nothing() -> None:
    tree = entries("p p//1 p//2")
    assert loaded(tree, tree, replace=True) == tree
