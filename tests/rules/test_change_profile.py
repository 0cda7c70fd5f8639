"""change_profile: the rule, its three entries, and who may change to what."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dockarmor.access.confinement import StatePermissions
from dockarmor.access.event import Event
from dockarmor.access.permission import Perm
from dockarmor.access.request import ChangeProfileRequest
from dockarmor.rules import change_profile
from dockarmor.rules.aare import ANY
from dockarmor.rules.change_profile import ChangeProfileRule
from dockarmor.rules.kind import PLAIN, Dropped, Entry, Qualifiers
from dockarmor.syntax.cursor import Word
from dockarmor.text.diagnostic import DiagnosticError
from dockarmor.text.source import Source, Span

NOWHERE = Span(Source("test", ""), 0, 0)


def rule(
    exec: str | None = None,
    target: str | None = None,
    environment: Any = None,
    qualifiers: Qualifiers = PLAIN,
) -> ChangeProfileRule:
    program = None if exec is None else Word(exec, NOWHERE)
    label = None if target is None else Word(target, NOWHERE)
    return ChangeProfileRule(environment, program, label, qualifiers, NOWHERE)


@pytest.mark.parametrize(
    "text, expected",
    [
        ("change_profile,", rule()),
        ("change_profile -> a//b,", rule(target="a//b")),
        ("change_profile -> &a,", rule(target="&a")),
        ('change_profile -> "a b",', rule(target="a b")),
        ("change_profile /x,", rule("/x")),
        ("change_profile /x -> :ns:y,", rule("/x", ":ns:y")),
        ("change_profile safe /x -> y,", rule("/x", "y", "safe")),
        ("change_profile unsafe\n/x\n->\ny\n,", rule("/x", "y", "unsafe")),
        ("change_profile @{X} -> y,", rule("@{X}", "y")),
        ("change_profile /x->y,", rule("/x->y")),
    ],
)
def test_reading(text: str, expected: ChangeProfileRule, read: Any) -> None:
    assert read(change_profile.KIND, text) == expected


@pytest.mark.parametrize(
    "text, code, message, place",
    [
        ("change_profile x -> y,", "DA217", "the program of a change_profile rule is a path", "x"),
        ('change_profile "" -> y,', "DA217", "the program of a change_profile rule is a path", '""'),
        ("change_profile # c\n,", "DA217", "the program of a change_profile rule is a path", "#"),
        ("change_profile unsafe,", "DA218", "`unsafe` needs the path of a program", "unsafe"),
        ("change_profile safe -> y,", "DA218", "`safe` needs the path of a program", "safe"),
        ("change_profile -> ,", "DA212", "expected the profile after `->`, found `,`", ","),
        ("change_profile /x y,", "DA210", "this change_profile rule does not end in a comma", ""),
        ("change_profile /x -> y", "DA210", "this change_profile rule does not end in a comma", ""),
    ],
)
def test_mistakes(text: str, code: str, message: str, place: str, refused: Any) -> None:
    diagnostic = refused(change_profile.KIND, text)
    assert (diagnostic.code, diagnostic.message, diagnostic.span.text) == (code, message, place)


def test_help_for_what_people_mean(refused: Any) -> None:
    assert refused(change_profile.KIND, "change_profile x,").help == (
        "for a change to the profile `x` write `change_profile -> x,`",
    )
    assert refused(change_profile.KIND, "change_profile ->y,").help == ("put a blank behind `->`",)
    assert refused(change_profile.KIND, "change_profile -> a,", Qualifiers(subject="owner")).code == "DA220"


TEXT = st.text(st.characters(max_codepoint=255, exclude_characters="\0\\"), max_size=8)


@given(
    st.one_of(st.none(), TEXT.map("/".__add__)),
    st.one_of(st.none(), TEXT),
    st.sampled_from([None, "safe", "unsafe"]),
    st.sampled_from([PLAIN, Qualifiers(-1, True, "deny")]),
)
def test_what_is_written_reads_back(
    read_back: Any, exec: str | None, target: str | None, environment: Any, qualifiers: Qualifiers
) -> None:
    made = rule(exec, target, environment if exec else None, qualifiers)
    assert read_back(change_profile.KIND, made) == made


ANY_EXEC = rb"/[^/\x00][^\x00]*"


@pytest.mark.parametrize(
    "made, entries",
    [
        (rule(), [(ANY, 0xC0000000), (ANY_EXEC, 0x40000000), (ANY_EXEC + rb"\x00" + ANY, 0x40000000)]),
        (rule(target="a"), [(b"a", 0xC0000000), (ANY_EXEC, 0x40000000), (ANY_EXEC + rb"\x00a", 0x40000000)]),
        (rule("/x//", "y"), [(b"y", 0xC0000000), (b"/x//", 0x40000000), (rb"/x//\x00y", 0x40004001)]),
        (rule("/x", "y", "unsafe"), [(b"y", 0xC0000000), (b"/x", 0x40000000), (rb"/x\x00y", 0x40404101)]),
        (rule("/x", "y", "safe"), [(b"y", 0xC0000000), (b"/x", 0x40000000), (rb"/x\x00y", 0x40004001)]),
    ],
)  # fmt: skip
def test_encoding(made: ChangeProfileRule, entries: list[tuple[bytes, int]], scope: Any) -> None:
    encoded = list(change_profile.encode(made, scope()))
    assert [(entry.pattern, entry.permissions) for entry in encoded] == entries
    assert all((entry.audit, entry.effect) == (0, "allow") for entry in encoded)


def test_denying_is_never_quiet_as_upstream(scope: Any) -> None:
    denied = rule(target="a", qualifiers=Qualifiers(effect="deny"))
    assert next(iter(change_profile.encode(denied, scope()))) == Entry("file", b"a", 0xC0000000, effect="deny")


def test_prompting_grants_nothing_by_itself(scope: Any) -> None:
    entries = change_profile.encode(rule(target="b", qualifiers=Qualifiers(effect="prompt")), scope())
    assert {one.effect for one in entries if isinstance(one, Entry)} == {"prompt"}


def said(scope: Any, qualifiers: Qualifiers) -> list[str]:
    encoded = change_profile.encode(rule(qualifiers=qualifiers), scope())
    return [one.diagnostic.code for one in encoded if isinstance(one, Dropped)]


def test_audit_is_said_to_have_no_effect(scope: Any) -> None:
    assert said(scope, Qualifiers(audit=True)) == ["DA426"]
    assert said(scope, Qualifiers(audit=True, effect="prompt")) == ["DA426"]
    assert said(scope, Qualifiers()) == []


def test_a_denial_is_logged_whatever_the_rule_says_and_so_the_quiet_rule_is_warned_of(scope: Any) -> None:
    assert said(scope, Qualifiers(effect="deny")) == ["DA426"]
    assert said(scope, Qualifiers(effect="deny", audit=True)) == []


def test_kernels_that_cannot_stack(scope: Any) -> None:
    old = scope(features=frozenset())
    with pytest.raises(DiagnosticError) as raised:
        list(change_profile.encode(rule(target="&a"), old))
    assert raised.value.diagnostics[0].code == "DA219"
    first, _, pair, warning = change_profile.encode(rule("/x", ":ns://a", "safe"), old)
    assert isinstance(first, Entry)
    assert first.pattern == rb"ns\x00a"
    assert isinstance(pair, Entry)
    assert pair.permissions == 0x40004001  # not marked as unsafe, as apparmor_parser: such a kernel never scrubs
    assert isinstance(warning, Dropped)
    assert warning.diagnostic.code == "DA425"


@pytest.mark.parametrize("target", [":ns://*", ":ns://**", ":ns:*", ":ns://a*"])
def test_a_star_behind_a_namespace_means_the_same_with_and_without_stacking(scope: Any, target: str) -> None:
    first, *_ = change_profile.encode(rule(target=target), scope(features=frozenset()))
    stacking, *_ = change_profile.encode(rule(target=target), scope())
    assert isinstance(first, Entry)
    assert isinstance(stacking, Entry)
    written = stacking.pattern.removeprefix(b":ns:").removeprefix(b"//")
    assert first.pattern == rb"ns\x00" + written


def test_a_namespace_alone_is_a_target_without_stacking_as_well(scope: Any) -> None:
    """docs/decisions/0007: upstream refuses it there."""
    first, *_ = change_profile.encode(rule(target=":ns:"), scope(features=frozenset()))
    assert isinstance(first, Entry)
    assert first.pattern == rb"ns\x00"


LABEL = StatePermissions(allow=Perm.CHANGE_PROFILE | Perm.ONEXEC)
ONEXEC = StatePermissions(allow=Perm.ONEXEC)


def test_a_change_to_an_allowed_label(table: Any, confined: Any) -> None:
    profile = confined(table({b"a": LABEL}))
    decision = change_profile.decide(profile, ChangeProfileRequest("a"))
    assert (decision.allowed, decision.target) == (True, "a")
    denied = change_profile.decide(profile, ChangeProfileRequest("b"))
    assert (denied.allowed, denied.errno, denied.record) == (False, 13, "DENIED")
    assert not change_profile.decide(confined(), ChangeProfileRequest("a")).allowed


def test_a_stack_is_allowed_as_a_whole_or_in_all_its_parts(table: Any, confined: Any) -> None:
    whole = confined(table({b"a//&b": LABEL}))
    parts = confined(table({b"a": LABEL, b"b": LABEL}))
    half = confined(table({b"a": LABEL}))
    asked = ChangeProfileRequest("a//&b")
    assert change_profile.decide(whole, asked).allowed
    assert change_profile.decide(parts, asked).allowed
    assert not change_profile.decide(half, asked).allowed


def test_a_change_at_exec_needs_label_program_and_pair(table: Any, confined: Any) -> None:
    asked = ChangeProfileRequest("a", onexec=b"/x")
    every = {b"a": LABEL, b"/x": ONEXEC, b"/x\0a": ONEXEC}
    decision = change_profile.decide(confined(table(every)), asked)
    assert decision.allowed
    assert [match.string for match in decision.matches] == [b"a", b"/x", b"/x\0a"]
    for missing in every:
        some = {string: value for string, value in every.items() if string != missing}
        assert not change_profile.decide(confined(table(some)), asked).allowed
    without_program = change_profile.decide(confined(table({b"a": LABEL})), asked)
    assert without_program.info == "no change_onexec valid for executable"


def test_a_record_and_the_way_back(table: Any, confined: Any) -> None:
    asked = ChangeProfileRequest("a")
    record = change_profile.record(asked, change_profile.decide(confined(), asked))
    assert (record.operation, record.mediation, record.name, record.pairs) == (
        "change_profile",
        "file",
        b"a",
        (("target", "a"),),
    )
    at_exec = ChangeProfileRequest("a", onexec=b"/x")
    assert change_profile.record(at_exec, change_profile.decide(confined(), at_exec)).operation == "change_onexec"

    def request(operation: str, **fields: str) -> ChangeProfileRequest | None:
        return change_profile.request(Event("DENIED", operation, "p", fields=fields))

    assert request("change_profile", name="a", target="a") == asked
    assert request("change_onexec", target="a") == asked
    assert request("stack", name="b") == ChangeProfileRequest("&b")
    assert request("change_profile") is None
    assert request("change_hat", target="p//h") is None


@pytest.mark.parametrize(
    ("asked", "operation"),
    [
        (ChangeProfileRequest("&a"), "stack"),
        (ChangeProfileRequest("a", b"/bin/x"), "change_onexec"),
        (ChangeProfileRequest("&a", b"/bin/x"), "stack_onexec"),
    ],
)
def test_stacking_is_written_down_without_its_sign(
    table: Any, confined: Any, asked: ChangeProfileRequest, operation: str
) -> None:
    made = change_profile.record(asked, change_profile.decide(confined(), asked))
    assert (made.operation, made.name, made.pairs) == (operation, b"a", (("target", "a"),))
