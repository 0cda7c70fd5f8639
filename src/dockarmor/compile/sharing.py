"""Rules of included files, encoded once for all profiles in which they come to the same.

What a rule comes to is decided by the features, the aliases, the variables in it, and for some rules by the profile.
So each is encoded with the variables that profiles have in common (policy/variables.py), and what it asked for is
noted. A profile takes that where it has no variable of its own among those; the rest it encodes itself.
"""

from collections.abc import Hashable, Iterator, Sequence

from dockarmor.compile.encoding import Aliases, Encoding, Kinds, PlacedEntry, encode_rule, mediated
from dockarmor.compile.scope import CommonScope, NotCommon, ProfileScope
from dockarmor.policy.features import Negotiated
from dockarmor.policy.profile import Profile
from dockarmor.policy.row import PlacedRule, PlacedRules, Row
from dockarmor.policy.variables import Variables
from dockarmor.rules.kind import Encoded, Rule
from dockarmor.text.diagnostic import DiagnosticError

#: how many sets of features, aliases and variables, and how many rules for each of them, are remembered
MAX_SHARED = 16
MAX_RULES = 100_000


class Encodings:
    """What is known from the profiles that were encoded before."""

    def __init__(self, kinds: Kinds) -> None:
        self._kinds = kinds
        self._shared: dict[Hashable, Shared] = {}

    def shared(self, scope: ProfileScope, aliases: Aliases) -> "Shared":
        """What a profile can share."""
        features, variables = scope.features, scope.variables.common
        key = id(features.kernel), id(features.policy), id(variables), aliases.pairs
        found = self._shared.get(key)
        if found is None:
            if len(self._shared) >= MAX_SHARED:
                self._shared.clear()
            found = self._shared[key] = Shared(self._kinds, variables, features, aliases)
        return found

    def prepare(self, profile: Profile, features: Negotiated) -> None:
        """Find out now what the rules of included files come to in this profile."""
        if isinstance(profile.rules, PlacedRules):
            shared = self.shared(ProfileScope(profile.name, profile.variables, features), Aliases.of(profile))
            for placed in profile.rules.rows:
                if placed.row.shared:
                    shared.parts(placed.row, profile.variables.own)


class Shared:
    """Rules under the same features, aliases and common variables. It keeps these, so that their ids stay theirs."""

    def __init__(self, kinds: Kinds, variables: Variables, features: Negotiated, aliases: Aliases) -> None:
        self._kinds, self._aliases = kinds, aliases
        self._scope = CommonScope(variables, features)
        self._rows: dict[int, _KnownRow] = {}
        self._rules = 0
        self._mediated: dict[bool, tuple[PlacedEntry, ...]] = {}

    def mediated(self, *, everything: bool) -> Sequence[PlacedEntry]:
        """What makes the kernel mediate classes (compile/encoding.py)."""
        found = self._mediated.get(everything)
        if found is None:
            found = tuple(mediated(self._kinds, self._scope, everything=everything))
            self._mediated[everything] = found
        return found

    def parts(self, row: Row, own: frozenset[str]) -> Sequence[Encoding | Rule]:
        """The rules of a row, joined to encodings where none of the profile's `own` variables has a say."""
        known = self._rows.get(id(row))
        if known is None:
            if self._rules > MAX_RULES:
                self._rows.clear()
                self._rules = 0
            self._rules += len(row.rules)
            known = self._rows[id(row)] = _KnownRow(row, [self._known(rule) for rule in row.rules])
        return known.parts(own)

    def _known(self, rule: Rule) -> "_KnownRule":
        scope = self._scope
        scope.reached = frozenset()
        try:
            encoded = tuple(encode_rule(rule, self._kinds[type(rule)], scope, self._aliases))
        except (NotCommon, DiagnosticError):  # what is wrong with it is said with the profile's own variables
            return rule, None, ()
        return rule, scope.reached, encoded


#: a rule, the variables that decide (None: the profile itself does), and what it comes to
_KnownRule = tuple[Rule, frozenset[str] | None, tuple[Encoded, ...]]


_NONE: frozenset[str] = frozenset()


class _KnownRow:
    def __init__(self, row: Row, rules: Sequence[_KnownRule]) -> None:
        self._row = row
        self._rules = rules
        self._reached = frozenset().union(*(reached for _, reached, _ in rules if reached))
        self._parts: dict[frozenset[str], tuple[Encoding | Rule, ...]] = {}

    def parts(self, own: frozenset[str]) -> Sequence[Encoding | Rule]:
        mine = _NONE if own.isdisjoint(self._reached) else own & self._reached
        found = self._parts.get(mine)
        if found is None:
            found = self._parts[mine] = tuple(self._joined(mine))
        return found

    def _joined(self, own: frozenset[str]) -> Iterator[Encoding | Rule]:
        joined: Encoding | None = None
        for rule, reached, encoded in self._rules:
            if reached is None or not own.isdisjoint(reached):
                if joined is not None:
                    yield joined
                joined = None
                yield rule
                continue
            if joined is None:
                joined = Encoding()
            placed = PlacedRule(rule)
            for one in encoded:
                joined.take(one, placed)
        if joined is not None:
            yield joined
