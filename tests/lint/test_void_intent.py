"""DA351: a deny that leaves nothing of what an include allows."""

from collections.abc import Callable
from pathlib import Path

import pytest

from dockarmor.text.diagnostic import Diagnostic

Find = Callable[..., list[Diagnostic]]


@pytest.fixture
def with_include(find: Find, tmp_path: Path) -> Callable[..., list[Diagnostic]]:
    """The findings for a profile of these rules that includes others."""

    def check(included: str, *rules: str) -> list[Diagnostic]:
        (tmp_path / "x").write_text(included)
        text = "profile p {\n  include <x>\n" + "".join(f"  {rule}\n" for rule in rules) + "}\n"
        assert find("DA350", text, base=str(tmp_path)) == []
        return find("DA351", text, base=str(tmp_path))

    return check


def test_a_wider_deny_is_found_with_a_witness(with_include: Find) -> None:
    (one,) = with_include("/dev/null rw,\n", "deny /dev/* rw,")
    assert one.span is not None
    assert one.span.text == "deny /dev/* rw,"
    assert [other.span.text for other in one.others] == ["/dev/null rw,"]
    assert one.notes == ("witness: read /dev/null is denied",)


def test_it_is_told_once_for_all_rules(with_include: Find) -> None:
    (one,) = with_include("/d/a r,\n/d/b r,\n/d/c r,\n/d/d r,\n/e r,\n", "deny /d/** r,")
    assert one.message == "this deny leaves nothing of 4 rules that the profile includes"
    assert len(one.others) == 3
    assert one.notes[1] == "1 more is not shown"


@pytest.mark.parametrize(
    "included, deny",
    [
        ("/dev/null rw,\n", "deny /dev/* w,"),  # r is left
        ("/dev/** rw,\n", "deny /dev/* rw,"),  # deeper paths are left
        ("/dev/null rw,\n", "deny /dev/null rw,"),  # just what the include allows: meant
        ("/dev/{a,b} r,\n", "deny /dev/[ab] r,"),
        ("/dev/null rw,\ndeny /d** rw,\n", "deny /dev/* rw,"),  # the include denies it itself
        ("/dev/null rw,\n", "deny owner /dev/* rw,"),
        ("priority=1 /dev/null rw,\n", "deny /dev/* rw,"),
        ("network inet,\n", "deny network,"),
    ],
)
def test_what_is_not_void_or_is_meant_is_not(with_include: Find, included: str, deny: str) -> None:
    assert with_include(included, deny) == []
