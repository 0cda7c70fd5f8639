"""Which entries of includes have a bearing on the rules of a file, so that few of them are compiled for lints.

Abstractions bring hundreds of rules, and nearly all only allow what nobody else speaks of.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence

from dockarmor.compile.encoding import PlacedEntry
from dockarmor.compile.permission_map import EXEC_BITS
from dockarmor.rules.file_mode import APPEND, OTHER_SHIFT, WRITE
from dockarmor.text.regex import regex

#: with how many beginnings a pattern is known; one that has more is known by what is common to them
MOST_HEADS = 32
#: how much of a string is looked at
LONGEST_HEAD = 100
#: how many groups that begin alike are remembered
MOST_ALIKE = 8

_WRITES = (WRITE | APPEND) | (WRITE | APPEND) << OTHER_SHIFT
_RUN = regex(rb"(?:(?:[^\\\[(.*|)]|\\[^x])(?!\*))*+")
_TOKEN = regex(rb"\\[\s\S]|\[\^?(?:\\[\s\S]|[^\]\\])*\]|[()|]")
_ESCAPE = regex(rb"\\([\s\S])")
_OPENS, _ENDS = ord("("), b"|)"

#: what strings of a pattern begin with, and whether that is all of them
Head = tuple[bytes, bool]


def bearing(placed: Sequence[PlacedEntry], own: Sequence[bool], *, least: bool = False) -> list[PlacedEntry]:
    """The file's own entries, and of the others those that can change what is proved of these, in their order.

    What denies, asks or has a priority decides over them. An allow of an include is of interest where a deny of
    the file may take it away, where the file's rules write or run a path that it runs, or where it writes a path
    that these run.
    """
    mine = [one for one, here in zip(placed, own, strict=True) if here]
    others = [one for one, here in zip(placed, own, strict=True) if not here]
    heads = Heads()
    everything = Reach(mine, heads)
    denied = Reach((one for one in mine if one.entry.effect == "deny"), heads)
    running = Reach((one for one in mine if one.entry.permissions & (EXEC_BITS | _WRITES)), heads)
    kept = {id(one) for one in mine}
    runners = [one for one in mine if one.entry.permissions & EXEC_BITS and one.entry.effect != "deny"]
    for one in others:
        decides = one.entry.effect != "allow" or one.entry.priority != 0
        runs = one.entry.permissions & EXEC_BITS and not least
        if (decides and everything.meets(one)) or (runs and running.meets(one)):
            kept.add(id(one))
            if runs and one.entry.effect != "deny":
                runners.append(one)
    if not least:
        run = Reach(runners, heads)
        for one in others:
            if denied.meets(one) or (one.entry.permissions & _WRITES and run.meets(one)):
                kept.add(id(one))
    return [one for one in placed if id(one) in kept]


class Reach:
    """The strings of some patterns, as far as their beginnings tell."""

    def __init__(self, placed: Iterable[PlacedEntry], heads: "Heads") -> None:
        self._heads = heads
        found = {head for one in placed for head in heads.of(one.entry.pattern)}
        self._whole = {text for text, whole in found if whole}
        self._open = {text for text, whole in found if not whole}
        self._lengths = sorted({len(text) for text in self._open})
        self._sorted = sorted(self._whole | self._open)

    def meets(self, one: PlacedEntry) -> bool:
        """Can a string match both one of the patterns and this one? Only a no is sure."""
        if not self._sorted or not self._met(*_first(one.entry.pattern)):
            return False
        return any(self._met(text, whole) for text, whole in self._heads.of(one.entry.pattern))

    def _met(self, text: bytes, whole: bool) -> bool:
        if text in self._whole if whole else self._begins(text):
            return True
        return any(text[:length] in self._open for length in self._lengths if length <= len(text))

    def _begins(self, text: bytes) -> bool:
        """Does one of the patterns' strings begin so?"""
        at = bisect_left(self._sorted, text)
        return at < len(self._sorted) and self._sorted[at].startswith(text)


