"""Rules by which a task leaves its profile."""

import pytest

from dockarmor.lint.examine import examine
from dockarmor.policy.builtin import builtin_base
from dockarmor.policy.features import builtin
from dockarmor.policy.read import library
from dockarmor.text.source import Source


def codes(rules: str) -> list[str]:
    text = f"profile p {{ {rules} }}\n"
    return [one.code for one in examine(Source("p", text), library(builtin_base()), builtin("kernel-6.12"))]


@pytest.mark.parametrize("rule", ["/a ux,", "/a Ux,", "/a pux,", "/a rCUx,"])
def test_an_unconfined_program_is_found(rule: str) -> None:
    assert codes(rule) == ["DA360"]


@pytest.mark.parametrize("rule", ["/a ix,", "/a px,", "/a pix,", "deny /a x,", "/a r,"])
def test_a_confined_one_is_not(rule: str) -> None:
    assert codes(rule) == []


@pytest.mark.parametrize("rule", ["change_profile,", "change_profile -> **,", "change_profile /a -> *,"])
def test_a_change_to_any_profile_is_found(rule: str) -> None:
    assert "DA361" in codes(rule)


@pytest.mark.parametrize("rule", ["change_profile -> a,", "deny change_profile,"])
def test_a_named_one_is_not(rule: str) -> None:
    assert "DA361" not in codes(rule)


@pytest.mark.parametrize(
    ("rule", "place", "fix"),
    [
        ("/usr/bin/ux rux,", "ux", "ix"),
        ("/a rPUx -> b,", "PUx", "Pix"),
        ("file cux /bux,", "cux", "cix"),
        ("audit /a # ux\n mrUx,", "Ux", "ix"),
    ],
)
def test_the_exec_transition_is_shown_and_mended(rule: str, place: str, fix: str) -> None:
    (found,) = [
        one
        for one in examine(Source("p", f"profile p {{ {rule} }}\n"), library(builtin_base()), builtin("kernel-6.12"))
        if one.code == "DA360"
    ]
    assert found.span is not None
    assert found.fix is not None
    assert (found.span.text, found.fix.replacement, found.fix.safe) == (place, fix, False)


@pytest.mark.parametrize(
    ("rule", "kept"), [("/a ux,", 1), ("/a Ux,", 0), ("safe /a ux,", 0), ("unsafe /a Ux,", 1), ("/a pux,", 1)]
)
def test_a_kept_environment_is_told(rule: str, kept: int) -> None:
    found = examine(Source("p", f"profile p {{ {rule} }}\n"), library(builtin_base()), builtin("kernel-6.12"))
    assert [len(one.notes) for one in found if one.code == "DA360"] == [kept]


def test_an_exec_that_is_written_twice_is_left_to_its_author() -> None:
    found = examine(Source("p", "profile p { /a uxux, }\n"), library(builtin_base()), builtin("kernel-6.12"))
    assert [one.fix for one in found if one.code == "DA360"] == [None]


def test_a_profile_that_confines_nothing_is_not_told() -> None:
    text = "profile p flags=(unconfined) { /a ux, }\n"
    assert not list(examine(Source("p", text), library(builtin_base()), builtin("kernel-6.12")))


@pytest.mark.parametrize("exec", ["ux", "Ux"])
def test_with_a_target_no_program_is_unconfined(exec: str) -> None:
    """It runs under the target or, as on kernels 6.1 to 6.17, not at all."""
    assert codes(f"/a {exec} -> b,") == ["DA430"]
