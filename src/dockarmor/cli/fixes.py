"""`check --fix`: apply what the findings of a file offer, until nothing more is offered."""

import os
from argparse import Namespace
from collections.abc import Sequence

from dockarmor.cli.checking import depth_of
from dockarmor.cli.output import note
from dockarmor.cli.policy import features, includes, read_argument, shown
from dockarmor.lint.examine import Depth, examine
from dockarmor.policy.features import FeatureSet
from dockarmor.policy.includes import Library
from dockarmor.text.diagnostic import Diagnostic, Severity
from dockarmor.text.edit import Edit, apply
from dockarmor.text.source import Source

#: a fix may make room for the next; a file that never comes to rest is left as it then is
MAX_ROUNDS = 20


def fix_all(names: Sequence[str], options: Namespace, ignored: Sequence[str]) -> None:
    """Apply the fixes of every file, one after the other."""
    library, kernel, depth = includes(options), features(options), depth_of(options, ignored)
    for name in names:
        fix(name, library, kernel, depth, unsafe=options.unsafe_fixes)


def fix(name: str, library: Library, kernel: FeatureSet, depth: Depth, *, unsafe: bool) -> None:
    """Apply the fixes of one file, written beside and renamed. Says on standard error how many.

    A fix that makes the file unreadable is our bug: then the file stays as it was.
    """
    if name == "-" or not os.path.isfile(name):
        return
    source = before = Source(shown(name), read_argument(name).decode("latin-1"))
    found = examine(source, library, kernel, depth)
    count = 0
    for _ in range(MAX_ROUNDS):
        edits = _edits(source, found, unsafe)
        if not edits:
            break
        fixed = Source(shown(name), apply(source, edits))
        after = examine(fixed, library, kernel, depth)
        if _errors(after) > _errors(found):
            note(f"{name}: a fix would break the file; it is left as it is. Please report this.")
            break
        source, found, count = fixed, after, count + len(edits)
    if source.text != before.text:
        from dockarmor.cli.places import replace_file

        replace_file(name, [source.text.encode("latin-1")], before.text.encode("latin-1"))
        library.forget()  # others may include it
        note(f"{name}: {count} fix(es) applied")


def _edits(source: Source, found: tuple[Diagnostic, ...], unsafe: bool) -> list[Edit]:
    """What can be done at once: of fixes that overlap the first."""
    edits: list[Edit] = []
    end = -1
    fixes = [one.fix for one in found if one.fix is not None and one.fix.span.source is source]
    for one in sorted(fixes, key=lambda one: (one.span.start, one.span.end)):
        if (one.safe or unsafe) and one.span.start >= end:
            edits.append(Edit(one.span, one.replacement))
            end = max(one.span.end, one.span.start + 1)
    return edits


def _errors(found: tuple[Diagnostic, ...]) -> int:
    return sum(one.severity is Severity.ERROR for one in found)
