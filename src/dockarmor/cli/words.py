"""Decisions in words and as data, the same in every verb."""

from collections.abc import Iterator
from typing import Any

from dockarmor.access.grammar import format_request
from dockarmor.ask.explain import Explanation
from dockarmor.audit.meaning import Meaning
from dockarmor.compile.provenance import MatchedRule
from dockarmor.policy.profile import PlacedRule
from dockarmor.text.diagnostic import Diagnostic
from dockarmor.text.render import concise, printable

_LABEL = 13
#: more rules than this are counted, not listed
MAX_LISTED = 6


def verdict(explanation: Explanation) -> str:
    return "ALLOWED" if explanation.decision.allowed else "DENIED"


def explanation_lines(explanation: Explanation) -> list[str]:
    """The answer as people read it."""
    decision = explanation.decision
    request = printable(format_request(explanation.request))
    mode = "" if explanation.mode == "enforce" else f" ({explanation.mode})"
    lines = [f"{verdict(explanation):<8}{request}   profile {printable(explanation.profile)}{mode}"]
    lines += _rules("decided by", explanation.decided_by)
    if not explanation.decided_by:
        lines.append(_line("decided by", _without_rule(explanation)))
    lines += _rules("overruled", explanation.overruled)
    if decision.target is not None:
        lines.append(_line("runs under", printable(decision.target)))
    if decision.info is not None:
        lines.append(_line("kernel says", decision.info))
    lines.append(_line("logged", _logged(explanation)))
    return lines


def _without_rule(explanation: Explanation) -> str:
    if explanation.mode == "unconfined":
        return "nothing: the profile is unconfined"
    if not explanation.known:
        return "the compiled tables; ask the policy's text to see which line"
    if explanation.decision.allowed:
        return "no rule: the kernel does not mediate this here"
    return "no rule allows it"


def _logged(explanation: Explanation) -> str:
    decision = explanation.decision
    if decision.record is not None:
        return f"yes: {decision.record}"
    if decision.allowed:
        return "no: what is allowed is silent without `audit`"
    return "no: a plain `deny` is silent; write `audit deny` to see it"


def _rules(label: str, rules: tuple[MatchedRule, ...]) -> Iterator[str]:
    shown: dict[str, None] = {}
    for rule in rules:
        shown.setdefault(f"{_text(rule.placed)}   {_place(rule.placed)}")
    for number, line in enumerate(list(shown)[:MAX_LISTED]):
        yield _line(label if number == 0 else "", line)
    if len(shown) > MAX_LISTED:
        yield _line("", f"and {len(shown) - MAX_LISTED} more")


def _text(placed: PlacedRule) -> str:
    text = " ".join(placed.rule.span.text.split())
    if placed.implied:
        return "implied by hats and change_profile:"
    return printable(text if len(text) <= 100 else text[:100] + "…")


def _place(placed: PlacedRule) -> str:
    return printable(str(placed.rule.span))


def _line(label: str, text: str) -> str:
    return f"  {label:<{_LABEL}}{text}"


def explanation_item(explanation: Explanation) -> dict[str, Any]:
    """The answer as data."""
    decision = explanation.decision
    return {
        "request": printable(format_request(explanation.request)),
        "profile": printable(explanation.profile),
        "mode": explanation.mode,
        "allowed": decision.allowed,
        "record": decision.record,
        "errno": decision.errno,
        "info": decision.info,
        "target": decision.target,
        "lines_known": explanation.known,
        "decided_by": [rule_item(rule.placed) for rule in explanation.decided_by],
        "overruled": [rule_item(rule.placed) for rule in explanation.overruled],
    }


def rule_item(placed: PlacedRule) -> dict[str, Any]:
    """A rule and where it stands."""
    span = placed.rule.span
    line, column = span.position
    return {
        "rule": printable(" ".join(span.text.split())),
        "file": printable(span.source.name),
        "line": line,
        "column": column,
        "included_by": [printable(str(include)) for include in placed.includes],
    }


_KINDS = {
    "DENIED": "the kernel refused it",
    "ALLOWED": "the profile is in complain mode: it went on, in enforce mode it would be refused",
    "AUDIT": "it was allowed, and a rule or flag asks for a record",
    "KILLED": "the kernel refused it and killed the task",
    "STATUS": "policy was loaded, replaced or removed",
}


def meaning_lines(meaning: Meaning | Diagnostic) -> list[str]:
    """A record in words."""
    if isinstance(meaning, Diagnostic):
        return [concise(meaning)]
    event = meaning.event
    who = printable(event.fields.get("comm", "?"))
    lines = [
        f"RECORD  {event.kind} {printable(event.operation)} by {who} under {printable(event.profile)}",
        _line("means", _KINDS.get(event.kind, "a record of another kind")),
    ]
    if meaning.asked != event.profile:
        lines.append(
            _line("note", f"this policy has no {printable(event.profile)}; {meaning.asked} is asked instead")
        )
    if meaning.explanation is not None:
        return lines + ["  " + line for line in explanation_lines(meaning.explanation)]
    mask = event.fields.get("requested_mask")
    missing = "no peer" if event.operation in ("ptrace", "signal") and "peer" not in event.fields else "too little"
    asked_for = f"`{printable(mask)}`, and " if mask else ""
    lines.append(_line("cannot ask", f"the record says {asked_for}{missing} to ask the policy again"))
    for number, placed in enumerate(meaning.related):
        label = f"{event.operation} rules" if number == 0 else ""
        lines.append(_line(label, f"{_text(placed)}   {_place(placed)}"))
    if not meaning.related:
        lines.append(_line("rules", f"{meaning.asked} has no {printable(event.operation)} rule: none is allowed"))
    return lines


def meaning_item(meaning: Meaning | Diagnostic) -> dict[str, Any]:
    """A record as data."""
    if isinstance(meaning, Diagnostic):
        return {"code": meaning.code, "message": meaning.message}
    event = meaning.event
    return {
        "kind": event.kind,
        "operation": printable(event.operation),
        "record_profile": printable(event.profile),
        "asked_profile": printable(meaning.asked),
        "request": printable(format_request(meaning.request)) if meaning.request is not None else None,
        "explanation": explanation_item(meaning.explanation) if meaning.explanation is not None else None,
        "related": [rule_item(placed) for placed in meaning.related],
    }
