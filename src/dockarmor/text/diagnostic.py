"""Diagnostics are data: a code, spans, words. `render` draws them; `DiagnosticError` only carries them."""

from collections.abc import Iterable
from enum import Enum

from dockarmor.text.source import Span
from dockarmor.value import frozen


class Severity(Enum):
    """An error makes a policy unusable, a warning is worth a change, a note is only worth knowing."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@frozen
class Label:
    """A secondary place that matters, with a few words on why."""

    span: Span
    message: str


@frozen
class Fix:
    """A replacement for a span. `safe`: the meaning of the policy stays, or only a mistake goes."""

    span: Span
    replacement: str
    safe: bool
    message: str


@frozen
class Diagnostic:
    """One finding.

    `code` is stable (DAnnn). `message` is one sentence without a final full stop. `label` is what stands under
    the carets. `includes` is the chain of include statements, outermost first, by which the file was reached.
    """

    code: str
    message: str
    span: Span | None = None
    severity: Severity = Severity.ERROR
    label: str = ""
    others: tuple[Label, ...] = ()
    help: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    includes: tuple[Span, ...] = ()
    fix: Fix | None = None

    def within(self, includes: tuple[Span, ...]) -> "Diagnostic":
        """The same about a file that was reached by these includes. Spelled out: some policies have thousands."""
        return Diagnostic(
            *(self.code, self.message, self.span, self.severity, self.label, self.others, self.help, self.notes),
            includes,
            self.fix,
        )


class DiagnosticError(Exception):
    """The envelope in which diagnostics travel when a function cannot give its result."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        super().__init__("; ".join(diagnostic.message for diagnostic in self.diagnostics))
