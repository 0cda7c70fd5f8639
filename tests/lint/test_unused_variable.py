"""Variables that nothing uses."""

from collections.abc import Callable
from pathlib import Path

import pytest

from dockarmor.text.diagnostic import Diagnostic

Find = Callable[..., list[Diagnostic]]
Fixed = Callable[[list[Diagnostic]], str]
PROFILE = "profile p { /a r, }\n"


def test_it_is_found_and_its_line_can_go(find: Find, fixed: Fixed) -> None:
    found = find("DA367", "# why\n@{A} = /a \\\n  /b\n@{B} = /b\nprofile p { @{B}/c r, }\n")
    assert fixed(found) == "# why\n@{B} = /b\nprofile p { @{B}/c r, }\n"
    assert found[0].fix is not None
    assert found[0].fix.safe


@pytest.mark.parametrize(
    "text",
    [
        "@{A}=/a\nprofile p { @{A}/b r, }\n",
        "@{A}=/a\nprofile p @{A} { /b r, }\n",
        '@A=/a\nprofile p { "@{A}/b" r, }\n',
        "@{A}=/a\n@{B}=@{A}/b\nprofile p { @{B} r, }\n",
        "@{A}=a\nprofile p { signal peer=@{A}, }\n",
        "${A}=true\nprofile p { if ${A} { /a r, } }\n",
        "@{A}=/a\nprofile p { if defined @{A} { /a r, } }\n",
        "@{A}=/a\n",
    ],
)
def test_one_that_is_used_is_not(text: str, find: Find) -> None:
    assert not find("DA367", text)


def test_a_comment_is_no_use_and_an_addition_neither(find: Find) -> None:
    assert find("DA367", f"@{{A}}=/a\n# @{{A}}\n{PROFILE}")
    (found,) = find("DA367", f"@{{A}}=/a\n@{{A}}+=/b\n{PROFILE}")
    assert found.fix is None


def test_what_an_included_file_uses_is_used(find: Find, tmp_path: Path) -> None:
    (tmp_path / "inner").write_text("@{A}/x r,\n")
    (tmp_path / "outer").write_text("include <inner>\n")
    assert not find("DA367", "@{A}=/a\nprofile p { include <outer> }\n", base=str(tmp_path))
    (found,) = find("DA367", "@{A}=/a\n@{B}=/b\nprofile p { include <outer> }\n", base=str(tmp_path))
    assert "@{B}" in found.message


def test_adding_to_a_tunable_is_its_use(find: Find, tmp_path: Path) -> None:
    (tmp_path / "tunables").write_text("@{HOMEDIRS}=/home/\n")
    assert not find("DA367", f"include <tunables>\n@{{HOMEDIRS}}+=/srv/\n{PROFILE}", base=str(tmp_path))
    assert not find("DA367", f"include <tunables>\n{PROFILE}", base=str(tmp_path))
