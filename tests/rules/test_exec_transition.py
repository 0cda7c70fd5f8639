"""Where an exec leads."""

from typing import Any

import pytest

from dockarmor.access.confinement import StatePermissions
from dockarmor.access.event import Event
from dockarmor.access.permission import Perm
from dockarmor.access.request import ExecRequest
from dockarmor.rules.exec_transition import Transition, decide, decode, is_subset, record, request

TABLE = ("p//kid", "&extra", ":ns:other")
#: a target without a name, which kernels take
NAMELESS = 3


@pytest.mark.parametrize(
    "word, transition",
    [
        (0x40000000, Transition("inherit", scrubs=False)),
        (0x90000000, Transition("unconfined", scrubs=False)),
        (0x80000000, Transition("unconfined")),
        (0x14000000, Transition("profile", scrubs=False)),
        (0x04000000, Transition("profile")),
        (0x24000000, Transition("child")),
        (0x44000000, Transition("profile", fallback="inherit")),
        (0x84000000, Transition("profile", fallback="unconfined")),
        (0x08000000, Transition("named", "p//kid")),
        (0x58000002, Transition("named", ":ns:other", "inherit", scrubs=False)),
        (0x08000003, Transition("none")),
        (0x48000003, Transition("inherit", scrubs=False)),
        (0, Transition("none")),
    ],
)
def test_the_kernels_word(word: int, transition: Transition) -> None:
    assert decode(word, TABLE) == transition


@pytest.mark.parametrize(
    "word, target",
    [
        (0x40000000, "p"),
        (0x80000000, "unconfined"),
        (0x04000000, "/bin/sh"),
        (0x24000000, "p///bin/sh"),
        (0x08000000, "p//kid"),
        (0x08000001, "/bin/sh//&extra"),
        (0x48000000 | NAMELESS, "p"),
        (0x88000000 | NAMELESS, "unconfined"),
    ],
)
def test_the_label_a_program_runs_under(word: int, target: str, table: Any, confined: Any) -> None:
    permissions = StatePermissions(allow=Perm.EXEC, exec_index=word)
    profile = confined(table({b"/bin/sh": permissions}), exec_table=(*TABLE, ""))
    decision = decide(profile, ExecRequest(b"/bin/sh"))
    assert (decision.allowed, decision.target, decision.record) == (True, target, None)


def test_exec_that_is_not_allowed(table: Any, confined: Any) -> None:
    decision = decide(confined(table({b"/a": StatePermissions(allow=Perm.READ)})), ExecRequest(b"/a"))
    assert (decision.allowed, decision.denied, decision.errno, decision.target) == (
        False,
        Perm.EXEC,
        13,
        None,
    )
    assert record(ExecRequest(b"/a"), decision).pairs[:2] == (("requested_mask", "x"), ("denied_mask", "x"))
    assert not decide(confined(), ExecRequest(b"/a")).allowed


@pytest.mark.parametrize("word", [0, 0x08000000 | NAMELESS])
def test_exec_that_leads_nowhere_is_denied(word: int, table: Any, confined: Any) -> None:
    permissions = StatePermissions(allow=Perm.EXEC, exec_index=word)
    decision = decide(confined(table({b"/a": permissions}), exec_table=(*TABLE, "")), ExecRequest(b"/a"))
    assert (decision.allowed, decision.info) == (False, "profile transition not found")


def test_an_audited_exec_says_where_it_led(table: Any, confined: Any) -> None:
    permissions = StatePermissions(allow=Perm.EXEC, audit=Perm.EXEC, exec_index=0x80000000)
    decision = decide(confined(table({b"/a": permissions})), ExecRequest(b"/a"))
    assert decision.record == "AUDIT"
    assert record(ExecRequest(b"/a"), decision).pairs[-1] == ("target", "unconfined")


def test_owners_and_others_may_go_different_ways(table: Any, confined: Any) -> None:
    inherit = StatePermissions(allow=Perm.EXEC, exec_index=0x40000000)
    child = StatePermissions(allow=Perm.EXEC, exec_index=0x24000000)
    profile = confined(table({b"/a": inherit}, {b"/a": child}))
    assert decide(profile, ExecRequest(b"/a")).target == "p"
    assert decide(profile, ExecRequest(b"/a", owner=False)).target == "p///a"


@pytest.mark.parametrize(
    "link, target, subset",
    [(0x04000000, 0x14000000, True), (0x14000000, 0x04000000, False), (1, 2, False), (0, 0, True)],
)
def test_subsets_of_transitions(link: int, target: int, subset: bool) -> None:
    assert is_subset(link, target) is subset


def test_the_way_back_from_a_record() -> None:
    fields = {"name": "/bin/sh", "requested_mask": "x", "fsuid": "1000", "ouid": "0"}
    assert request(Event("DENIED", "exec", "p", fields=fields)) == ExecRequest(b"/bin/sh", owner=False)
    assert request(Event("DENIED", "open", "p", fields=fields)) is None
    assert request(Event("DENIED", "exec", "p")) is None
