"""What newer parsers warn of: capitals in permissions, paths as names, limits without units, a missing ABI."""

from collections.abc import Callable
from pathlib import Path

import pytest

from dockarmor.text.diagnostic import Diagnostic, Severity

Find = Callable[..., list[Diagnostic]]
Fixed = Callable[[list[Diagnostic]], str]


def profile(rules: str) -> str:
    return f"profile p {{ {rules} }}\n"


@pytest.mark.parametrize(
    ("rule", "mended"),
    [
        ("/a RW,", "/a rw,"),
        ("/a Mrix,", "/a mrix,"),
        ("/a IX,", "/a ix,"),
        ("/a rPUX -> b,", "/a rPUx -> b,"),
        ("owner file R /RW,", "owner file r /RW,"),
    ],
)
def test_capitals_are_noted_and_made_small(rule: str, mended: str, find: Find, fixed: Fixed) -> None:
    found = find("DA380", profile(rule))
    assert fixed(found) == profile(mended)
    assert {one.severity for one in found} == {Severity.NOTE}


@pytest.mark.parametrize("rule", ["/a rw,", "/a PUx,", "/a Cix,", "/a PIx,", "/a Ux,", "/RW r,", "file,"])
def test_capitals_that_mean_something_are_not(rule: str, find: Find) -> None:
    assert not find("DA380", profile(rule))


def test_a_path_as_a_name_is_noted(find: Find, fixed: Fixed) -> None:
    found = find("DA382", "/usr/bin/a {\n  /b r,\n}\n")
    assert fixed(found) == "profile /usr/bin/a {\n  /b r,\n}\n"
    assert not find("DA382", fixed(found))
    assert not find("DA382", "profile a /usr/bin/a {\n  ^hat { }\n  hat b { }\n  profile c { }\n}\n")


@pytest.mark.parametrize(
    ("rule", "mended"),
    [
        ("set rlimit cpu <= 60,", "set rlimit cpu <= 60s,"),
        ("set rlimit rttime <= 1000,", "set rlimit rttime <= 1000us,"),
    ],
)
def test_a_limit_of_time_gets_its_unit(rule: str, mended: str, find: Find, fixed: Fixed) -> None:
    found = find("DA384", profile(rule))
    assert fixed(found) == profile(mended)
    assert not find("DA384", profile(mended))


@pytest.mark.parametrize("rule", ["rlimit cpu <= infinity,", "rlimit nofile <= 10,", "rlimit cpu <= 1 min,"])
def test_other_limits_are_left_alone(rule: str, find: Find) -> None:
    assert not find("DA384", profile(f"set {rule}"))


@pytest.fixture
def base(tmp_path: Path) -> Path:
    (tmp_path / "abi").mkdir()
    (tmp_path / "abi" / "4.0").write_text("file {mask {read write exec}}\nsignal {mask {kill}}\n")
    (tmp_path / "tunables").write_text("abi <abi/4.0>,\n")
    (tmp_path / "here").write_text("abi <kernel>,\n")
    return tmp_path


@pytest.mark.parametrize(
    "before", ["abi <abi/4.0>,\n", "abi <kernel>,\n", "include <tunables>\n", "include <here>\n"]
)
def test_an_abi_is_seen_wherever_it_is_named(before: str, find: Find, base: Path) -> None:
    assert not find("DA385", before + profile("/a r,"), base=str(base))


def test_none_is_noted_once_where_one_is_at_hand(find: Find, base: Path) -> None:
    (found,) = find("DA385", profile("/a r,") + "profile q { }\n", base=str(base))
    assert found.severity is Severity.NOTE
    assert "abi <abi/4.0>," in found.help[0]
    assert not find("DA385", profile("/a r,"))
    assert not find("DA385", "# nothing\n", base=str(base))