class Heads:
    """What the strings of patterns begin with. Alternatives of rules always stand in groups (rules/aare.py).

    Groups, which variables bring again and again, are read once.

    >>> heads = Heads()
    >>> heads.of(b"/etc/a"), heads.of(b"/(a|b*)/c"), heads.of(b"/(|usr/)[ab]")
    ([(b'/etc/a', True)], [(b'/a/c', True), (b'/', False)], [(b'/', False), (b'/usr/', False)])
    """

    def __init__(self) -> None:
        self._known: dict[bytes, list[Head]] = {}
        self._groups: dict[bytes, list[tuple[bytes, list[Head]]]] = {}

    def of(self, pattern: bytes) -> list[Head]:
        """The heads of a pattern, at least one."""
        found = self._known.get(pattern)
        if found is None:
            found = self._sequence(pattern, 0)[0]
            if len(found) > MOST_HEADS:
                found = [_first(pattern)]
            self._known[pattern] = found
        return found

    def _branches(self, pattern: bytes, at: int, end: int) -> list[Head]:
        """The heads of all branches up to a place."""
        found: list[Head] = []
        while True:
            heads, at = self._sequence(pattern, at)
            found += heads
            at = _skip(pattern, at)
            if at >= end or len(found) > MOST_HEADS:
                return found
            at += 1

    def _sequence(self, pattern: bytes, at: int) -> tuple[list[Head], int]:
        """The heads of one branch, and how far it was read."""
        found: list[Head] = [(b"", True)]
        while at < len(pattern) and len(found) <= MOST_HEADS:
            run = _RUN.match(pattern, at)
            if run and run.end() > at:
                more = _plain(run[0])
                found = [_cut(text + more) if whole else (text, False) for text, whole in found]
                at = run.end()
            elif pattern[at] == _OPENS:
                inner, at = self._group(pattern, at)
                found = [one for head in found for one in _joined(head, inner)]
            elif pattern[at] in _ENDS:
                return found, at
            else:
                break
            if not any(whole for _, whole in found):
                return found, at
        return ([(text, False) for text, _ in found] if at < len(pattern) else found), at

    def _group(self, pattern: bytes, at: int) -> tuple[list[Head], int]:
        """The heads of a group, and the place behind it."""
        alike = self._groups.setdefault(pattern[at : at + 24], [])
        for text, heads in alike:
            if pattern.startswith(text, at):
                return heads, at + len(text)
        close = _closing(pattern, at + 1)
        heads = self._branches(pattern, at + 1, close)
        if len(alike) < MOST_ALIKE:
            alike.append((pattern[at : close + 1], heads))
        return heads, close + 1


def _first(pattern: bytes) -> Head:
    """One head for all strings of a pattern."""
    run = _RUN.match(pattern)
    return _cut(_plain(run[0]), run.end() == len(pattern)) if run else (b"", False)


def _cut(text: bytes, whole: bool = True) -> Head:
    return text[:LONGEST_HEAD], whole and len(text) <= LONGEST_HEAD


def _plain(run: bytes) -> bytes:
    return _ESCAPE.sub(rb"\1", run) if b"\\" in run else run


def _joined(head: Head, inner: list[Head]) -> list[Head]:
    text, whole = head
    return [_cut(text + more, ends) for more, ends in inner] if whole else [head]


def _skip(pattern: bytes, at: int) -> int:
    """Where the branch ends in which this place is: at `|`, `)` or the end of the pattern."""
    if pattern[at : at + 1] in (b"|", b")", b""):
        return at
    depth = 0
    for token in _TOKEN.finditer(pattern, at):
        char = token[0]
        if char == b"(":
            depth += 1
        elif char in (b"|", b")") and not depth:
            return token.start()
        elif char == b")":
            depth -= 1
    return len(pattern)


def _closing(pattern: bytes, at: int) -> int:
    """Where the group closes that begins before this place."""
    at = _skip(pattern, at)
    while pattern[at : at + 1] == b"|":
        at = _skip(pattern, at + 1)
    return at
