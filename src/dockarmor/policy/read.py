"""Policy text, from a file or at hand, to a resolved policy: the one door into the rooms before this."""

from functools import lru_cache

from dockarmor.policy.includes import Library
from dockarmor.policy.profile import Policy
from dockarmor.policy.resolve import Resolved, resolve
from dockarmor.rules.file import simple
from dockarmor.rules.registry import ALL
from dockarmor.syntax.structure import Grammar, parse
from dockarmor.text.diagnostic import DiagnosticError
from dockarmor.text.source import Source


@lru_cache(maxsize=1)
def grammar() -> Grammar:
    """The rule language: every kind there is."""
    by_keyword = {keyword: kind for kind in ALL for keyword in kind.keywords}
    return Grammar(by_keyword, by_keyword["file"], simple)


def library(base: str, folders: tuple[str, ...] = ()) -> Library:
    """Includes from `folders`, then from `base`; what is read once serves all policies read with it."""
    return Library(grammar(), base, folders)


def read_text(source: Source, includes: Library) -> Resolved:
    """Read policy text."""
    return resolve(parse(source, grammar()), includes)


def read_file(path: str, includes: Library) -> Resolved:
    """Read a policy file (`path` as latin-1 text of its bytes). An unreadable file is a diagnostic, too."""
    try:
        parsed = includes.read(path)
    except DiagnosticError as error:
        return Resolved(Policy(()), error.diagnostics)
    return resolve(parsed, includes)


def require(resolved: Resolved) -> Resolved:
    """The same, or DiagnosticError where the text has errors."""
    if resolved.failed:
        raise DiagnosticError(resolved.diagnostics)
    return resolved
