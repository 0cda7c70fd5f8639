"""How the kernel answers, whatever the class."""

from typing import Any

import pytest

from dockarmor.access.confinement import StatePermissions
from dockarmor.access.decision import Decision
from dockarmor.rules.kernel_check import check, combine, match_label


@pytest.mark.parametrize(
    ("permissions", "decision"),
    [
        (StatePermissions(allow=3), Decision(True, 3)),
        (StatePermissions(allow=3, audit=2), Decision(True, 2, record="AUDIT")),
        (StatePermissions(allow=1), Decision(False, 3, 2, "DENIED", 13)),
        (StatePermissions(allow=3, deny=2), Decision(False, 3, 2, "DENIED", 13)),
        (StatePermissions(quiet=2), Decision(False, 3, 1, "DENIED", 13)),
        (StatePermissions(quiet=3), Decision(False, 3, 3, None, 13)),
        (StatePermissions(kill=1), Decision(False, 3, 3, "KILLED", 13)),
    ],
)
def test_a_check_of_two_bits(permissions: StatePermissions, decision: Decision) -> None:
    assert check(permissions, 3) == decision


def test_several_checks_of_one_request() -> None:
    granted = Decision(True, 1)
    audited = Decision(True, 2, record="AUDIT")
    silent = Decision(False, 4, 4, None, 13)
    logged = Decision(False, 8, 8, "DENIED", 13, "why")
    assert combine([granted, audited], 3) == Decision(True, 2, record="AUDIT")
    assert combine([silent, logged, audited], 15) == Decision(False, 15, 8, "DENIED", 13, "why")
    assert combine([granted, silent], 5) == Decision(False, 5, 4, None, 13)
    assert combine([], 1).allowed


@pytest.mark.parametrize(
    ("label", "allowed"),
    [
        ("a", True),
        ("b", True),
        ("c", False),
        ("a//&b", True),  # the stack matches and does not suffice; its parts do
        ("b//&d", False),  # one part of it does not
        ("a//&x", False),  # the stack leads nowhere: nobody looks at its parts
        ("a//&:ns:c", True),  # a part of another namespace does not count
        (":ns:c", True),
        ("unconfined", False),
    ],
)
def test_labels(table: Any, label: str, allowed: bool) -> None:
    accepts = {
        b"\x0aa": StatePermissions(allow=2),
        b"\x0ab": StatePermissions(allow=2),
        b"\x0ad": StatePermissions(),
        b"\x0aa//&b": StatePermissions(),
        b"\x0ab//&d": StatePermissions(),
    }
    automaton = table(accepts)
    permissions, _ = match_label(automaton, automaton.class_start(10), b"\x0a", label, 2)
    assert check(permissions, 2).allowed is allowed
