"""Processes of a container that look at each other: `ps`, debuggers, what `docker exec` starts."""

from collections.abc import Callable

import pytest

from dockarmor.text.diagnostic import Diagnostic, Severity

Find = Callable[..., list[Diagnostic]]
Fixed = Callable[[list[Diagnostic]], str]


def container(rules: str) -> str:
    return f"profile docker-web {{\n  file,\n  {rules}\n}}\n"


@pytest.mark.parametrize(
    ("rule", "missing"),
    [
        ("ptrace (trace, read) peer=docker-web,", "readby and tracedby"),
        ("ptrace (read, trace) peer=@{profile_name},", "readby and tracedby"),
        ("ptrace read peer=docker-*,", "readby"),
        ("ptrace (readby, tracedby),", "read and trace"),
        ("ptrace (read, readby, trace) peer=docker-web,", "tracedby"),
    ],
)
def test_half_of_a_pair_is_nothing(rule: str, missing: str, find: Find, fixed: Fixed) -> None:
    found = find("DA387", container(rule))
    assert [one.severity for one in found] == [Severity.WARNING]
    assert found[0].label == f"without {missing}"
    assert not find("DA387", fixed(found))


def test_none_at_all_is_noted_where_all_files_are_allowed(find: Find, fixed: Fixed) -> None:
    found = find("DA387", container("network,"))
    assert [one.severity for one in found] == [Severity.NOTE]
    assert not find("DA387", fixed(found))
    assert not find("DA387", "profile docker-web {\n  /srv/** r,\n}\n")


@pytest.mark.parametrize(
    "rules",
    [
        "ptrace,",
        "all,",
        "ptrace (read, readby) peer=docker-web,",
        "ptrace read, ptrace readby peer=docker-web,",
        "deny ptrace,",  # it is meant
        "ptrace read peer=other, ptrace (read, readby) peer=docker-web,",
    ],
)
def test_both_halves_or_a_refusal(rules: str, find: Find) -> None:
    assert not find("DA387", container(rules))


def test_what_an_abstraction_gives_counts(find: Find) -> None:
    text = "include <tunables/global>\nprofile docker-web {\n  include <abstractions/base>\n  file,\n  %s\n}\n"
    assert not find("DA387", text % "ptrace (trace, read, tracedby, readby) peer=docker-web,")
