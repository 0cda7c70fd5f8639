"""One run says all: a profile is looked at in full though others of its file have mistakes."""

from pathlib import Path

import pytest

from dockarmor.lint.examine import Depth, examine
from dockarmor.policy.builtin import builtin_base
from dockarmor.policy.features import builtin
from dockarmor.policy.read import library
from dockarmor.text.source import Source

BROKEN = "profile broken {\n  /x rz,\n  /bin/sh ux,\n  /etc/{a r,\n}\n"
TRAP = "profile trap {\n  /usr/bin/sh ux,\n  /a r,\n  /a r,\n}\n"


def codes(text: str, base: str | None = None, **depth: bool) -> list[str]:
    found = examine(Source("p", text), library(base or builtin_base()), builtin("kernel-6.12"), Depth(**depth))
    return sorted(one.code for one in found)


@pytest.mark.parametrize("text", [BROKEN + TRAP, TRAP + BROKEN])
def test_lints_are_asked_about_the_profiles_that_could_be_read(text: str) -> None:
    assert codes(BROKEN)[0] < "DA350"
    assert codes(text) == sorted([*codes(BROKEN), *codes(TRAP)])
    assert codes(TRAP) == ["DA350", "DA360"]


def test_they_are_compiled() -> None:
    conflict = "profile conflict {\n  /bin/* px,\n  /bin/s* cx,\n}\n"
    assert codes(conflict) == ["DA401"]
    assert codes(BROKEN + conflict) == sorted([*codes(BROKEN), "DA401"])
    assert codes(BROKEN + conflict, lint=False) == sorted([*codes(BROKEN), "DA401"])


def test_lints_are_asked_about_the_profiles_that_can_be_compiled() -> None:
    conflict = "profile conflict {\n  /bin/* px,\n  /bin/s* cx,\n  /a r,\n  /a r,\n}\n"
    assert codes(conflict + TRAP) == sorted(["DA401", *codes(TRAP)])


def test_a_mistake_in_a_child_is_one_of_its_parent() -> None:
    text = "profile parent {\n  /usr/bin/sh ux,\n  profile child {\n    /x rz,\n  }\n}\n"
    assert codes(text) == ["DA203"]


@pytest.mark.parametrize(
    "text",
    [
        f"@{{X}} = \n{TRAP}",  # what the variable is decides what rules are
        f"abi <nowhere>,\n{TRAP}",
        f"include <nowhere>\n{TRAP}",
        f"/stray r,\n{TRAP}",
        f"{TRAP}}}\n",
    ],
)
def test_a_mistake_outside_of_profiles_may_be_about_all_of_them(text: str) -> None:
    found = codes(text)
    assert found
    assert not {"DA350", "DA360"} & set(found)


def test_a_profile_that_is_not_closed_is_the_last() -> None:
    assert codes(f"{TRAP}profile unclosed {{\n  /a r,\n") == sorted(["DA003", *codes(TRAP)])


def test_so_may_one_in_an_included_file(tmp_path: Path) -> None:
    (tmp_path / "part").write_text("/x rz,\n")
    both = "profile one {\n  include <part>\n}\nprofile two {\n  include <part>\n  /usr/bin/sh ux,\n}\n"
    assert codes(both, str(tmp_path)) == ["DA203"]  # it is told once, and both lack the rule


def test_nothing_is_said_of_what_may_stand_in_the_part_that_could_not_be_read() -> None:
    unused = "@{UNUSED} = a\n"
    assert codes(unused + TRAP) == sorted(["DA367", *codes(TRAP)])
    assert codes(unused + TRAP + BROKEN) == codes(TRAP + BROKEN)
    child = "profile parent {\n  /usr/bin/b r,\n  profile child {\n    /a r,\n  }\n}\n"
    assert codes(child) == ["DA352"]
    assert codes(child + BROKEN) == codes(BROKEN)


def test_a_comment_is_not_called_needless_where_not_everything_was_looked_for() -> None:
    allowed = "# dockarmor: allow-file DA360 -- debugging\n"
    assert codes(allowed + BROKEN) == codes(BROKEN)
    assert codes(allowed + "profile a {\n  /a r,\n}\n") == ["DA391"]
    assert "DA360" not in codes(allowed + TRAP + BROKEN)


def test_what_is_dropped_of_included_files_is_counted_and_shown_when_asked(tmp_path: Path) -> None:
    (tmp_path / "bus").write_text("dbus send bus=session,\ndbus receive bus=session,\n/a r,\n")
    text = "profile app {\n  include <bus>\n  dbus bind bus=system name=b,\n}\n"
    found = examine(Source("p", text), library(str(tmp_path)), builtin("kernel-6.12"))
    assert [one.code for one in found] == ["DA420", "DA429"]
    assert found[1].message == "2 rules of included files are dropped or weakened for kernel-6.12"
    assert found[1].notes == ("in bus",)
    assert codes(text, str(tmp_path), each=True) == ["DA420"] * 3
