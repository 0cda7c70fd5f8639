"""Why is a request allowed or denied: the decision of the compiled tables, and the lines behind it."""

from collections.abc import Sequence

from dockarmor.access.decision import Decision
from dockarmor.access.request import Request
from dockarmor.ask.subject import Subject
from dockarmor.compile.provenance import MatchedRule
from dockarmor.kernel.embedded.modes import Audited, in_mode
from dockarmor.rules.registry import BY_REQUEST
from dockarmor.text.diagnostic import Diagnostic, DiagnosticError
from dockarmor.value import frozen


@frozen
class Explanation:
    """The answer to a request of a task under a profile.

    `decided_by`: the rules that grant it, or the deny rules that take it. `overruled`: rules that say the
    opposite and lose. Both are empty where no rule speaks of it, or where only a blob is known (`known` off).
    """

    profile: str
    mode: str
    request: Request
    decision: Decision
    decided_by: tuple[MatchedRule, ...] = ()
    overruled: tuple[MatchedRule, ...] = ()
    known: bool = True


def explain(subject: Subject, request: Request, profile: str | None = None) -> Explanation:
    """Ask one profile of the subject. Raises DiagnosticError (DA710, DA711)."""
    compiled = subject.profile(profile)
    kind = BY_REQUEST.get(type(request))
    if kind is None or kind.decide is None:
        name = type(request).__name__.removesuffix("Request").lower()
        raise DiagnosticError([Diagnostic("DA711", f"no kernel decides {name} requests")])
    asked = Audited(compiled) if compiled.audit else compiled
    if compiled.mode == "unconfined":
        decision = Decision(allowed=True)
    else:
        decision = in_mode(compiled.mode, compiled.name, request, kind.decide(asked, request))
    matched = _matched(subject, compiled.name, decision)
    if matched is None:
        return Explanation(compiled.name, compiled.mode, request, decision, known=False)
    denied = decision.denied if not decision.allowed else 0
    return Explanation(compiled.name, compiled.mode, request, decision, *_split(matched, decision.requested, denied))


def _matched(subject: Subject, profile: str, decision: Decision) -> list[MatchedRule] | None:
    """The rules that speak of anything the decision looked up, each once."""
    provenance = subject.provenance(profile)
    if provenance is None:
        return None
    found: dict[tuple[int, int, str], MatchedRule] = {}
    for match in decision.matches:
        for rule in provenance.rules(match):
            found.setdefault((id(rule.placed), rule.permissions, rule.effect), rule)
    return list(found.values())


def _split(
    matched: Sequence[MatchedRule], requested: int, denied: int
) -> tuple[tuple[MatchedRule, ...], tuple[MatchedRule, ...]]:
    """Who decided, and who was overruled: the highest priority speaks, a deny before an allow."""
    asked = denied or requested
    speaking = [rule for rule in matched if rule.permissions & asked]
    winner = "deny" if denied else "allow"
    decided = [rule for rule in speaking if rule.effect == winner]
    overruled = [rule for rule in speaking if rule.effect != winner]
    if decided:
        highest = max(rule.priority for rule in decided)
        decided = [rule for rule in decided if rule.priority == highest]
    return tuple(decided), tuple(overruled)
