"""DA353: a deny of a whole class beside rules that allow some of it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from dockarmor.text.diagnostic import Diagnostic

Find = Callable[..., list[Diagnostic]]


def profile(*rules: str) -> str:
    return "profile p {\n" + "".join(f"  {rule}\n" for rule in rules) + "}\n"


@pytest.mark.parametrize(
    "deny, allow",
    [
        ("deny mount,", "mount fstype=proc -> /proc/,"),
        ("audit deny mount,", "mount,"),
        ("deny mount,", "remount /a/,"),
        ("deny umount,", "umount /a/,"),
        ("deny pivot_root,", "pivot_root /a/,"),
        ("deny network,", "network inet stream,"),
        ("deny signal,", "signal send peer=a,"),
        ("deny ptrace,", "ptrace read peer=a,"),
        ("deny capability,", "capability chown kill,"),
        ("deny all,", "mount fstype=proc -> /proc/,"),
    ],
)
def test_it_is_found_whatever_the_order(find: Find, deny: str, allow: str) -> None:
    for rules in ((deny, allow), (allow, deny)):
        (one,) = find("DA353", profile(*rules))
        assert one.span is not None
        assert one.span.text == deny
        assert [other.span.text for other in one.others] == [allow]
        assert find("DA350", profile(*rules)) == []


@pytest.mark.parametrize(
    "rules",
    [
        ["deny mount,"],
        ["deny mount,", "umount /a/,"],
        ["deny mount fstype=proc,", "mount fstype=proc -> /a/,"],
        ["deny mount -> /a/,", "mount,"],
        ["deny mount,", "priority=1 mount fstype=proc -> /a/,"],
        ["mount,", "mount fstype=proc,"],
        ["deny capability chown,", "capability,"],
    ],
)
def test_what_is_left_or_denied_in_part_is_not(find: Find, rules: list[str]) -> None:
    assert find("DA353", profile(*rules)) == []


def test_all_rules_are_told_at_once(find: Find) -> None:
    (one,) = find("DA353", profile("deny mount,", *(f"mount fstype=proc -> /{letter}/," for letter in "abcdef")))
    assert len(one.others) == 4
    assert one.notes == ("2 more are not shown",)


def test_where_an_include_denies_the_rule_is_pointed_at(find: Find, tmp_path: Path) -> None:
    (tmp_path / "x").write_text("  deny mount,\n")
    (one,) = find("DA353", profile("include <x>", "mount fstype=proc -> /a/,"), base=str(tmp_path))
    assert one.span is not None
    assert one.span.text == "mount fstype=proc -> /a/,"
    assert one.others[0].span.source.name == str(tmp_path / "x")


def test_where_only_an_include_allows_the_deny_is_meant(find: Find, tmp_path: Path) -> None:
    (tmp_path / "x").write_text("  network inet stream,\n")
    text = profile("include <x>", "deny network,")
    assert find("DA353", text, base=str(tmp_path)) == find("DA351", text, base=str(tmp_path)) == []
