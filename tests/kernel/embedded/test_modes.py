"""What complain, kill and enforce make of a verdict."""

from errno import EACCES, ENOENT, EPERM

import pytest

from dockarmor.access.decision import Decision
from dockarmor.access.request import ExecRequest, FileRequest
from dockarmor.kernel.embedded.modes import in_mode

READ = FileRequest(4, b"/x")
LOUD = Decision(allowed=False, requested=4, denied=4, record="DENIED", errno=EACCES)
SILENT = Decision(allowed=False, requested=4, denied=4, record=None, errno=EACCES)
AUDITED = Decision(allowed=True, requested=4, record="AUDIT")


@pytest.mark.parametrize("mode", ["enforce", "user"])
@pytest.mark.parametrize("decision", [LOUD, SILENT, AUDITED])
def test_enforcing_is_what_the_tables_say(mode: str, decision: Decision) -> None:
    assert in_mode(mode, "p", READ, decision) == decision


@pytest.mark.parametrize("errno", [EACCES, EPERM])
def test_complain_forgives_a_denial_and_logs_it(errno: int) -> None:
    denied = Decision(allowed=False, requested=4, denied=4, record="DENIED", errno=errno)
    assert in_mode("complain", "p", READ, denied) == Decision(allowed=True, requested=4, denied=4, record="ALLOWED")


def test_complain_does_not_forgive_what_is_no_denial_of_access() -> None:
    missing = Decision(allowed=False, requested=4, denied=4, record="DENIED", errno=ENOENT)
    found = in_mode("complain", "p", READ, missing)
    assert (found.allowed, found.record, found.errno) == (False, "ALLOWED", ENOENT)


@pytest.mark.parametrize("mode", ["complain", "kill"])
def test_a_silent_deny_is_enforced_in_every_mode(mode: str) -> None:
    assert in_mode(mode, "p", READ, SILENT) == SILENT


def test_kill_says_so() -> None:
    assert in_mode("kill", "p", READ, LOUD).record == "KILLED"


def test_a_forgiven_exec_goes_on_in_a_learning_profile() -> None:
    assert in_mode("complain", "p", ExecRequest(b"/bin/sh"), LOUD).target == "p//null-/bin/sh"


def test_a_grant_stays_a_grant() -> None:
    assert in_mode("complain", "p", READ, AUDITED) == AUDITED
