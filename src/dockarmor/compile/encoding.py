"""A profile's rules as entries: each rule is encoded once, and what is identical is said once."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from dockarmor.access.confinement import CapabilityWords
from dockarmor.compile.permission_map import EXEC_BITS, OTHER_EXEC, OWNER_EXEC
from dockarmor.compile.scope import AliasScope, ProfileScope
from dockarmor.policy.features import Negotiated
from dockarmor.policy.profile import Profile
from dockarmor.policy.row import PlacedRule, PlacedRules
from dockarmor.rules import prompt
from dockarmor.rules.file import FileRule
from dockarmor.rules.kind import CapabilityEntry, Dropped, Encoded, Entry, Kind, LimitEntry, Rule
from dockarmor.text.diagnostic import Diagnostic, DiagnosticError, Label
from dockarmor.text.source import Span
from dockarmor.value import field, frozen, mutable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dockarmor.compile.sharing import Encodings, Shared

#: The class that is mediated even in modes in which nothing else is: its rules are all there is to such a profile.
_ALWAYS = "userns"
#: Rules that aliases copy (apparmor.d(5), ALIAS RULES).
_ALIASED = frozenset(("file", "link"))

#: the code of two rules that say differently how the same path is executed
EXEC_CONFLICT = "DA401"

Kinds = Mapping[type, Kind]


@frozen
class PlacedEntry:
    """An entry and the rule it comes from, None for what mediates a class."""

    entry: Entry
    rule: PlacedRule | None


class Entries(list[PlacedEntry]):
    """The entries of one table. What other profiles have, too, is also there as the very lists that they have."""

    def __init__(self) -> None:
        self._shared: list[Sequence[PlacedEntry]] = []
        self._own: list[PlacedEntry] = []

    def take(self, entry: PlacedEntry) -> None:
        self.append(entry)
        self._own.append(entry)

    def share(self, entries: Sequence[PlacedEntry]) -> None:
        if entries:
            self.extend(entries)
            self._shared.append(entries)

    def groups(self) -> Iterator[Sequence[PlacedEntry]]:
        """All entries: those of this profile alone, then the lists that it shares."""
        if self._own:
            yield self._own
        yield from self._shared


class Findings(Sequence[Diagnostic]):
    """Findings in their order. Those that profiles share are told of each profile's includes when somebody looks."""

    __slots__ = ("_count", "_parts")

    def __init__(self) -> None:
        self._parts: list[tuple[Sequence[Diagnostic], tuple[Span, ...]]] = []
        self._count = 0

    def append(self, found: Diagnostic) -> None:
        self.extend((found,))

    def extend(self, found: Sequence[Diagnostic], includes: tuple[Span, ...] = ()) -> None:
        """Add findings of which all were reached by these includes."""
        if found:
            self._parts.append((found, includes))
            self._count += len(found)

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Diagnostic]:
        return (_placed(one, includes) for found, includes in self._parts for one in found)

    def bare(self) -> Iterator[Diagnostic]:
        """As they were found: without the includes."""
        for found, _ in self._parts:
            yield from found.bare() if isinstance(found, Findings) else found

    def __getitem__(self, at: "Any") -> "Any":
        return tuple(self)[at]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return repr(tuple(self))


