"""How the kernel answers from the file table, and the masks of its records."""

import pytest

from dockarmor.access.confinement import StatePermissions
from dockarmor.access.event import Event
from dockarmor.access.permission import Perm
from dockarmor.rules.file_check import answer, bits_of_mask, is_owner, mask, object_pairs


def test_what_is_not_allowed_is_denied_and_logged() -> None:
    decision = answer(StatePermissions(allow=Perm.READ), Perm.READ | Perm.WRITE)
    assert not decision.allowed
    assert (decision.requested, decision.denied, decision.record, decision.errno) == (2, 2, "DENIED", 13)


def test_a_quiet_denial_is_silent() -> None:
    decision = answer(StatePermissions(quiet=Perm.WRITE), Perm.WRITE)
    assert (decision.allowed, decision.record, decision.denied) == (False, None, Perm.WRITE)


def test_of_a_partly_quiet_denial_the_rest_is_logged() -> None:
    decision = answer(StatePermissions(quiet=Perm.WRITE), Perm.WRITE | Perm.READ)
    assert (decision.requested, decision.denied, decision.record) == (Perm.READ, Perm.READ, "DENIED")


def test_an_audited_grant_is_logged_with_what_is_audited() -> None:
    decision = answer(StatePermissions(allow=6, audit=Perm.READ), 6)
    assert (decision.allowed, decision.record, decision.requested, decision.denied) == (True, "AUDIT", 4, 0)
    assert object_pairs(decision)[:2] == (("requested_mask", "r"), ("fsuid", 0))


def test_a_denial_may_kill() -> None:
    assert answer(StatePermissions(kill=Perm.READ), Perm.READ).record == "KILLED"


def test_the_deny_field_is_not_looked_at() -> None:
    assert answer(StatePermissions(allow=Perm.READ, deny=Perm.READ), Perm.READ).allowed


@pytest.mark.parametrize(
    "bits, letters",
    [
        (Perm.READ | Perm.WRITE, "wr"),
        (Perm.GETATTR, "r"),
        (Perm.CHMOD, "w"),
        (Perm.WRITE | Perm.SETATTR | Perm.CREATE, "wc"),
        (Perm.READ | Perm.WRITE | Perm.GETATTR | Perm.SETATTR | Perm.DELETE, "wrd"),
        (Perm.EXEC | Perm.EXEC_MMAP, "xm"),
        (Perm.LOCK | Perm.LINK | Perm.APPEND, "akl"),
        (0, ""),
    ],
)
def test_masks_in_the_kernels_order(bits: int, letters: str) -> None:
    assert mask(bits) == letters


def test_masks_of_old_kernels() -> None:
    assert bits_of_mask("r::") == Perm.READ
    assert bits_of_mask("::wc") == Perm.WRITE | Perm.CREATE
    assert bits_of_mask("rr") == Perm.READ


@pytest.mark.parametrize(
    "fields, owner",
    [
        ({"fsuid": "0", "ouid": "0"}, True),
        ({"fsuid": "0", "ouid": "1000"}, False),
        ({"requested_mask": "::r"}, False),
        ({"requested_mask": "r::"}, True),
        ({}, True),
    ],
)
def test_who_owns_the_object(fields: dict[str, str], owner: bool) -> None:
    assert is_owner(Event("DENIED", "open", "p", fields=fields)) is owner
