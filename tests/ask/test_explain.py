"""Decisions come from the compiled tables, reasons from the lines."""

import pytest

from dockarmor.access.grammar import parse_request
from dockarmor.ask.explain import Explanation, explain
from dockarmor.ask.subject import Subject, from_policy
from dockarmor.policy.builtin import builtin_base
from dockarmor.policy.features import builtin
from dockarmor.policy.read import library, read_text, require
from dockarmor.text.diagnostic import DiagnosticError
from dockarmor.text.source import Source


def subject(text: str) -> Subject:
    resolved = require(read_text(Source("p", text), library(builtin_base())))
    return from_policy("p", resolved.policy, builtin("kernel-6.12"))


def ask(rules: str, request: str, head: str = "profile p") -> Explanation:
    return explain(subject(f"{head} {{\n{rules}\n}}\n"), parse_request(request))


def lines(explanation: Explanation) -> list[str]:
    return [rule.placed.rule.span.text for rule in explanation.decided_by]


def test_a_deny_decides_over_an_allow() -> None:
    found = ask("/a rw,\ndeny /a w,", "file w /a")
    assert not found.decision.allowed
    assert lines(found) == ["deny /a w,"]
    assert [rule.placed.rule.span.text for rule in found.overruled] == ["/a rw,"]


def test_the_higher_priority_decides_over_a_deny() -> None:
    found = ask("priority=5 /a w,\ndeny /a w,", "file w /a")
    assert found.decision.allowed
    assert lines(found) == ["priority=5 /a w,"]


def test_what_no_rule_speaks_of_is_denied_without_a_line() -> None:
    found = ask("/a r,", "file r /b")
    assert not found.decision.allowed
    assert lines(found) == []
    assert found.decision.record == "DENIED"


@pytest.mark.parametrize(
    "rule, request_line, allowed",
    [
        ("capability chown,", "capability chown", True),
        ("deny capability chown,", "capability chown", False),
        ("network inet stream,", "network create inet stream", True),
        ("network inet stream,", "network create inet6 stream", False),
        ("mount fstype=proc proc -> /mnt/,", "mount fstype=proc proc -> /mnt/", True),
        ("mount fstype=proc proc -> /mnt/,", "mount fstype=tmpfs proc -> /mnt/", False),
        ("umount /mnt/,", "umount /mnt/", True),
        ("signal send set=kill peer=x,", "signal send kill peer=x", True),
        ("signal send set=kill peer=x,", "signal send term peer=x", False),
        ("ptrace read peer=x,", "ptrace read peer=x", True),
        ("ptrace read peer=x,", "ptrace trace peer=x", False),
        ("/bin/sh ix,", "exec /bin/sh", True),
        ("change_profile -> other,", "change_profile other", True),
    ],
)
def test_every_class_names_its_rule(rule: str, request_line: str, allowed: bool) -> None:
    found = ask(rule, request_line)
    assert found.decision.allowed is allowed
    if allowed:
        assert lines(found) == [rule]


def test_complain_mode_lets_it_pass_and_says_so() -> None:
    found = ask("/a r,", "file r /b", "profile p flags=(complain)")
    assert found.decision.allowed
    assert found.decision.record == "ALLOWED"


def test_a_plain_deny_holds_in_complain_mode_too() -> None:
    found = ask("deny /b r,", "file r /b", "profile p flags=(complain)")
    assert not found.decision.allowed
    assert found.decision.record is None


def test_an_unknown_profile_is_a_diagnostic_that_lists_the_known() -> None:
    with pytest.raises(DiagnosticError) as caught:
        explain(subject("profile a {}\nprofile b {}\n"), parse_request("file r /x"), "c")
    assert caught.value.diagnostics[0].code == "DA710"
    assert "a, b" in caught.value.diagnostics[0].help[0]


def test_a_request_of_the_caller_s_own_kind_is_decided_by_no_kernel() -> None:
    class Own:
        """No kind of rule knows it."""

    with pytest.raises(DiagnosticError) as found:
        explain(subject("profile p {\n}\n"), Own())  # type: ignore[arg-type]
    assert [one.code for one in found.value.diagnostics] == ["DA711"]
