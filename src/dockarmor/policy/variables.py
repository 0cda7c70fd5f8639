"""Set variables and their expansion into alternations (apparmor.d(5), VARIABLES)."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from dockarmor.text.diagnostic import Diagnostic, DiagnosticError
from dockarmor.text.source import Span

#: how long an expanded text, and how deep a chain of variables, may get
MAX_EXPANDED = 1 << 20
MAX_CHAIN = 100

_REFERENCE = re.compile(r"((?:\\[\s\S]|[^\\@]|@(?!\{))*)@\{([^{}]*)\}")
_NAME = re.compile(r"[ \t]*([A-Za-z][A-Za-z0-9_]*)[ \t]*\Z")


@dataclass(frozen=True, slots=True)
class Variables:
    """The variables that rules of one profile see: sets of values by name, without `@{}`.

    >>> from dockarmor.text.source import Source
    >>> here = Span(Source("p", ""), 0, 0)
    >>> Variables({"HOME": ("/root", "/home/*/")}).expand("@{HOME}/.ssh", here)
    '{/home/*,/root}/.ssh'
    """

    sets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    _known: dict[str, str] = field(default_factory=dict, compare=False, repr=False)

    def expand(self, text: str, span: Span) -> str:
        """Replace every reference. Raises DiagnosticError (DA110 undefined, DA111 recursive, DA112 too large)."""
        if "@{" not in text:
            return text
        known = self._known.get(text)
        if known is None:
            known = self._known[text] = self._expand(text, span, ())
        return known

    def values(self, name: str, span: Span) -> tuple[str, ...]:
        """The fully expanded values of a variable, sorted and distinct."""
        return self._values(name, span, ())

    def with_values(self, more: Mapping[str, Iterable[str]]) -> "Variables":
        """These and others; the others win (a profile's own `@{profile_name}` and the like)."""
        return Variables({**self.sets, **{name: tuple(values) for name, values in more.items()}})

    def _expand(self, text: str, span: Span, chain: tuple[str, ...]) -> str:
        parts: list[str] = []
        at = 0
        before = ""
        while (match := _REFERENCE.match(text, at)) is not None:
            before += match[1]
            name = _NAME.match(match[2])
            at = match.end()
            if name is None:
                before += self._not_a_name(match[2], span)
                continue
            values = list(self._values(name[1], span, chain))
            # One slash where value and context would double it (upstream parser_variable.c)
            if before.endswith("/") and before.strip("/"):
                values = [value.lstrip("/") for value in values]
            if text.startswith("/", at):
                values = [value.rstrip("/") for value in values]
            values = sorted(set(values))
            before += values[0] if len(values) == 1 else "{" + ",".join(values) + "}"
            if len(before) > MAX_EXPANDED:
                raise _error(
                    "DA112", f"the text grows beyond {MAX_EXPANDED} bytes when variables expand", span
                )
        parts.append(before + text[at:])
        return "".join(parts)

    def _values(self, name: str, span: Span, chain: tuple[str, ...]) -> tuple[str, ...]:
        if name in chain or len(chain) > MAX_CHAIN:
            raise _error("DA111", f"@{{{name}}} refers to itself", span, "by way of " + " -> ".join(chain))
        if name not in self.sets:
            raise self._undefined(name, span)
        expanded = {
            self._expand(value, span, (*chain, name)) if "@{" in value else value for value in self.sets[name]
        }
        return tuple(sorted(expanded))

    def _undefined(self, name: str, span: Span) -> DiagnosticError:
        import difflib

        close = difflib.get_close_matches(name, self.sets, 1)
        if close:
            help = f"did you mean `@{{{close[0]}}}`?"
        else:
            help = "tunables are defined by `include <tunables/global>` before the profile"
        return _error("DA110", f"@{{{name[:60]}}} is not defined", span, help)

    def _not_a_name(self, inside: str, span: Span) -> str:
        """`@{a,b}` is an `@` and an alternation; anything else in the braces is a mistake."""
        if "," in inside:
            return "@{" + inside + "}"
        raise _error("DA113", f"`@{{{inside[:60]}}}` is not the name of a variable", span)


def _error(code: str, message: str, span: Span, *help: str) -> DiagnosticError:
    return DiagnosticError([Diagnostic(code, message, span, help=help)])
