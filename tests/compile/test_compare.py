"""Two policies are compared by meaning; a difference comes with a string that shows it."""

from collections.abc import Callable

import pytest

from dockarmor.compile.compare import FieldDifference, TableDifference, compare
from dockarmor.compile.compiled import CompiledPolicy
from dockarmor.compile.pipeline import Built, Options
from dockarmor.compile.reader import read_blob
from dockarmor.text.diagnostic import DiagnosticError

Build = Callable[..., Built]


def profile(build: Build, rules: str, features: str = "kernel-7.2", **options: bool) -> CompiledPolicy:
    return read_blob(build(f"profile t {{ {rules} }}", features, options=Options(**options)).blob)


def test_the_order_and_the_way_of_saying_do_not_matter(build: Build) -> None:
    one = profile(build, "/a r,\n /{b,c} w,")
    other = profile(build, "/c w,\n /b w,\n /a r,", differential=False, classes=True)
    assert compare(one, other) == []


def test_the_shortest_string_that_differs_is_shown(build: Build) -> None:
    (found,) = compare(profile(build, "/a* r,\n/b r,"), profile(build, "/b r,"))
    assert isinstance(found, TableDifference)
    assert (found.table, found.string) == ("file", b"/a")
    assert (found.left.owner.allow, found.right.owner.allow) == (0x244, 0x200)
    assert "/a" in str(found)


def test_audit_and_silence_count(build: Build) -> None:
    assert compare(profile(build, "/a r,"), profile(build, "audit /a r,"))
    assert compare(profile(build, "/a r,"), profile(build, "/a r,\n deny /b w,"))
    assert not compare(profile(build, "/a r,"), profile(build, "/a r,\n audit deny /b w,"))


def test_exec_targets_are_compared_by_name(build: Build) -> None:
    one = profile(build, "/a px -> x,\n /b px -> y,")
    other = profile(build, "/b px -> y,\n /a px -> x,")
    assert compare(one, other) == []
    (found,) = compare(one, profile(build, "/a px -> y,\n /b px -> x,"))
    assert isinstance(found, TableDifference)
    assert (found.left.owner_target, found.right.owner_target) == ("x", "y")


def test_header_fields_and_profiles_that_are_missing(build: Build) -> None:
    one = read_blob(build("profile a { } profile b flags=(complain) { }").blob)
    other = read_blob(build("profile b { capability chown, } profile c { }").blob)
    found = {(one.profile, one.field) for one in compare(one, other) if isinstance(one, FieldDifference)}
    assert found == {("a", "profile"), ("c", "profile"), ("b", "mode"), ("b", "capabilities")}


def test_a_table_that_is_not_there_allows_nothing(build: Build) -> None:
    assert compare(profile(build, ""), profile(build, "audit deny /a r,")) == []
    (found,) = compare(profile(build, ""), profile(build, "/a r,"))
    assert isinstance(found, TableDifference)
    assert found.string == b"/a"


def test_both_layouts_of_one_policy_are_equal(build: Build) -> None:
    rules = "/a* rw,\n owner /b r,\n deny /c w,\n /d px -> e,"
    words, table = profile(build, rules, "kernel-6.12"), profile(build, rules)
    found = compare(words, table)
    assert [one for one in found if not isinstance(one, TableDifference) or one.table == "file"] == []


def test_policies_that_are_too_large_to_compare_are_a_finding(build: Build) -> None:
    """Each of the two tables has a state for every set of places, the pairs of these are too many."""
    one, other = (profile(build, f"/{{**,}}{letter}{'[xyz]' * 14} r,") for letter in "xy")
    with pytest.raises(DiagnosticError) as found:
        compare(one, other)
    assert [said.code for said in found.value.diagnostics] == ["DA407"]
    assert compare(one, one) == []
