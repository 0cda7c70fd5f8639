"""DA354: one path that a profile may both write and run. Proved, with a path."""

from collections.abc import Iterator

from dockarmor.lint.lint import Examined, Lint
from dockarmor.lint.overlap import Overlaps, survey
from dockarmor.lint.shown import not_shown
from dockarmor.policy.profile import PlacedRule
from dockarmor.rules.file import FileRule
from dockarmor.rules.file_mode import APPEND, EXEC, OTHER_SHIFT, WRITE
from dockarmor.text.diagnostic import Diagnostic, Label, Severity

#: how many pairs of rules are told of per profile
MOST = 3

#: the bits of writing and of running, for the owner and for others
_HALVES = ((WRITE | APPEND, EXEC), ((WRITE | APPEND) << OTHER_SHIFT, EXEC << OTHER_SHIFT))

Pair = tuple[PlacedRule, PlacedRule]


def _find(examined: Examined) -> Iterator[Diagnostic]:
    for profile in examined.profiles():
        found = examined.once(survey, profile) if profile.flags.mediates else None
        if found is not None and found.file is not None and found.file.complete:
            yield from _Search(examined, found.file).findings()


class _Search:
    """Pairs of rules by which a path is written and run, at least one of each in the file itself."""

    def __init__(self, examined: Examined, table: Overlaps) -> None:
        self.table = table
        self.own = [rule is not None and examined.own(rule) for rule in table.rules]
        self.counted = [_counts(rule) for rule in table.rules]

    def findings(self) -> Iterator[Diagnostic]:
        found = sorted(self._pairs().values(), key=self._place)
        for number, entries in enumerate(found[:MOST]):
            more = len(found) - MOST if number == MOST - 1 else 0
            yield self._found(entries, more)

    def _pairs(self) -> dict[tuple[int, int], tuple[int, int]]:
        parts = self.table.parts
        every = sum(writing for writing, _ in _HALVES)
        writers = {index for index, part in enumerate(parts) if part.bits & every and part.effect == "allow"}
        runners = {index for index, part in enumerate(parts) if part.exec and part.effect == "allow"}
        mine = {index for index in writers | runners if self.own[index] and self.counted[index]}
        pairs: dict[tuple[int, int], tuple[int, int]] = {}
        for met in self.table.sets:
            if not (mine.isdisjoint(met) or writers.isdisjoint(met) or runners.isdisjoint(met)):
                for entries in self._meeting(met):
                    pairs.setdefault((id(self.table.rules[entries[0]]), id(self.table.rules[entries[1]])), entries)
        return pairs

    def _meeting(self, met: tuple[int, ...]) -> Iterator[tuple[int, int]]:
        """The pairs (writer, runner) that take effect where these entries meet.

        Where one rule does both, that is told and no more; where rules of includes do, nothing is.
        """
        for writing, running in _HALVES:
            writers = self._grants(met, writing)
            runners = self._grants(met, running) if writers else []
            both = [index for index in writers if index in runners]
            if both:
                yield from ((index, index) for index in both if self.own[index] and self.counted[index])
                continue
            written = any(not self.own[index] for index in writers)
            run = any(not self.own[index] for index in runners)
            for writer in writers:
                for runner in runners:
                    mine = self.own[writer], self.own[runner]
                    opens = all(mine) or (mine[0] and not written) or (mine[1] and not run)
                    if opens and self.counted[writer] and self.counted[runner]:
                        yield writer, runner

    def _grants(self, met: tuple[int, ...], mask: int) -> list[int]:
        """The entries by which one of these bits is granted; none where something stronger denies it."""
        found: list[int] = []
        while mask:
            bit = mask & -mask
            mask ^= bit
            said = [(self._level(index, bit), index) for index in met if self.table.parts[index].everything & bit]
            top = max(said, default=(0, 0))[0]
            found += [index for level, index in said if level == top and self.table.parts[index].effect == "allow"]
        return found

    def _level(self, index: int, bit: int) -> int:
        part = self.table.parts[index]
        return part.exec_level if part.exec & bit else part.level

    def _rules(self, entries: tuple[int, int]) -> Pair:
        writer, runner = (self.table.rules[index] for index in entries)
        assert writer is not None  # only rules are counted
        assert runner is not None
        return writer, runner

    def _anchor(self, entries: tuple[int, int]) -> PlacedRule:
        """The rule that the finding is at: what runs the path, where that is in the file."""
        writer, runner = self._rules(entries)
        return runner if self.own[entries[1]] else writer

    def _place(self, entries: tuple[int, int]) -> tuple[bool, int, int]:
        both = self.own[entries[0]] and self.own[entries[1]]
        return not both, self._anchor(entries).rule.span.start, self._rules(entries)[0].rule.span.start

    def _found(self, entries: tuple[int, int], more: int) -> Diagnostic:
        writer, runner = self._rules(entries)
        anchor = self._anchor(entries)
        others = () if writer is runner else (self._other(entries),)
        string = self.table.shortest(
            lambda met: entries[0] in met and entries[1] in met and entries in self._meeting(met)
        )
        notes = [f"witness: {string.decode('latin-1')[:200]} can be written and run"] if string else []
        return Diagnostic(
            "DA354",
            "a file that this profile may write can also be run",
            anchor.rule.span,
            Severity.WARNING,
            label="writes and runs it" if writer is runner else "runs it" if anchor is runner else "writes it",
            others=others,
            help=(
                "keep what is written apart from what is run: who makes the task write a file runs code of his own",
            ),
            notes=(*notes, *not_shown(more, "pair of rules", "pairs of rules")),
        )

    def _other(self, entries: tuple[int, int]) -> Label:
        writer, runner = self._rules(entries)
        anchored = self._anchor(entries) is runner
        return Label(writer.rule.span, "writes it") if anchored else Label(runner.rule.span, "runs it")


def _counts(placed: PlacedRule | None) -> bool:
    """`file,` and `all,` say openly that files are not confined."""
    if placed is None or placed.implied:
        return False
    return isinstance(placed.rule, FileRule) and placed.rule.path is not None


LINT = Lint("DA354", "write-and-exec", _find)