@mutable
class Encoding:
    """What a profile's rules come to."""

    file: Entries = field(default_factory=Entries)
    policy: Entries = field(default_factory=Entries)
    capabilities: list[tuple[CapabilityEntry, PlacedRule]] = field(default_factory=list)
    limits: dict[int, int] = field(default_factory=dict)
    targets: tuple[str, ...] = ()
    diagnostics: Findings = field(default_factory=Findings)

    def take(self, encoded: Encoded, placed: PlacedRule) -> None:
        """Add what a rule comes to."""
        if isinstance(encoded, Entry):
            (self.file if encoded.table == "file" else self.policy).take(PlacedEntry(encoded, placed))
        elif isinstance(encoded, CapabilityEntry):
            self.capabilities.append((encoded, placed))
        elif isinstance(encoded, LimitEntry):
            self.limits[encoded.resource] = encoded.value
        elif isinstance(encoded, Dropped):
            self.diagnostics.append(_placed(encoded.diagnostic, placed.includes))

    def join(self, other: "Encoding", includes: tuple[Span, ...] = ()) -> None:
        """Add what rules come to that all came by these includes."""
        self.file.share(other.file)
        self.policy.share(other.policy)
        if other.capabilities:
            self.capabilities += other.capabilities
        if other.limits:
            self.limits |= other.limits
        self.diagnostics.extend(other.diagnostics, includes)

    def capability_words(self) -> CapabilityWords:
        """What is allowed, audited when used, and denied in silence."""
        allow = deny = audit = quiet = 0
        for entry, _ in self.capabilities:
            if entry.effect == "deny":
                deny |= entry.mask
                quiet |= 0 if entry.audit else entry.mask
            elif entry.effect == "allow":
                allow |= entry.mask
                audit |= entry.mask if entry.audit else 0
        allow &= ~deny
        return CapabilityWords(allow, allow & audit, quiet)


class PlacedEncoding(NamedTuple):
    """What rules come to, and the includes by which they came."""

    encoding: Encoding
    includes: tuple[Span, ...]


#: how many entries a profile comes to, and how many mistakes in its rules are told
MAX_ENTRIES = 150_000
MAX_MISTAKES = 100


class Aliases(NamedTuple):
    """A profile's aliases, and what they replace: one test tells whether a text concerns any of them."""

    pairs: tuple[tuple[str, str], ...]
    sources: tuple[str, ...]

    @classmethod
    def of(cls, profile: Profile) -> "Aliases":
        return cls(profile.aliases, tuple(source for source, _ in profile.aliases))


def encode(profile: Profile, features: Negotiated, kinds: Kinds, known: "Encodings | None" = None) -> Encoding:
    """Encode all rules. Raises DiagnosticError with the mistakes of all of them.

    With what is `known` from other profiles, only the mistakes and warnings say by which includes rules came.
    """
    scope = ProfileScope(profile.name, profile.variables, features)
    aliases = Aliases.of(profile)
    shared = known.shared(scope, aliases) if known is not None else None
    made = Encoding()
    mistakes: list[Diagnostic] = []
    for one in profile.rules if shared is None else _parts(profile, shared):
        if isinstance(one, PlacedEncoding):
            made.join(one.encoding, one.includes)
        else:
            try:
                for encoded in encode_rule(one.rule, kinds[type(one.rule)], scope, aliases):
                    made.take(encoded, one)
            except DiagnosticError as error:
                mistakes.extend(_placed(found, one.includes) for found in error.diagnostics)
                if len(mistakes) >= MAX_MISTAKES:
                    break
        if len(made.file) + len(made.policy) > MAX_ENTRIES:
            mistakes.append(
                Diagnostic("DA405", f"the profile comes to more than {MAX_ENTRIES:,} entries", profile.span)
            )
            break
    if mistakes:
        raise DiagnosticError(mistakes)
    everything = profile.flags.mediates
    if shared is None:
        made.policy.share(tuple(mediated(kinds, scope, everything=everything)))
    else:
        made.policy.share(shared.mediated(everything=everything))
    made.targets = tuple(scope.targets)
    return made


def mediated(kinds: Kinds, scope: ProfileScope, *, everything: bool) -> Iterator[PlacedEntry]:
    """What makes the kernel mediate classes: all that it can, or only those that it always does."""
    for kind in dict.fromkeys(kinds.values()):
        if kind.mediates is not None and (everything or kind.name == _ALWAYS):
            for entry in kind.mediates(scope):
                yield PlacedEntry(entry, None)


def _parts(profile: Profile, shared: "Shared") -> Iterator[PlacedRule | PlacedEncoding]:
    """The profile's rules, and in place of those that are known already what they come to."""
    rules, own = profile.rules, profile.variables.own
    if not isinstance(rules, PlacedRules):
        yield from rules
        return
    for placed in rules.rows:
        for part in shared.parts(placed.row, own) if placed.row.shared else placed.row.rules:
            if isinstance(part, Encoding):
                yield PlacedEncoding(part, placed.includes)
            else:
                yield PlacedRule(part, placed.includes, placed.implied)


