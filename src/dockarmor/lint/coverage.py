"""Rules without an effect, proved over all strings.

A bit of a rule is dead where on every string that the rule matches a stronger entry decides it (a deny, a higher
priority, an exact path for exec), or, for rules of the same file, an equal one says the same already.
"""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from functools import reduce
from itertools import chain
from operator import or_
from types import MappingProxyType
from typing import NamedTuple

from dockarmor.lint.capability_coverage import dead_capabilities
from dockarmor.lint.dead import Dead, Reason, Voided
from dockarmor.lint.lint import Examined
from dockarmor.lint.overlap import Overlaps, Survey, survey
from dockarmor.lint.permission_names import named_bits
from dockarmor.policy.profile import PlacedRule, Profile
from dockarmor.rules.all_rule import AllRule
from dockarmor.rules.file import FileRule
from dockarmor.rules.file_mode import APPEND, EXEC, LINK, LOCK, MMAP, READ, SUBSET, WRITE, both_groups
from dockarmor.rules.link import LinkRule
from dockarmor.rules.unix import UnixRule

#: how many rules are named that together leave nothing of another
MOST_NAMED = 3

_LETTERS = {"x": EXEC, "r": READ, "w": WRITE | APPEND, "a": APPEND, "k": LOCK, "m": MMAP, "l": LINK}
_CLASS = rb"\[\^?(?:\\[\s\S]|[^\]\\])*\]"
_ALL = (1 << 32) - 1


class Coverage(NamedTuple):
    dead: tuple[Dead, ...] = ()
    voided: tuple[Voided, ...] = ()


def coverage(examined: Examined, profile: Profile) -> Coverage:
    """Everything in a profile that has no effect."""
    return examined.once(_coverage, profile)


def _coverage(examined: Examined, profile: Profile) -> Coverage:
    found = examined.once(survey, profile)
    if found is None:
        return Coverage()
    dead = list(dead_capabilities(examined, profile))
    voided: list[Voided] = []
    for table in (found.file, found.policy):
        if table is not None:
            weighed = _Weighed(examined, found, table)
            dead += weighed.dead()
            if table.complete:
                voided += weighed.voided()
    return Coverage(tuple(sorted(dead, key=lambda one: one.placed.rule.span.start)), tuple(voided))


