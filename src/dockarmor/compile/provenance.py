"""Which rules are behind a decision.

Not part of what is loaded, and it never decides: the tables of a profile are built once more, on the first
question about each, with every rule an accept id of its own.
"""

from collections.abc import Sequence

from dockarmor.access.capability import CAPABILITIES
from dockarmor.access.decision import Match
from dockarmor.access.permission import Perm
from dockarmor.automata.determinise import determinise
from dockarmor.automata.limits import DEFAULT, LimitExceeded, Limits
from dockarmor.automata.minimise import minimise
from dockarmor.automata.pack import pack
from dockarmor.automata.tables import Tables
from dockarmor.automata.trie import Trie
from dockarmor.automata.walk import walk
from dockarmor.compile.encoding import Encoding, Kinds, PlacedEntry, encode
from dockarmor.compile.permission_map import file_entry, policy_entry
from dockarmor.policy.features import Negotiated
from dockarmor.policy.profile import PlacedRule, Profile
from dockarmor.rules.kind import Effect, Entry
from dockarmor.text.diagnostic import Diagnostic, DiagnosticError
from dockarmor.value import frozen

_START = 1


@frozen
class MatchedRule:
    """A rule that speaks of a string, and what it says.

    `permissions` are the access.permission bits that it grants, denies or prompts for (capabilities: 1).
    """

    placed: PlacedRule
    effect: Effect
    permissions: int
    audit: bool = False
    priority: int = 0


class Provenance:
    """The rules of one profile, to be asked by what was looked up.

    Questions raise DiagnosticError (DA404) where the automaton for them grows beyond `limits`.
    """

    def __init__(self, encoding: Encoding, limits: Limits = DEFAULT) -> None:
        self._encoding = encoding
        self._limits = limits
        self._tables: dict[str, _Lookup] = {}

    def rules(self, match: Match) -> tuple[MatchedRule, ...]:
        """The rules that match, in the order of the profile; for files only those that speak of this half."""
        if match.table == "capability":
            return tuple(self._capability_rules(match.string))
        lookup = self._tables.get(match.table)
        if lookup is None:
            placed = self._encoding.file if match.table == "file" else self._encoding.policy
            lookup = self._tables[match.table] = _Lookup(placed, self._limits)
        found = {}
        for one in lookup.find(match.string):
            spoken = _spoken(one.entry, match.owner)
            if one.rule is not None and spoken:
                entry = one.entry
                made = MatchedRule(one.rule, entry.effect, spoken, _audited(entry), entry.priority)
                found[id(one.rule), spoken] = made
        return tuple(found.values())

    def _capability_rules(self, name: bytes) -> list[MatchedRule]:
        text = name.decode("latin-1")
        bit = 1 << CAPABILITIES.index(text) if text in CAPABILITIES else 0
        return [
            MatchedRule(placed, entry.effect, 1, entry.audit)
            for entry, placed in self._encoding.capabilities
            if entry.mask & bit
        ]


def provenance(profile: Profile, features: Negotiated, kinds: Kinds, limits: Limits = DEFAULT) -> Provenance:
    """The rules behind a profile compiled for these features. Raises DiagnosticError as compiling does."""
    return Provenance(encode(profile, features, kinds), limits)


class _Lookup:
    """One table with every entry told apart."""

    def __init__(self, placed: Sequence[PlacedEntry], limits: Limits) -> None:
        self.placed = placed
        self.sets: list[tuple[int, ...]] = [()]
        self.numbers: dict[tuple[int, ...], int] = {(): 0}
        self.tables = self._build(limits) if placed else None

    def find(self, string: bytes) -> list[PlacedEntry]:
        if self.tables is None:
            return []
        state = walk(self.tables, _START, string)
        return [self.placed[number] for number in self.sets[self.tables.values[state]]]

    def _build(self, limits: Limits) -> Tables:
        try:
            trie = Trie(limits)
            for number, one in enumerate(self.placed):
                trie.add(one.entry.pattern, number)
            return pack(minimise(determinise(trie, self._value, None, limits)))
        except LimitExceeded as reached:
            message = f"telling the rules apart needs more than {reached.value} {reached.limit}"
            raise DiagnosticError([Diagnostic("DA404", message)]) from None

    def _value(self, accepts: Sequence[int]) -> int:
        key = tuple(sorted(accepts))
        number = self.numbers.setdefault(key, len(self.sets))
        if number == len(self.sets):
            self.sets.append(key)
        return number


def _spoken(entry: Entry, owner: bool) -> int:
    """The permission bits that an entry speaks of."""
    if entry.table == "policy":
        return policy_entry(entry.permissions, table=True).allow & ~int(Perm.LOCK)
    word = entry.permissions
    granted = file_entry(word, owner=owner).allow
    return granted if word >> (0 if owner else 14) & 0x4 else granted & ~int(Perm.GETATTR)


def _audited(entry: Entry) -> bool:
    """Is a record written: a deny's audit word says what stays silent."""
    return not entry.audit if entry.effect == "deny" else bool(entry.audit)
