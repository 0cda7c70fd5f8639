"""Entries of the policy table: accept words, qualifiers, and what is said of rules that have none."""

from dockarmor.rules.aare import to_pattern
from dockarmor.rules.kind import Dropped, Entry, Features, Qualifiers, Scope
from dockarmor.syntax.cursor import Word
from dockarmor.text.diagnostic import Diagnostic, Severity
from dockarmor.text.source import Span

READ = 0x4
#: the code of what is said of a rule whose class is not mediated
NOT_ENFORCED = "DA420"
#: what to do with a part that has no effect
REMOVE = "remove it, so that the rule says what it does"
#: above and below every priority that a rule can have (apparmor.d(5): -1000 to 1000)
FIRST, LAST = 1001, -1001


def accept_word(bits: int) -> int:
    """Permission bits as they lie in an accept word of the policy table.

    Bits 0-6 stay; the kernel moves bits 14-20 back up (security/apparmor/policy_compat.c, `map_other`).

    >>> hex(accept_word(0x3700376))
    '0x1fc076'
    """
    return bits & 0x7F | (bits & 0x300) << 6 | (bits & 0x700000) >> 4 | (bits & 0x3000000) >> 5


def entry(qualifiers: Qualifiers, pattern: bytes, bits: int) -> Entry:
    """An entry with a rule's qualifiers.

    An allow rule audits what it grants where it says `audit`; a deny rule is quiet unless it says so.
    """
    word = accept_word(bits)
    marked = qualifiers.audit != (qualifiers.effect == "deny")
    return Entry(
        "policy",
        pattern,
        word,
        audit=word if marked else 0,
        effect=qualifiers.effect,
        priority=qualifiers.priority,
    )


def mediated(pattern: bytes, priority: int = FIRST) -> Entry:
    """The entry whose existence makes the kernel mediate a class."""
    return Entry("policy", pattern, READ, priority=priority)


def word_pattern(word: Word, scope: Scope, *, text: str | None = None, null_allowed: bool = False) -> bytes:
    """The pattern of a word with its variables expanded; `text` replaces what the word says."""
    expanded = scope.expand(word.text if text is None else text, word.span)
    return to_pattern(expanded, null_allowed=null_allowed, span=word.span)


def expand(scope: Scope, *words: Word | None) -> None:
    """Look up the variables in words of a rule that is not encoded. Raises DiagnosticError as `Scope.expand` does."""
    for word in words:
        if word is not None:
            scope.expand(word.text, word.span)


def lacking(feature: str, features: Features) -> str:
    """Who does not know a feature that the policy and the kernel do not have in common."""
    whose = "the policy's ABI" if features.kernel_has(feature) else "the feature set"
    return f"{whose} has no `{feature}`"


def not_enforced(kind: str, span: Span, feature: str, scope: Scope, *words: Word | None) -> Dropped:
    """The features lack the rule's class. A variable in its words is expanded all the same: it must be there."""
    expand(scope, *words)
    return Dropped(
        Diagnostic(
            NOT_ENFORCED,
            f"{kind} rules are not enforced: {lacking(feature, scope)}",
            span,
            severity=Severity.WARNING,
            label="this rule has no effect there",
        )
    )


def idle(what: str, why: str, span: Span, *help: str) -> Dropped:
    """A part of the rule that no kernel looks at: without it the rule means the same. `what` is one thing.

    `help`: what to do but to remove it.
    """
    return weakened("DA428", f"{what} has no effect: {why}", span, *(help or (REMOVE,)))


def weakened(code: str, message: str, span: Span, *help: str) -> Dropped:
    """A part of the rule is lost, or the rule means more than it says."""
    return Dropped(Diagnostic(code, message, span, severity=Severity.WARNING, help=help))