class _Weighed:
    """One table. Rules are known by number; what an index refers to is an entry."""

    def __init__(self, examined: Examined, found: Survey, table: Overlaps) -> None:
        self.table = table
        self.parts = table.parts
        weak = _weakened(found)
        self.own = [one is not None and examined.own(one) for one in table.rules]
        self.ok = [one is not None and id(one) not in weak for one in table.rules]
        self.denies = [part.effect == "deny" for part in table.parts]
        self.speaks = [ok and (own or deny) for ok, own, deny in zip(self.ok, self.own, self.denies, strict=True)]
        self.prioritised = any(one.entry.priority for one in table.placed)
        self.of_rule: dict[int, list[int]] = {}
        sockets: list[int] = []
        for index, rule in enumerate(table.rules):
            self.of_rule.setdefault(id(rule), []).append(index)
            if rule is not None and isinstance(rule.rule, UnixRule) and rule.rule.qualifiers.effect != "deny":
                sockets.append(id(rule))
        for key in dict.fromkeys(sockets):
            self._leave_out_coarse(self.of_rule[key])
        self.meetings: dict[int, list[tuple[int, ...]]] = {}

    def _leave_out_coarse(self, entries: list[int]) -> None:
        """Of a unix rule that is encoded in full, the network rule beside it, by which only older kernels decide."""
        if len(entries) > 1:
            entries.remove(min(entries, key=lambda index: len(self.table.placed[index].entry.pattern)))

    # -- dead rules of the file ---------------------------------------------------------------------------

    def dead(self) -> list[Dead]:
        self._meet()
        decided, left = self._first_pass()
        gone: set[int] = set()
        found: list[Dead] = []
        rules = {id(rule): rule for index, rule in enumerate(self.table.rules) if rule and self.own[index]}
        for key, rule in sorted(rules.items(), key=lambda one: -one[1].rule.span.start):
            entries = self.of_rule[key]
            if isinstance(rule.rule, AllRule) or not all(self.ok[index] for index in entries):
                continue
            made = self._judge(rule, entries, decided, left, gone)
            if made is not None:
                found.append(made)
                if not made.letters:
                    gone.update(entries)
        return found

    def _meet(self) -> None:
        """The meetings of each own entry."""
        for met in self.table.sets:
            for index in met:
                if self.own[index]:
                    self.meetings.setdefault(index, []).append(met)

    def _first_pass(self) -> tuple[dict[int, int], dict[int, int]]:
        """For each own entry the bits that nothing decides everywhere, and those that nothing repeats either."""
        open_bits, left = {}, {}
        for index, meetings in self.meetings.items():
            everything = self.parts[index].everything
            free = alone = 0
            for met in meetings:
                over, same = self._covered(index, met, ())
                free |= everything & ~over
                alone |= everything & ~(over | same)
                if alone == everything:
                    break
            open_bits[index], left[index] = free, alone
        return open_bits, left

    def _covered(self, index: int, met: Sequence[int], gone: Collection[int]) -> tuple[int, int]:
        """The bits of an entry that something else in a meeting decides, and those that something repeats."""
        part, rule = self.parts[index], self.table.rules[index]
        over = same = 0
        for other in met:
            if not self.speaks[other] or self.table.rules[other] is rule or other in gone:
                continue
            over |= part.decided_by(self.parts[other])
            if self.own[other]:
                same |= part.repeated_by(self.parts[other])
                if part.exec & ~same and part.exec_level > part.level:
                    same |= self._exec_below(index, other, met)
        return over, same

    def _exec_below(self, index: int, other: int, met: Sequence[int]) -> int:
        """The exec bits of an exact path for which a pattern says the same and no other pattern says otherwise."""
        part, below = self.parts[index], self.parts[other]
        lowered = part._replace(exec_level=part.level)
        found = part.exec & lowered.repeated_by(below) if self.table.complete else 0
        for third in met if found else ():
            rival = self.parts[third]
            if self.table.rules[third] is not self.table.rules[index] and rival.exec_level == part.level:
                found &= ~(rival.exec & ~rival.repeated_by(lowered._replace(audit=_ALL)))
                found &= ~(rival.audit & ~part.audit)  # nor is it logged then
        return found

    def _judge(
        self, rule: PlacedRule, entries: list[int], decided: dict[int, int], left: dict[int, int], gone: set[int]
    ) -> Dead | None:
        if any(index not in self.meetings for index in entries):  # a pattern that matches nothing is another matter
            return None
        letters = self._letters(rule, entries, decided)
        if letters == "":
            return self._named(rule, "", "denied", entries, gone)
        if not any(left[index] for index in entries):
            alone = 0
            for index in entries:
                for met in self.meetings[index]:
                    over, same = self._covered(index, met, gone)
                    alone |= self.parts[index].everything & ~(over | same)
            if not alone:
                return self._named(rule, "", "repeated", entries, gone)
        if letters:
            return self._named(rule, letters, "denied", entries, gone)
        names = self._names(rule, entries, decided)
        return self._named(rule, "", "denied", entries, gone, names) if names else None

    def _names(self, rule: PlacedRule, entries: list[int], decided: dict[int, int]) -> dict[str, int]:
        """The permissions that a rule of the policy table names and that something stronger takes."""
        if isinstance(rule.rule, FileRule | LinkRule):
            return {}
        said = {name: bit for name, bit in named_bits(rule.rule).items() if self._says(entries, bit)}
        return {name: bit for name, bit in said.items() if not any(decided[index] & bit for index in entries)}

    def _says(self, entries: list[int], bit: int) -> bool:
        return any(self.parts[index].bits & bit for index in entries)

    def _letters(self, rule: PlacedRule, entries: list[int], decided: dict[int, int]) -> str | None:
        """The letters of a rule that something stronger takes, "" for all that it says, None for none."""
        said = rule.rule
        if not isinstance(said, FileRule | LinkRule) or self.table.placed[entries[0]].entry.table != "file":
            return None if any(decided[index] for index in entries) else ""
        letters = letters_of(said)
        taken = "".join(letter for letter in letters if self._is_taken(said, entries, letter, decided))
        if taken == letters:
            return ""
        # what is only written as `file,` has no letters that could be dropped
        return taken if taken and isinstance(said, FileRule) and said.path is not None else None

    def _is_taken(self, rule: FileRule | LinkRule, entries: list[int], letter: str, decided: dict[int, int]) -> bool:
        pairs = {index for index in entries if is_pair(self.table.placed[index].entry.pattern)}
        if any(
            decided[index] & _bits(letter, pair=index in pairs) for index in (pairs if letter == "l" else entries)
        ):
            return False
        if letter != "l":
            return True
        # A pair with any file that is denied leaves nothing for the path itself to allow.
        whole = isinstance(rule, FileRule) and rule.links_to is None and not self.prioritised
        return whole or not any(decided[index] & _bits("l", pair=index in pairs) for index in entries)

    def _named(
        self,
        rule: PlacedRule,
        letters: str,
        reason: Reason,
        entries: list[int],
        gone: set[int],
        names: Mapping[str, int] = MappingProxyType({}),
    ) -> Dead | None:
        """Who is behind it: one rule if one alone is, else the first few."""
        takers: dict[int, PlacedRule] = {}
        alone: set[int] | None = None
        for index in entries:
            wanted = self.parts[index].everything
            if letters:
                pair = is_pair(self.table.placed[index].entry.pattern)
                wanted &= sum(_bits(letter, pair=pair) for letter in letters)
            if names:
                wanted &= sum(names.values())
            for met in self.meetings[index] if wanted else ():
                here: dict[int, int] = {}
                for other in met:
                    found = self._taken(index, other, met, reason, gone) & wanted
                    named = self.table.rules[other]
                    if found and named is not None:
                        here[id(named)] = here.get(id(named), 0) | found
                        takers.setdefault(id(named), named)
                full = {key for key, bits in here.items() if bits == wanted}
                alone = full if alone is None else alone & full
        if not takers:
            return None
        one = [takers[key] for key in takers if key in (alone or ())]
        by = tuple((sorted(one, key=_denies_first) or list(takers.values()))[: 1 if one else MOST_NAMED])
        if reason == "denied" and not any(named.rule.qualifiers.effect == "deny" for named in by):
            reason = "overruled"
        return Dead(rule, reason, by, letters, tuple(names), self.table, tuple(entries))

    def _taken(self, index: int, other: int, met: Sequence[int], reason: Reason, gone: Collection[int]) -> int:
        if not self.speaks[other] or self.table.rules[other] is self.table.rules[index]:
            return 0
        found = self.parts[index].decided_by(self.parts[other])
        if reason == "repeated" and self.own[other] and other not in gone:
            found |= self.parts[index].repeated_by(self.parts[other])
            if self.parts[index].exec_level > self.parts[index].level:
                found |= self._exec_below(index, other, met)
        return found

    # -- rules of includes that a deny of the file takes away ---------------------------------------------

    def voided(self) -> list[Voided]:
        denies = {index for index, own in enumerate(self.own) if own and self.denies[index] and self.ok[index]}
        if not denies:
            return []
        total = Counter(chain.from_iterable(self.table.sets))
        met: dict[int, _Loss] = {}
        for speakers in self.table.sets:
            here = denies.intersection(speakers)
            for index in speakers if here else ():
                if not self.own[index] and self.ok[index] and not self.denies[index] and not self._implied(index):
                    met.setdefault(index, _Loss()).add(self, index, speakers, here)
        lost = {index: loss for index, loss in met.items() if loss.times == total[index] and loss.whole}
        rules: dict[int, dict[int, PlacedRule]] = {}
        for key, entries in self.of_rule.items():
            rule = self.table.rules[entries[0]]
            if rule is None or not all(index in lost for index in entries):
                continue
            named = set.intersection(*(lost[index].by for index in entries))
            for deny in sorted(named)[:1]:
                rules.setdefault(id(self.table.rules[deny]), {})[key] = rule
        return [made for deny, taken in rules.items() if (made := self._void(deny, taken))]

    def _implied(self, index: int) -> bool:
        rule = self.table.rules[index]
        return rule is None or rule.implied

    def _void(self, deny: int, taken: dict[int, PlacedRule]) -> Voided | None:
        entries = self.of_rule[deny]
        lost = {index for key in taken for index in self.of_rule[key]}
        mine = set(entries)
        if all(lost.intersection(met) for met in self.table.sets if mine.intersection(met)):
            return None  # it names just what the includes allow: meant
        rule = self.table.rules[entries[0]]
        return Voided(rule, tuple(taken.values()), self.table, tuple(lost)) if rule else None


