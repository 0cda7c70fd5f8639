"""Paths that begin with two slashes, which the kernel never asks about."""

from collections.abc import Callable

import pytest

from dockarmor.text.diagnostic import Diagnostic

Find = Callable[..., list[Diagnostic]]
Fixed = Callable[[list[Diagnostic]], str]
VARIABLES = "@{HOME}=/root /home/*\n@{bin}=bin\n@{mixed}=/a b\n@{inner}=@{HOME}\n"


@pytest.mark.parametrize(
    ("rule", "mended"),
    [
        ("/@{HOME}/x r,", "@{HOME}/x r,"),
        ("/@{inner}/x r,", "@{inner}/x r,"),
        ("//x r,", "/x r,"),
        ('deny "//a b" w,', 'deny "/a b" w,'),
        ("change_profile /@{HOME}/x -> y,", "change_profile @{HOME}/x -> y,"),
        ("link /@{HOME}/a -> /b,", "link @{HOME}/a -> /b,"),
        ("profile kid /@{HOME}/x { }", "profile kid @{HOME}/x { }"),
    ],
)
def test_two_slashes_at_the_beginning_are_found_and_mended(rule: str, mended: str, find: Find, fixed: Fixed) -> None:
    found = find("DA369", f"{VARIABLES}profile p {{ {rule} }}\n")
    assert fixed(found) == f"{VARIABLES}profile p {{ {mended} }}\n"
    assert not find("DA369", fixed(found))


@pytest.mark.parametrize(
    "rule", ["@{HOME}/x r,", "/@{bin}/x r,", "/x//y r,", "/a/@{HOME}/x r,", "/{,a/}x r,", "file,"]
)
def test_other_paths_are_not(rule: str, find: Find) -> None:
    assert not find("DA369", f"{VARIABLES}profile p {{ {rule} }}\n")


def test_of_a_variable_with_both_kinds_of_values_it_says_how_many(find: Find) -> None:
    (found,) = find("DA369", f"{VARIABLES}profile p {{ /@{{mixed}}/x r, }}\n")
    assert found.message.endswith("with 1 of its 2 values this rule never matches")
    assert found.fix is None


def test_a_deny_that_denies_nothing_says_so(find: Find) -> None:
    (found,) = find("DA369", "profile p { deny //x w, }\n")
    assert found.message.endswith("this rule denies nothing")
