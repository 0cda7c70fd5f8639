"""Warnings that an author has looked at and accepts, with the reason why.

  # dockarmor: allow DA360 -- the shell must run unconfined for debugging
  /bin/sh ux,

On a line of its own the comment speaks of the statement that follows, a whole profile if that is what follows;
behind a rule, of its line. `allow-file` speaks of the whole file. Without a reason nothing is allowed. Errors
cannot be allowed away.
"""

import re
from collections.abc import Iterable, Sequence

from dockarmor.lint.removal import removal
from dockarmor.syntax.tree import File, walk
from dockarmor.text.diagnostic import Diagnostic, Severity
from dockarmor.text.source import Source, Span
from dockarmor.value import frozen

#: what the text must hold before anything is looked for
MARK = "dockarmor:"

_COMMENT = (
    r"(?m)^(?P<before>[^\n]*?)(?P<comment>#[ \t]*dockarmor:[ \t]*(?P<verb>[a-z-]+)[ \t]*"
    r"(?P<codes>(?:DA\d{3})?(?:[ \t,]+DA\d{3})*)[ \t]*(?:--[ \t]*(?P<reason>[^\n]*)|[^\n]*))(?:\n|\Z)"
)
_SKIPPED = r"(?:[ \t]*(?:#(?!include)[^\n]*)?\r?\n)*[ \t]*"


@frozen
class Suppression:
    """`codes` are allowed from `start` to `end`; `span` is the comment."""

    codes: tuple[str, ...]
    start: int
    end: int
    reason: str
    span: Span

    def covers(self, found: Diagnostic) -> bool:
        """Does it speak of this finding? The finding's place is in the same source."""
        return found.code in self.codes and found.span is not None and self.start <= found.span.start < self.end


def suppressions(file: File) -> tuple[Suppression, ...]:
    """What the comments of a file allow, in the order of the text."""
    source = file.source
    if MARK not in source.text:
        return ()
    ends: dict[int, int] = {}
    for node in walk(file.body):
        ends.setdefault(source.position(node.span.start)[0], node.span.end)
    return tuple(_read(source, match, ends) for match in re.finditer(_COMMENT, source.text) if _is_ours(match))


def _is_ours(match: re.Match[str]) -> bool:
    return match["verb"] in ("allow", "allow-file")


def _read(source: Source, match: re.Match[str], ends: dict[int, int]) -> Suppression:
    start, end = match.start("comment"), match.end("comment")
    if match["verb"] == "allow-file":
        first, last = 0, len(source.text) + 1
    elif match["before"].strip():
        first = match.start("before")
        last = end
    else:
        after = re.compile(_SKIPPED).match(source.text, match.end())
        first = after.end() if after else match.end()
        line = source.position(min(first, len(source.text)))[0]
        last = ends.get(line, source.text.find("\n", first) if "\n" in source.text[first:] else len(source.text) + 1)
    codes = tuple(re.findall(r"DA\d{3}", match["codes"]))
    return Suppression(codes, first, last, (match["reason"] or "").strip(), Span(source, start, end))


def unsuppressed(
    found: Sequence[Diagnostic], files: Iterable[File], ignored: Iterable[str] = (), *, judged: bool = True
) -> tuple[Diagnostic, ...]:
    """The findings that no comment of these files allows, and what is wrong with the comments.

    The first of the files is the one that is checked: only its comments are judged. `ignored` are codes that the
    configuration allows everywhere. `judged`: everything was looked for, so that what a comment allows in vain
    can be told.
    """
    everywhere = frozenset(ignored)
    allowed: dict[int, tuple[Suppression, ...]] = {id(file.source): suppressions(file) for file in files}
    used: set[int] = set()
    kept = []
    for one in found:
        by = _allowed_by(one, allowed)
        if one.severity is Severity.ERROR or not (by or one.code in everywhere):
            kept.append(one)
        used.update(id(suppression) for suppression in by)
    own = next(iter(allowed.values()), ())
    kept += (_judged(one) for one in own if not one.reason or (judged and id(one) not in used))
    return tuple(kept)


def _allowed_by(found: Diagnostic, allowed: dict[int, tuple[Suppression, ...]]) -> list[Suppression]:
    if found.span is None:
        return []
    there = allowed.get(id(found.span.source), ())
    return [one for one in there if one.reason and one.covers(found)]


def _judged(one: Suppression) -> Diagnostic:
    if not one.reason:
        return Diagnostic(
            "DA390",
            "this comment gives no reason, so it allows nothing",
            one.span,
            Severity.WARNING,
            help=("write `# dockarmor: allow DAnnn -- the reason`",),
        )
    what = ", ".join(one.codes) or "no code"
    return Diagnostic(
        "DA391",
        f"this comment allows {what}, but nothing of the kind is found here",
        one.span,
        Severity.WARNING,
        fix=removal(one.span, safe=True, message="remove the comment"),
    )