class _Loss:
    """What is left of an include's entry where denies of the file are."""

    __slots__ = ("by", "left", "left_without", "times")

    def __init__(self) -> None:
        self.times = self.left = self.left_without = 0
        self.by: set[int] = set()

    @property
    def whole(self) -> bool:
        """Nothing is left, and there was something without the denies of the file."""
        return not self.left and bool(self.left_without)

    def add(self, weighed: _Weighed, index: int, speakers: Sequence[int], denies: set[int]) -> None:
        part = weighed.parts[index]
        mine = other = 0
        by = set()
        for speaker in speakers:
            taken = part.decided_by(weighed.parts[speaker]) if weighed.denies[speaker] else 0
            if speaker in denies:
                mine |= taken
                if taken == part.everything:
                    by.add(speaker)
            else:
                other |= taken
        self.times += 1
        self.left |= part.everything & ~(mine | other)
        self.left_without |= part.everything & ~other
        self.by = by if self.times == 1 else self.by & by


def speaking(one: Dead, letters: str) -> set[int]:
    """The entries of a rule that speak of one of these letters, or of its names; all of them where it has neither."""
    if one.table is None or not (letters or one.names):
        return set(one.entries)
    if not letters:
        bits = named_bits(one.placed.rule)
        named = reduce(or_, (bits.get(name, 0) for name in one.names))
        return {index for index in one.entries if one.table.parts[index].everything & named}
    found = set()
    for index in one.entries:
        pair = is_pair(one.table.placed[index].entry.pattern)
        if letters == "l" and not pair:
            continue  # a link is decided by its pair of paths
        if one.table.parts[index].everything & sum(_bits(letter, pair=pair) for letter in letters):
            found.add(index)
    return found


