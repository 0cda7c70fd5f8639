"""Everything that can be said about one policy file: what `check` prints and an editor underlines."""

from collections.abc import Iterable, Iterator

from dockarmor.lint.lint import Examined
from dockarmor.lint.suppression import MARK, unsuppressed
from dockarmor.policy.features import FeatureSet, intersect
from dockarmor.policy.includes import Library
from dockarmor.policy.read import grammar
from dockarmor.policy.resolve import Resolved, resolve
from dockarmor.syntax.structure import Parsed, parse
from dockarmor.syntax.tree import File, ProfileNode
from dockarmor.text.diagnostic import Diagnostic, DiagnosticError, Severity
from dockarmor.text.source import Source, Span
from dockarmor.value import frozen, replace


@frozen
class Depth:
    """How far to look: `compile` for patterns, exec conflicts and what these features drop; `lint` for lints.

    `each`: tell of each rule in an included file that these features drop or weaken, instead of their number.
    `ignored`: codes that the configuration allows everywhere.
    """

    compile: bool = True
    lint: bool = True
    each: bool = False
    ignored: tuple[str, ...] = ()


def examine(
    source: Source, library: Library, kernel: FeatureSet, depth: Depth | None = None
) -> tuple[Diagnostic, ...]:
    """All findings: those of reading and compiling as they were met, then the lints' in the order of the text.

    A profile in which something is wrong is not compiled, nor are lints asked about it; the others of its file
    are. Never raises for what the text says.
    """
    depth = depth or Depth()
    parsed = parse(source, grammar())
    resolved = resolve(parsed, library)
    found = list(resolved.diagnostics)
    features = intersect(resolved.policy.abi, kernel)
    examined = Examined(parsed.file, resolved.policy, library, features, unsound(parsed.file, resolved))
    if depth.compile and (failed := _compile(examined, found, depth, kernel.name)):
        examined = replace(examined, unsound=examined.unsound | failed)
    if not depth.lint:
        return tuple(found)
    whole = not any(one.severity is Severity.ERROR for one in found)
    found += _linted(examined, whole)
    return unsuppressed(found, _files(parsed, library, found), depth.ignored, judged=whole)


def unsound(file: File, resolved: Resolved) -> frozenset[int]:
    """The ids of the top-level profiles of which something is missing, since it could not be read.

    All of them where something is wrong outside of every profile, as with a variable, or in an included file.
    """
    if not resolved.failed:
        return frozenset()
    profiles = resolved.policy.profiles
    written = [node.span for node in file.body if isinstance(node, ProfileNode)]
    found: set[int] = set()
    for one in resolved.diagnostics:
        if one.severity is not Severity.ERROR:
            continue
        span = one.span if not one.includes else None
        around = next((outer for outer in written if span is not None and _holds(outer, span)), None)
        if around is None:
            return frozenset(map(id, profiles))
        found.update(id(profile) for profile in profiles if profile.span == around)
    return frozenset(found)


def _holds(outer: Span, inner: Span) -> bool:
    return outer.source is inner.source and outer.start <= inner.start and inner.end <= outer.end


def _compile(examined: Examined, found: list[Diagnostic], depth: Depth, kernel: str) -> set[int]:
    """Compile what could be read, add what is said of it; the ids of the top-level profiles that have mistakes."""
    if len(examined.unsound) == len(examined.policy.profiles):
        return set()
    from dockarmor.lint.compiled import compiled

    said: list[Diagnostic] = []
    failed = set()
    for top in examined.policy.profiles:
        for profile in top.family() if id(top) not in examined.unsound else ():
            made = compiled(examined, profile)
            said += made.diagnostics
            if made.record is None:
                failed.add(id(top))
    found += said if depth.each or not depth.lint else _counted(said, examined.file.source, kernel)
    return failed


#: codes of rules that do less than they say, on this kernel or on all
_LESS = (
    "DA410",
    "DA411",
    "DA420",
    "DA421",
    "DA422",
    "DA423",
    "DA424",
    "DA425",
    "DA426",
    "DA427",
    "DA428",
    "DA430",
)


def _counted(compiled: Iterable[Diagnostic], source: Source, kernel: str) -> Iterator[Diagnostic]:
    """That rules of included files do less than they say is nothing that the author of this file can mend."""
    elsewhere: dict[tuple[int, int], Diagnostic] = {}
    for one in compiled:
        if one.code in _LESS and one.span is not None and one.span.source is not source:
            elsewhere[id(one.span.source), one.span.start] = one
        else:
            yield one
    if elsewhere:
        files = sorted({one.span.source.name.rpartition("/")[2] for one in elsewhere.values() if one.span})
        count = (
            "1 rule of included files is" if len(elsewhere) == 1 else f"{len(elsewhere)} rules of included files are"
        )
        yield Diagnostic(
            "DA429",
            f"{count} dropped or weakened for {kernel}",
            severity=Severity.NOTE,
            notes=(f"in {', '.join(files[:8])}{' and others' if files[8:] else ''}",),
            help=("`dockarmor check --verbose` shows each",),
        )


def _linted(examined: Examined, whole: bool) -> list[Diagnostic]:
    if len(examined.unsound) == len(examined.policy.profiles) and not whole:
        return []
    from dockarmor.lint.registry import findings  # two dozen modules: not where lints are off

    return sorted(findings(examined, whole=whole), key=lambda one: one.span.start if one.span else 0)


def _files(parsed: Parsed, library: Library, found: Iterable[Diagnostic]) -> Iterator[File]:
    """The file, and the included ones of which something is said and whose comments may allow it."""
    yield parsed.file
    seen = {id(parsed.file.source)}
    for one in found:
        source = one.span.source if one.span else None
        if source is not None and id(source) not in seen and MARK in source.text:
            seen.add(id(source))
            try:
                yield library.read(source.name).file
            except DiagnosticError:
                continue