def encode_rule(rule: Rule, kind: Kind, scope: ProfileScope, aliases: Aliases) -> Iterable[Encoded]:
    """What one rule comes to, and once more for each alias that concerns it."""
    scope.texts.clear()
    aliased = aliases.pairs and kind.name in _ALIASED
    encoded = _encode_aliased(rule, kind, scope, aliases) if aliased else kind.encode(rule, scope)
    return prompt.encoded(rule, kind.name, encoded, scope) if rule.qualifiers.effect == "prompt" else encoded


def _encode_aliased(rule: Rule, kind: Kind, scope: ProfileScope, aliases: Aliases) -> Iterator[Encoded]:
    said: list[Encoded] = []
    for one in kind.encode(rule, scope):
        if isinstance(one, Dropped):
            said.append(one)
        yield one
    texts = [text for text in scope.texts if text.startswith(aliases.sources)]
    if texts:
        for source, target in aliases.pairs:
            for text in texts:
                if text.startswith(source):
                    copy = kind.encode(rule, AliasScope(scope, source, target))
                    yield from (one for one in copy if one not in said)
                    break


def _placed(found: Diagnostic, includes: tuple[Span, ...]) -> Diagnostic:
    """A finding with the includes by which its rule came."""
    return found if found.includes or not includes else found.within(includes)


def merge(placed: Iterable[PlacedEntry]) -> list[PlacedEntry]:
    """Join entries that differ in permissions only, as the reference parser does before it compiles.

    Raises DiagnosticError (DA401) where two say of the same pattern that it is executed in different ways.
    """
    found: dict[tuple[bytes, str, int, bool], PlacedEntry] = {}
    for one in placed:
        entry = one.entry
        key = (entry.pattern, entry.effect, entry.priority, bool(entry.audit))
        other = found.get(key)
        if other is None:
            found[key] = one
        elif other.entry.permissions != entry.permissions:  # where they are equal there is nothing to join
            found[key] = _joined(other, one)
    return list(found.values())


def _joined(first: PlacedEntry, second: PlacedEntry) -> PlacedEntry:
    one, two = first.entry, second.entry
    if one.table == "file" and one.effect != "deny" and _disagree(one.permissions, two.permissions):
        raise DiagnosticError([exec_conflict(first, second, same_pattern=True)])
    joined = Entry(
        one.table,
        one.pattern,
        one.permissions | two.permissions,
        one.audit | two.audit,
        one.effect,
        one.priority,
        one.exact or two.exact,
    )
    return PlacedEntry(joined, first.rule)


def _disagree(one: int, two: int) -> bool:
    both = one & two & EXEC_BITS
    ways = (OWNER_EXEC if both & 0x1 else 0) | (OTHER_EXEC if both & 0x4000 else 0)
    return one & ways != two & ways


def _way(placed: PlacedRule) -> str:
    rule = placed.rule
    if not isinstance(rule, FileRule) or rule.exec is None:
        return "runs it as `ix`"  # `all,`
    target = f" -> {rule.target}" if rule.target else ""
    return f"runs it as `{rule.exec}{target}`"


def exec_conflict(first: PlacedEntry, second: PlacedEntry, *, same_pattern: bool = False) -> Diagnostic:
    """The same program would run in two ways."""
    span = second.rule.rule.span if second.rule else None
    others = (Label(first.rule.rule.span, f"this one {_way(first.rule)}"),) if first.rule else ()
    what = "the same path" if same_pattern else "some path that both match"
    return Diagnostic(
        EXEC_CONFLICT,
        f"two rules say differently how {what} is executed",
        span,
        label=_way(second.rule) if second.rule else "",
        others=others,
        includes=second.rule.includes if second.rule else (),
        help=("give one of them a higher `priority=`, make one an exact path without `*`, or remove one",),
    )