def is_pair(pattern: bytes) -> bool:
    """Is it the pattern of two paths, `name NUL existing` (rules/link.py)?

    >>> is_pair(b"/a[^/\\\\x00]*"), is_pair(b"/a\\\\x00/b")
    (False, True)
    """
    return b"\\x00" in pattern and b"\\x00" in re.sub(_CLASS, b"", pattern)


def letters_of(rule: FileRule | LinkRule) -> str:
    """What a rule grants, letter by letter; `x` for every way of running a program."""
    if isinstance(rule, LinkRule):
        return "l"
    has = rule.letters | (EXEC if rule.exec else 0)
    if has & WRITE:
        has &= ~APPEND
    return "".join(letter for letter, mask in _LETTERS.items() if has & mask & ~(APPEND if letter == "w" else 0))


def _bits(letter: str, *, pair: bool) -> int:
    """The bits of a letter in an entry; those of a pair are of `l` only."""
    if pair:
        return both_groups(LINK | SUBSET, None) if letter == "l" else 0
    return both_groups(_LETTERS[letter], None)


def _denies_first(placed: PlacedRule) -> bool:
    return placed.rule.qualifiers.effect != "deny"


def _weakened(found: Survey) -> set[int]:
    """Rules that these features drop or change: that one of them equals another is not the author's doing."""
    places: dict[int, list[int]] = {}
    for one in found.encoding.diagnostics:
        if one.span is not None:
            places.setdefault(id(one.span.source), []).append(one.span.start)
    for starts in places.values():
        starts.sort()
    weak = set()
    for placed in chain(found.encoding.file, found.encoding.policy) if places else ():
        # of `all,` whole classes are dropped, and what is left is as it was written
        if placed.rule is not None and not isinstance(placed.rule.rule, AllRule):
            span = placed.rule.rule.span
            starts = places.get(id(span.source), [])
            at = bisect_left(starts, span.start)
            if at < len(starts) and starts[at] < span.end:
                weak.add(id(placed.rule))
    return weak
