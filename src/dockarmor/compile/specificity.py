"""How specific an attachment is: of several profiles for one program the kernel takes the one with more of it.

The number is in every blob (`xmatch_len`), and apparmor_parser's is the one that profiles are tested with. It counts
the bytes of a path that a pattern is sure to fix: after a `*`, `?` or negated class nothing more is added, of
alternatives the least counts. So it is not the same for all expressions of one language: `(/a/x|/bb/[^/]*/x)` has 4,
`(/a|/bb/[^/]*)/x` has 2. apparmor_parser counts when it has factored the expression, and so do we. What alternatives
have in common at their beginnings does not change the number; what they have in common at their ends does.
"""

from collections.abc import Iterable, Iterator

from dockarmor.text.regex import regex
from dockarmor.value import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re
    from typing import TypeAlias

    #: a byte, a class as it is written, or a group; in a sequence they follow one another
    Atom: TypeAlias = "int | bytes | Alternatives | Star"
    Sequence = tuple[Atom, ...]

# Bytes in a row are read at once, but for one before a `*`, which repeats it alone.
_TOKEN = regex(rb"((?:[^\\\[()|*.](?!\*))++)|\\x([0-9A-Fa-f]{2})|\\([\s\S])|\[\^?(?:\\[\s\S]|[^\]\\])*\]|([\s\S])")

#: how often the same branches are factored, one end after another's end: far more than anybody writes
_DEEPEST = 100


@frozen(eq=False)
class Alternatives:
    branches: "tuple[Sequence, ...]"


@frozen(eq=False)
class Star:
    repeated: "Sequence"


def specificity(patterns: Iterable[bytes]) -> int:
    """How many bytes of a path an attachment to several patterns is sure to fix.

    >>> specificity([b"/bin/(sh|dash)x"]), specificity([b"/bin/[^/]x"]), specificity([b"/[^/]*/sh"])
    (8, 6, 1)
    >>> specificity([b"/a/x", b"/bb/[^/]*/y"]), specificity([b"/a/x", b"/bb/[^/]*/x"])
    (4, 2)
    """
    expression = _Expression()
    return _counted(expression.factored([expression.read(_TOKEN.finditer(pattern)) for pattern in patterns]))[0]


class _Expression:
    """Atoms of one expression: those that hold the same are the very same, so none is compared by what is inside."""

    def __init__(self) -> None:
        self._alternatives: dict[tuple[Sequence, ...], Alternatives] = {}
        self._stars: dict[Sequence, Star] = {}

    def read(self, tokens: "Iterator[re.Match[bytes]]") -> "Sequence":
        """Read up to the end, or up to the `)` that ends a group."""
        branches: list[list[Atom]] = [[]]
        for match in tokens:
            row, code, escaped, single = match.groups()
            if row is not None:
                branches[-1] += row
            elif single == b"(":
                branches[-1] += self.read(tokens)
            elif single == b")":
                break
            elif single == b"|":
                branches.append([])
            elif single == b"*":
                repeated = (branches[-1][-1],)
                branches[-1][-1] = self._stars.setdefault(repeated, Star(repeated))
            elif code is not None:
                branches[-1].append(int(code, 16))
            elif escaped is not None or (single is not None and single != b"."):
                branches[-1].append((escaped or single)[0])
            else:
                branches[-1].append(match[0])
        return self.factored([tuple(branch) for branch in branches])

    def factored(self, branches: "list[Sequence]", depth: int = 0) -> "Sequence":
        """Alternatives as a sequence: what several end with is said once, behind what they do not share."""
        if len(branches) == 1:
            return branches[0]
        if depth >= _DEEPEST:
            return (self._of(tuple(branches)),)
        by_end: dict[Atom | None, list[Sequence]] = {}
        for branch in _spliced(branches):
            by_end.setdefault(branch[-1] if branch else None, []).append(branch[:-1])
        found: list[Sequence] = []
        for end, rests in by_end.items():
            found.append(() if end is None else (*self.factored(list(dict.fromkeys(rests)), depth + 1), end))
        return found[0] if len(found) == 1 else (self._of(tuple(found)),)

    def _of(self, branches: "tuple[Sequence, ...]") -> Alternatives:
        return self._alternatives.setdefault(branches, Alternatives(branches))


def _spliced(branches: "Iterable[Sequence]") -> "Iterator[Sequence]":
    """The branches; one that is nothing but alternatives is those."""
    for branch in branches:
        only = branch[0] if len(branch) == 1 else None
        if isinstance(only, Alternatives):
            yield from _spliced(only.branches)
        else:
            yield branch


def _counted(sequence: "Sequence") -> tuple[int, bool]:
    """The bytes counted, and whether a glob has ended the counting."""
    total = 0
    for atom in sequence:
        length, globs = 1, False
        if isinstance(atom, bytes):
            globs = atom == b"." or atom.startswith(b"[^")
        elif isinstance(atom, Star):
            length, globs = 0, _counted(atom.repeated)[1]
        elif isinstance(atom, Alternatives):
            counted = [_counted(branch) for branch in atom.branches]
            length, globs = min(length for length, _ in counted), any(globs for _, globs in counted)
        total += length
        if globs:
            return total, True
    return total, False
