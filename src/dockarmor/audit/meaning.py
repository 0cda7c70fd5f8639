"""What an audit record means under a policy: the request behind it, and which line decides it there."""

from collections.abc import Iterable, Iterator

from dockarmor.access.event import Event
from dockarmor.access.request import Request
from dockarmor.ask.explain import Explanation, explain
from dockarmor.ask.subject import Subject
from dockarmor.audit.record import read_records
from dockarmor.policy.profile import PlacedRule
from dockarmor.rules.registry import ALL
from dockarmor.text.diagnostic import Diagnostic
from dockarmor.value import frozen


@frozen
class Meaning:
    """A record and its explanation.

    `request` is None where the record does not say enough to ask again; `related` are then the rules of its
    kind. `asked` is the profile that was asked: the record's own where the policy has it.
    """

    event: Event
    request: Request | None
    explanation: Explanation | None
    asked: str
    related: tuple[PlacedRule, ...] = ()


def request_of(event: Event) -> Request | None:
    """The request behind a record, None where no kind recognises it."""
    for kind in ALL:
        request = kind.request(event) if kind.request is not None else None
        if request is not None:
            return request
    return None


def meanings(subject: Subject, lines: Iterable[str], profile: str | None = None) -> Iterator[Meaning | Diagnostic]:
    """Explain every record of a log under a policy. Lines without a record are passed over."""
    names = {compiled.name for compiled in subject.compiled.profiles}
    for event in read_records(lines):
        if isinstance(event, Diagnostic):
            yield event
            continue
        asked = profile or (event.profile if event.profile in names else subject.profile().name)
        request = request_of(event)
        explanation = explain(subject, request, asked) if request is not None else None
        related = () if request is not None else _related(subject, asked, event)
        yield Meaning(event, request, explanation, asked, related)


def _related(subject: Subject, profile: str, event: Event) -> tuple[PlacedRule, ...]:
    """The profile's rules of the kind that the record's operation belongs to."""
    text = subject.texts.get(profile)
    types = tuple(rule for kind in ALL if kind.name == event.operation for rule in kind.rules)
    return tuple(placed for placed in text.rules if isinstance(placed.rule, types)) if text and types else ()
