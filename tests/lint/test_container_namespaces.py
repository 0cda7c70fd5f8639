"""User namespaces in containers: allowed, or refused without a word."""

from collections.abc import Callable

import pytest

from dockarmor.text.diagnostic import Diagnostic, Severity

Find = Callable[..., list[Diagnostic]]
Fixed = Callable[[list[Diagnostic]], str]


def container(rules: str, abi: str = "abi <kernel>,\n") -> str:
    return f"{abi}profile docker-web {{\n  file,\n  {rules}\n}}\n"


@pytest.mark.parametrize("rule", ["userns,", "userns create,", "audit userns,", "allow userns,"])
def test_a_container_that_may_create_them(rule: str, find: Find, fixed: Fixed) -> None:
    found = find("DA379", container(rule))
    assert [one.severity for one in found] == [Severity.WARNING]
    assert "userns" not in fixed(found)
    assert not find("DA386", container(rule))


def test_a_profile_that_confines_nothing_is_another_matter(find: Find) -> None:
    assert not find("DA379", "profile podman-api flags=(unconfined) {\n  userns,\n}\n")


def test_one_that_may_not_and_says_so(find: Find) -> None:
    assert not find("DA379", container("deny userns,"))
    assert not find("DA386", container("deny userns,"))


def test_one_that_may_not_though_it_allows_all_files(find: Find, fixed: Fixed) -> None:
    found = find("DA386", container("network,"))
    assert [one.severity for one in found] == [Severity.NOTE]
    assert not find("DA386", fixed(found))


@pytest.mark.parametrize(
    ("text", "kernel"),
    [
        (container("all,"), "kernel-6.12"),
        (container("network,"), "kernel-6.1"),  # does not mediate them
        (container("network,", abi=""), "kernel-6.12"),  # DA385 is about that
        (container("network,", abi="abi <default>,\n"), "kernel-6.12"),
        ("abi <kernel>,\nprofile docker-web {\n  /srv/** r,\n}\n", "kernel-6.12"),  # it allows little anyway
        ("abi <kernel>,\nprofile web /usr/bin/web {\n  file,\n}\n", "kernel-6.12"),
    ],
)
def test_nothing_to_say(text: str, kernel: str, find: Find) -> None:
    assert not find("DA386", text, kernel=kernel)
