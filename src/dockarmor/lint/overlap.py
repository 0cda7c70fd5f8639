"""Which entries of a profile meet on one string: the ground on which lints prove what they say.

Every entry of a table ends in an accept id of its own, so each state of the automaton knows all entries that
speak of the strings that lead there, and what holds for all distinct sets of entries holds for all strings.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from dockarmor.automata.determinise import determinise
from dockarmor.automata.dfa import Dfa
from dockarmor.automata.limits import LimitExceeded, Limits, PatternError
from dockarmor.automata.trie import Trie
from dockarmor.compile.encoding import Encoding, PlacedEntry
from dockarmor.compile.permission_map import EXEC_BITS, OTHER_EXEC, OWNER_EXEC
from dockarmor.lint.bearing import bearing
from dockarmor.lint.compiled import encoded
from dockarmor.lint.lint import Examined
from dockarmor.policy.profile import PlacedRule, Profile

#: How much work is done for a lint before it says nothing (a tenth of a second; the largest real tables have 15,000
#: states). `pairs` and `cells` bound the search for a witness.
BOUNDS = Limits(nodes=100_000, states=40_000, items=3_000_000, transitions=500_000, pairs=80_000, cells=8_000_000)

#: How many pairs of entries that meet are weighed; the largest real table has 18,000.
MAX_MEETINGS = 500_000

#: How many witnesses are looked for in one table; a finding beyond has none.
MAX_WITNESSES = 30

_DENY, _EXACT, _ALLOW, _PROMPT = 3, 2, 1, 0
_STEP = 4
_HALVES = ((0x1, OWNER_EXEC), (0x4000, OTHER_EXEC))
_EXEC_TYPES = (OWNER_EXEC | OTHER_EXEC) & ~EXEC_BITS


class Part(NamedTuple):
    """An entry's bits, and at which level they stand (compile/accept.py). `exec` is apart: it has a way."""

    bits: int
    level: int
    exec: int
    exec_level: int
    audit: int
    way: int
    effect: str

    def decided_by(self, other: "Part") -> int:
        """The bits of which a stronger entry on the same string leaves nothing."""
        found = self.bits & other.bits if other.level > self.level else 0
        return found | self.exec & other.exec if other.exec_level > self.exec_level else found

    def repeated_by(self, other: "Part") -> int:
        """The bits for which an equally strong entry on the same string says the same."""
        logged = other.audit | ~self.audit
        found = self.bits & other.bits & logged if other.level == self.level else 0
        if self.exec and other.exec_level == self.exec_level:
            for bit, way in _HALVES:
                if self.way & way == other.way & way:
                    found |= self.exec & other.exec & bit & logged
        return found

    @property
    def everything(self) -> int:
        return self.bits | self.exec


class Overlaps:
    """The entries of one table, and the sets of them (indices) that meet on some string.

    `complete`: all entries of the table are there that have a bearing on the file's own (lint/bearing.py); else
    only its own and what decides over them.
    """

    def __init__(self, placed: Sequence[PlacedEntry], sets: list[tuple[int, ...]], dfa: Dfa, complete: bool) -> None:
        self.placed = placed
        self.sets = sets
        self.complete = complete
        self.parts = [part_of(one) for one in placed]
        self.rules: list[PlacedRule | None] = [one.rule for one in placed]
        self._dfa = dfa
        self._searches = 0

    def shortest(self, wanted: Callable[[tuple[int, ...]], bool]) -> bytes | None:
        """A shortest string on which such a set meets; None where there is none, or it is not looked for."""
        from dockarmor.automata.product import witness  # most files need none, and start-up counts

        self._searches += 1
        if self._searches > MAX_WITNESSES:
            return None
        chosen = {number for number, one in enumerate(self.sets) if wanted(one)}
        try:
            return witness(self._dfa, lambda value: value in chosen) if chosen else None
        except LimitExceeded:
            return None


class Survey(NamedTuple):
    """What lints know of one profile. A table is None where it is empty or beyond the bounds."""

    encoding: Encoding
    file: Overlaps | None
    policy: Overlaps | None


def survey(examined: Examined, profile: Profile) -> Survey | None:
    """The profile's tables with all entries told apart; None where it cannot be encoded."""
    encoding = encoded(examined, profile)
    if encoding is None:
        return None
    return Survey(encoding, _table(examined, encoding.file), _table(examined, encoding.policy))


def _table(examined: Examined, placed: Sequence[PlacedEntry]) -> Overlaps | None:
    said = [one for one in placed if one.rule is not None]
    own = [one.rule is not None and examined.own(one.rule) for one in said]
    if not any(own):
        return None
    full = bearing(said, own)
    found = _built(full, True)
    if found is not None:
        return found
    least = bearing(said, own, least=True)
    return _built(least, False) if len(least) < len(full) else None


def _built(placed: Sequence[PlacedEntry], complete: bool) -> Overlaps | None:
    sets: list[tuple[int, ...]] = [()]

    def number(accepts: tuple[int, ...]) -> int:
        if not accepts:
            return 0
        sets.append(accepts)
        return len(sets) - 1

    try:
        trie = Trie(BOUNDS)
        for index, one in enumerate(placed):
            trie.add(one.entry.pattern, index)
        dfa = determinise(trie, number, None, BOUNDS)
    except (LimitExceeded, PatternError):
        return None
    if sum(len(met) ** 2 for met in sets) > MAX_MEETINGS:
        return None
    return Overlaps(placed, sets, dfa, complete)


def part_of(placed: PlacedEntry) -> Part:
    """An entry as it is weighed."""
    entry = placed.entry
    base = entry.priority * _STEP
    level = base + {"deny": _DENY, "allow": _ALLOW, "prompt": _PROMPT}[entry.effect]
    if entry.table != "file":
        return Part(entry.permissions, level, 0, level, entry.audit, 0, entry.effect)
    run = entry.permissions & EXEC_BITS
    exact = bool(run) and entry.exact and entry.effect == "allow"
    bits = entry.permissions & ~_EXEC_TYPES & ~EXEC_BITS
    return Part(bits, level, run, base + _EXACT if exact else level, entry.audit, entry.permissions, entry.effect)
