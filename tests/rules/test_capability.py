"""Capability rules."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dockarmor.access.capability import CAPABILITIES
from dockarmor.access.confinement import CapabilityWords
from dockarmor.access.event import Event
from dockarmor.access.request import CapabilityRequest
from dockarmor.rules import capability
from dockarmor.rules.kind import PLAIN, Bare, CapabilityEntry, Qualifiers
from dockarmor.syntax.cursor import Word
from dockarmor.text.diagnostic import DiagnosticError
from dockarmor.text.source import Source, Span

NOWHERE = Span(Source("test", ""), 0, 0)


def rule(*names: str, qualifiers: Qualifiers = PLAIN) -> capability.CapabilityRule:
    return capability.CapabilityRule(tuple(Word(name, NOWHERE) for name in names), qualifiers, NOWHERE)


@pytest.mark.parametrize(
    "text, expected",
    [
        ("capability,", rule()),
        ("capability chown,", rule("chown")),
        ("capability\n  chown # why\n  kill\n,", rule("chown", "kill")),
        ("capability new_one,", rule("new_one")),
    ],
)
def test_reading(text: str, expected: capability.CapabilityRule, read: Any) -> None:
    assert read(capability.KIND, text) == expected


@pytest.mark.parametrize(
    "text, code, message, place",
    [
        ("capability (chown),", "DA280", "`(chown)` does not belong here", "(chown)"),
        ("capability chown", "DA280", "the capability rule is not finished", ""),
        ('capability "chown",', "DA280", '`"chown"` does not belong here', '"chown"'),
    ],
)
def test_mistakes(text: str, code: str, message: str, place: str, refused: Any) -> None:
    diagnostic = refused(capability.KIND, text)
    assert (diagnostic.code, diagnostic.message, diagnostic.span.text) == (code, message, place)


def test_owner_has_no_meaning_here(refused: Any) -> None:
    diagnostic = refused(capability.KIND, "capability chown,", Qualifiers(subject="owner"))
    assert diagnostic.code == "DA289"


@given(st.lists(st.sampled_from(CAPABILITIES)), st.booleans(), st.sampled_from(["allow", "deny"]))
def test_what_is_written_reads_back(read_back: Any, names: list[str], audit: bool, effect: Any) -> None:
    made = rule(*names, qualifiers=Qualifiers(audit=audit, effect=effect))
    assert read_back(capability.KIND, made) == made


def test_every_capability_has_its_bit(scope: Any) -> None:
    for number, name in enumerate(CAPABILITIES):
        assert list(capability.encode(rule(name), scope(features=frozenset()))) == [
            CapabilityEntry(1 << number, "allow", False)
        ]


def test_no_name_means_every_capability(scope: Any) -> None:
    assert list(capability.encode(rule(qualifiers=Qualifiers(audit=True, effect="deny")), scope())) == [
        CapabilityEntry(2**64 - 1, "deny", True)
    ]


def test_features_may_name_more(scope: Any) -> None:
    profile = scope(more_capabilities={"new_one": 41})
    assert list(capability.encode(rule("new_one", "chown"), profile)) == [
        CapabilityEntry(1 << 41 | 1, "allow", False)
    ]


def test_on_kernels_before_it_was_split_off_sys_admin_is_given(scope: Any) -> None:
    old = scope(features=frozenset(("caps/mask", "caps/mask/chown")))
    assert list(capability.encode(rule("bpf"), old)) == [CapabilityEntry(1 << 21, "allow", False)]
    new = scope(features=frozenset(("caps/mask", "caps/mask/bpf")))
    assert list(capability.encode(rule("bpf"), new)) == [CapabilityEntry(1 << 39, "allow", False)]


@pytest.mark.parametrize(
    "name, help",
    [
        ("CAP_SYS_ADMIN", "did you mean `sys_admin`?"),
        ("sys_amdin", "did you mean `sys_admin`?"),
        ("xyzzy", "capabilities(7) lists them; write them without CAP_"),
    ],
)
def test_unknown_names(name: str, help: str, scope: Any) -> None:
    with pytest.raises(DiagnosticError) as raised:
        list(capability.encode(rule(name), scope()))
    (diagnostic,) = raised.value.diagnostics
    assert (diagnostic.code, diagnostic.help) == ("DA281", (help,))


def test_deciding(confined: Any) -> None:
    chown, kill, setuid = (1 << CAPABILITIES.index(name) for name in ("chown", "kill", "setuid"))
    profile = confined(capabilities=CapabilityWords(allow=chown | kill, audit=kill, quiet=setuid))

    def decide(name: str) -> tuple[bool, str | None, int]:
        decision = capability.decide(profile, CapabilityRequest(name))
        return decision.allowed, decision.record, decision.errno

    assert decide("chown") == (True, None, 0)
    assert decide("kill") == (True, "AUDIT", 0)
    assert decide("setuid") == (False, None, 1)
    assert decide("sys_admin") == (False, "DENIED", 1)
    assert decide("nobody_knows_it") == (False, "DENIED", 1)


def test_a_record_and_the_way_back(confined: Any) -> None:
    asked = CapabilityRequest("sys_admin")
    record = capability.record(asked, capability.decide(confined(), asked))
    assert (record.operation, record.mediation, record.name) == ("capable", "cap", None)
    assert record.pairs == (("capability", Bare("21 ")), ("capname", "sys_admin"))

    def request(operation: str, **fields: str) -> CapabilityRequest | None:
        return capability.request(Event("DENIED", operation, "p", fields=fields))

    assert request("capable", capability="21", capname="sys_admin") == asked
    assert request("capable", capability="21 ") == asked
    assert request("capable", capability="999999999") is None
    assert request("capable", name="sys_admin") == asked
    assert request("capable") is None
    assert request("open", capname="sys_admin") is None
