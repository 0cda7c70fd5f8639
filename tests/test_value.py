"""Values behave like frozen, slotted dataclasses."""

import copy
import pickle

import pytest

from dockarmor.value import asdict, field, fields, frozen, mutable, replace


@frozen
class Place:
    name: str
    at: int = field(compare=False, repr=False, default=0)
    more: dict[str, int] = field(default_factory=dict)


@frozen
class Deeper(Place):
    depth: int = 1


@mutable
class Record:
    seen: list[int] = field(default_factory=list)


def test_fields_become_arguments_in_their_order() -> None:
    assert (Place("a", 3).name, Place("a", 3).at, Place(at=3, name="a").at) == ("a", 3, 3)
    with pytest.raises(TypeError):
        Place()  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        Place("a", unknown=1)  # type: ignore[call-arg]


def test_a_default_is_made_anew_for_each_value() -> None:
    assert Place("a").more is not Place("a").more
    assert Record().seen is not Record().seen


def test_no_field_without_a_default_follows_one_that_has_one() -> None:
    @frozen
    class Wrong:
        x: int = 0
        y: int  # type: ignore[misc]

    with pytest.raises(TypeError, match="y has no default"):
        Wrong(1, 2)


def test_equality_and_hash_look_at_compared_fields_and_the_class() -> None:
    assert Place("a", 1) == Place("a", 2) != Place("b", 1)
    assert Place("a") != Deeper("a")
    assert hash(Deeper("a", 1, ())) == hash(Deeper("a", 2, ()))  # type: ignore[arg-type]


def test_a_value_cannot_be_changed_and_has_no_room_for_more() -> None:
    place = Place("a")
    with pytest.raises(AttributeError):
        place.name = "b"  # type: ignore[misc]
    with pytest.raises(AttributeError):
        del place.name
    with pytest.raises(AttributeError):
        Record().other = 1  # type: ignore[attr-defined]


def test_a_record_can_be_changed_and_has_no_hash() -> None:
    record = Record()
    record.seen = [1]
    assert record == Record([1])
    with pytest.raises(TypeError):
        hash(record)


def test_values_inherit_fields() -> None:
    assert [one.name for one in fields(Deeper)] == ["name", "at", "more", "depth"]
    assert Deeper("a", depth=2).depth == 2
    assert not hasattr(Deeper("a"), "__dict__")


def test_eq_false_compares_by_identity() -> None:
    @frozen(eq=False)
    class Node:
        name: str

    assert Node("a") != Node("a")
    assert len({Node("a"), Node("a")}) == 2


def test_they_are_shown_copied_pickled_replaced_and_taken_apart() -> None:
    place = Place("a", 3, {"x": 1})
    assert repr(place) == "Place(name='a', more={'x': 1})"
    assert pickle.loads(pickle.dumps(place)).at == 3
    assert copy.deepcopy(place) == place
    assert replace(place, name="b") == Place("b", 3, {"x": 1})
    assert asdict(Record([1])) == {"seen": [1]}
    match place:
        case Place(name, at):
            assert (name, at) == ("a", 3)
