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
