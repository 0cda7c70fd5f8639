"""Where a profile's states come from: what the file table would have without a line, or with one value of a variable.

States are shared between rules, so there is no share of one rule; what can be said is what leaving it out saves.
"""

from collections.abc import Iterator, Sequence

from dockarmor.compile.encoding import Encoding, PlacedEntry, encode
from dockarmor.compile.pipeline import all_kinds
from dockarmor.compile.table import Form, build
from dockarmor.policy.features import Negotiated
from dockarmor.policy.profile import PlacedRule, Profile
from dockarmor.text.source import Span
from dockarmor.value import frozen, replace

#: how many lines and how many variables are tried: those that come to most states when they stand alone
CANDIDATES = 12


@frozen
class Saving:
    """A line of the profile (a rule, or the include that brings rules), or a variable (`span` is None then).

    `states`: how many states fewer the file table has without it, or if the variable had its first value only.
    """

    name: str
    span: Span | None
    states: int


def savings(profile: Profile, features: Negotiated, form: Form) -> list[Saving]:
    """What would save most states, largest first; only what saves any. Raises DiagnosticError."""
    encoding = encode(profile, features, all_kinds())
    whole = _states(encoding.file, form)
    found = [*_lines(encoding, whole, form), *_variables(profile, features, whole, form)]
    return sorted((one for one in found if one.states > 0), key=lambda one: -one.states)


def _lines(encoding: Encoding, whole: int, form: Form) -> Iterator[Saving]:
    lines: dict[tuple[int, int], list[PlacedEntry]] = {}
    for entry in encoding.file:
        if entry.rule is not None and not entry.rule.implied:
            span = _line(entry.rule)
            lines.setdefault((id(span.source), span.start), []).append(entry)
    alone = sorted(lines.values(), key=lambda entries: -_states(entries, form))
    for entries in alone[:CANDIDATES]:
        left_out = set(map(id, entries))
        rest = [entry for entry in encoding.file if id(entry) not in left_out]
        assert entries[0].rule is not None
        span = _line(entries[0].rule)
        yield Saving(" ".join(span.text.split()), span, whole - _states(rest, form))


def _line(placed: PlacedRule) -> Span:
    """Where the profile itself says it: the rule, or the outermost include."""
    return placed.includes[0] if placed.includes else placed.rule.span


def _variables(profile: Profile, features: Negotiated, whole: int, form: Form) -> Iterator[Saving]:
    texts = [placed.rule.span.text for placed in profile.rules]
    uses = {
        name: sum(f"@{{{name}}}" in text for text in texts) * (len(values) - 1)
        for name, values in profile.variables.sets.items()
    }
    for name in sorted(uses, key=lambda name: (-uses[name], name))[:CANDIDATES]:
        if uses[name]:
            values = profile.variables.sets[name]
            narrow = replace(profile, variables=profile.variables.with_values({name: values[:1]}))
            states = _states(encode(narrow, features, all_kinds()).file, form)
            yield Saving(f"@{{{name}}} ({len(values)} values)", None, whole - states)


def _states(entries: Sequence[PlacedEntry], form: Form) -> int:
    table = build("file", entries, form)
    return len(table.tables.base) if table else 0
