"""What holds in a state where several rules end: bit by bit, the highest level decides."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dockarmor.compile.accept import AcceptClasses, ExecConflict, Resolved, inline
from dockarmor.rules.kind import Effect, Entry

R, W, X, M = 0x10004, 0x2800A, 0x4001, 0x100040
IX, PX, UX = 0x201 * 0x4001, 0x901 * 0x4001, 0x501 * 0x4001


def entry(
    permissions: int, effect: Effect = "allow", priority: int = 0, *, audit: int = 0, exact: bool = False
) -> Entry:
    return Entry("file", b"", permissions, audit, effect, priority, exact)


def deny(permissions: int, priority: int = 0, *, quiet: bool = True) -> Entry:
    return entry(permissions, "deny", priority, audit=permissions if quiet else 0)


def resolve(*entries: Entry) -> Resolved:
    classes = AcceptClasses("file", inline)
    return classes.resolve([classes.number(one) for one in entries])


def test_permissions_of_all_rules_add_up() -> None:
    assert resolve(entry(R), entry(W)).allow == R | W


def test_a_deny_wins_over_an_allow_and_is_silent_unless_audited() -> None:
    assert resolve(entry(R | W), deny(W)) == Resolved(allow=R, quiet=W)
    assert resolve(entry(R | W), deny(W, quiet=False)) == Resolved(allow=R)


def test_priority_decides_each_bit_for_itself() -> None:
    assert resolve(entry(R, priority=10), deny(W), deny(R, -5)) == Resolved(allow=R, quiet=W)


def test_an_allow_of_higher_priority_takes_the_silence_away() -> None:
    assert resolve(deny(W), entry(W, priority=1)) == Resolved(allow=W)


def test_audit_of_any_rule_of_the_deciding_level_holds() -> None:
    assert resolve(entry(R, audit=R), entry(R)).audit == R
    assert resolve(entry(R, audit=R), entry(R, priority=1)).audit == 0


def test_a_prompt_gives_way_to_an_allow() -> None:
    assert resolve(entry(R, "prompt")) == Resolved(prompt=R)
    assert resolve(entry(R, "prompt"), entry(R)) == Resolved(allow=R)


def test_an_exact_rule_says_how_a_program_runs() -> None:
    """`/usr/bin/* px, /usr/bin/foo ix, /usr/** r` for /usr/bin/foo"""
    assert resolve(entry(PX), entry(IX, exact=True), entry(R)).allow == 0x00914245


def test_a_denied_exec_takes_its_way_along() -> None:
    assert resolve(entry(PX), entry(R), deny(X)) == Resolved(allow=R, quiet=X)


def test_inheriting_maps_the_program_too() -> None:
    assert resolve(entry(IX)).allow & M == M
    assert resolve(entry(PX)).allow & M == 0
    assert resolve(entry(IX), deny(M)).allow & M == 0
    assert resolve(entry(IX), deny(M, -1)) == Resolved(allow=IX, quiet=M)
    assert resolve(entry(IX), entry(M, priority=1), deny(M)).allow & M == M
    assert resolve(entry(IX), entry(M, "prompt")) == Resolved(allow=IX | M)
    assert resolve(entry(IX), entry(M, "prompt", 1)) == Resolved(allow=IX, prompt=M)


@pytest.mark.parametrize("exact", [False, True])
def test_two_ways_to_run_a_program_are_a_conflict(exact: bool) -> None:
    with pytest.raises(ExecConflict) as caught:
        resolve(entry(R), entry(PX, exact=exact), entry(IX, exact=exact))
    assert {caught.value.first, caught.value.second} == {1, 2}


@pytest.mark.parametrize("priority", [-1, 0, 1])
def test_a_conflict_is_one_under_a_deny_as_well(priority: int) -> None:
    with pytest.raises(ExecConflict):
        resolve(entry(PX), entry(UX), deny(X, priority=priority))
    assert resolve(entry(PX), entry(PX), deny(X, priority=1)).allow == 0


def test_no_conflict_across_halves_or_priorities() -> None:
    owner_px, other_ix = PX & 0x3FFF, IX & ~0x3FFF
    assert resolve(entry(owner_px), entry(other_ix)).allow == owner_px | other_ix | 0x40 << 14
    assert resolve(entry(PX, priority=1), entry(UX)).allow == PX
    assert resolve(entry(PX, priority=1), entry(UX), entry(IX)).allow == PX
    assert resolve(entry(PX, priority=1), entry(UX), entry(IX), deny(X, priority=1)).allow == 0


def test_states_that_are_written_alike_have_one_value() -> None:
    classes = AcceptClasses("file", inline)
    read, both, write = (classes.number(entry(bits)) for bits in (R, R | W, W))
    assert classes.value([read, write]) == classes.value([both])
    assert classes.value([]) == 0
    assert classes.value([classes.number(deny(W, quiet=False))]) == 0


ENTRIES = st.builds(
    Entry,
    table=st.just("file"),
    pattern=st.just(b""),
    permissions=st.sampled_from([R, W, R | W, M, 0x4, 0x10000, R | IX, IX]),
    audit=st.sampled_from([0, R, W, 0x1FC07F]),
    effect=st.sampled_from(["allow", "deny"]),
    priority=st.sampled_from([-1, 0, 1]),
    exact=st.booleans(),
)


@given(st.lists(ENTRIES, min_size=1, max_size=5), st.lists(ENTRIES, max_size=4))
def test_what_is_covered_changes_nothing(sinks: list[Entry], others: list[Entry]) -> None:
    classes = AcceptClasses("file", inline)
    present = [classes.number(one) for one in sinks]
    more = [classes.number(one) for one in others]
    covered = classes.covered(present)
    kept = [number for number in more if not covered >> number & 1]
    assert classes.resolve({*present, *more}) == classes.resolve({*present, *kept})


@given(st.lists(ENTRIES, max_size=5), st.randoms())
def test_the_order_of_rules_does_not_matter(entries: list[Entry], random: object) -> None:
    classes = AcceptClasses("file", inline)
    numbers = [classes.number(one) for one in entries]
    shuffled = list(numbers)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert classes.resolve(numbers) == classes.resolve(shuffled)
