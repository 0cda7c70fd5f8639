"""DA354: a path that may be written and run."""

from collections.abc import Callable
from pathlib import Path

import pytest

from dockarmor.text.diagnostic import Diagnostic

Find = Callable[..., list[Diagnostic]]


def profile(*rules: str, head: str = "profile p") -> str:
    return f"{head} {{\n" + "".join(f"  {rule}\n" for rule in rules) + "}\n"


@pytest.mark.parametrize("mode", ["w", "a", "rw"])
@pytest.mark.parametrize("exec", ["ix", "px", "Ux", "cx -> a", "rPix", "mrix"])
def test_two_rules_that_meet_are_found(find: Find, mode: str, exec: str) -> None:
    (one,) = find("DA354", profile(f"/srv/** {mode},", f"/srv/bin/* {exec},"))
    assert one.span is not None
    assert one.span.text == f"/srv/bin/* {exec},"
    assert [other.span.text for other in one.others] == [f"/srv/** {mode},"]
    assert one.notes == ("witness: /srv/bin/a can be written and run",)


def test_one_rule_that_does_both_is_found(find: Find) -> None:
    (one,) = find("DA354", profile("/tmp/** rwix,", "/tmp/a w,"))
    assert (one.label, one.others) == ("writes and runs it", ())


@pytest.mark.parametrize(
    "rules",
    [
        ["/a w,", "/b ix,"],
        ["/a/* w,", "/a/*/* ix,"],
        ["/a rw,", "/a mr,"],
        ["/a/** w,", "/a/b ix,", "deny /a/b w,"],
        ["/a/** w,", "/a/b ix,", "deny /a/* x,"],
        ["/a w,", "/a ix,", "deny owner /a w,", "deny /a x,"],
        ["owner /a w,", "other /a ix,"],
        ["file,"],
        ["all,"],
        ["file,", "/bin/sh px,"],
        ["priority=1 /a/b ix,", "/a/* w,", "priority=1 deny /a/b w,"],
    ],
)
def test_what_does_not_meet_or_is_denied_is_not(find: Find, rules: list[str]) -> None:
    assert find("DA354", profile(*rules)) == []


def test_the_owner_of_the_file_may_be_enough(find: Find) -> None:
    assert find("DA354", profile("owner /a w,", "/a ix,"))
    assert find("DA354", profile("/a w,", "/a ix,", "deny owner /a w,"))


def test_a_profile_that_confines_nothing_is_left_alone(find: Find) -> None:
    assert find("DA354", profile("/a rwix,", head="profile p flags=(unconfined)")) == []


def test_at_most_three_pairs_are_told(find: Find) -> None:
    found = find("DA354", profile("/a/** w,", *(f"/a/{letter} ix," for letter in "bcdef")))
    assert len(found) == 3
    assert found[-1].notes[1] == "2 more pairs of rules are not shown"


@pytest.mark.parametrize(
    "included, rules, told",
    [
        ("/a w,\n/a ix,\n", ["/b r,"], []),
        ("/a rwix,\n", ["/* w,"], []),
        ("/a w,\n/a ix,\n", ["/* w,"], []),
        ("/a ix,\n", ["/* w,"], ["/* w,"]),
        ("/a w,\n", ["/* ix,"], ["/* ix,"]),
        ("/a w,\n/a ix,\n", ["/* wix,"], ["/* wix,"]),
    ],
)
def test_includes_alone_are_not_told(
    find: Find, tmp_path: Path, included: str, rules: list[str], told: list[str]
) -> None:
    (tmp_path / "x").write_text(included)
    found = find("DA354", profile("include <x>", *rules), base=str(tmp_path))
    assert [one.span.text for one in found if one.span] == told
