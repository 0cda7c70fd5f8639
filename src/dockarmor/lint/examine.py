"""Everything that can be said about one policy file: what `check` prints and an editor underlines."""

from collections.abc import Iterable, Iterator

from dockarmor.lint.lint import Examined
from dockarmor.lint.suppression import MARK, unsuppressed
from dockarmor.policy.features import FeatureSet, intersect
from dockarmor.policy.includes import Library
from dockarmor.policy.read import grammar
from dockarmor.policy.resolve import Resolved, resolve
from dockarmor.syntax.structure import Parsed, parse
from dockarmor.syntax.tree import File
from dockarmor.text.diagnostic import Diagnostic, DiagnosticError, Severity
from dockarmor.text.source import Source
from dockarmor.value import frozen


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

    Lints are only asked about a file without errors. Never raises for what the text says.
    """
    depth = depth or Depth()
    parsed = parse(source, grammar())
    resolved = resolve(parsed, library)
    found = list(resolved.diagnostics)
    if depth.compile and not resolved.failed:
        compiled = _compiled(resolved, kernel)
        found += compiled if depth.each or not depth.lint else _counted(compiled, source, kernel.name)
    if not depth.lint:
        return tuple(found)
    if not any(one.severity is Severity.ERROR for one in found):
        found += _linted(parsed, resolved, library, kernel)
    return unsuppressed(found, _files(parsed, library, found), depth.ignored)


def _compiled(resolved: Resolved, kernel: FeatureSet) -> tuple[Diagnostic, ...]:
    from dockarmor.compile.pipeline import compile_policy

    try:
        return compile_policy(resolved.policy, kernel).diagnostics
    except DiagnosticError as error:
        return error.diagnostics


def _counted(compiled: Iterable[Diagnostic], source: Source, kernel: str) -> Iterator[Diagnostic]:
    """What features do to rules of included files is nothing that the author of this file can mend."""
    elsewhere: dict[tuple[int, int], Diagnostic] = {}
    for one in compiled:
        if one.severity is Severity.WARNING and one.span is not None and one.span.source is not source:
            elsewhere[id(one.span.source), one.span.start] = one
        else:
            yield one
    if elsewhere:
        files = sorted({one.span.source.name.rpartition("/")[2] for one in elsewhere.values() if one.span})
        yield Diagnostic(
            "DA429",
            f"{len(elsewhere)} rules of included files are dropped or weakened for {kernel}",
            severity=Severity.NOTE,
            notes=(f"in {', '.join(files[:8])}{' and others' if files[8:] else ''}",),
            help=("`dockarmor check --verbose` shows each",),
        )


def _linted(parsed: Parsed, resolved: Resolved, library: Library, kernel: FeatureSet) -> list[Diagnostic]:
    from dockarmor.lint.registry import findings  # two dozen modules: not where lints are off

    policy = resolved.policy
    examined = Examined(parsed.file, policy, library, intersect(policy.abi, kernel))
    return sorted(findings(examined), key=lambda one: one.span.start if one.span else 0)


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
