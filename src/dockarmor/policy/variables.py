"""Set variables and their expansion into alternations (apparmor.d(5), VARIABLES)."""

from collections.abc import Iterable, Mapping, Sequence

from dockarmor.text.diagnostic import Diagnostic, DiagnosticError
from dockarmor.text.regex import regex
from dockarmor.text.source import Span
from dockarmor.value import field, frozen

#: how long an expanded text, how many the values of a set, how deep a chain of variables may get
MAX_EXPANDED = 1 << 20
MAX_VALUES = 10_000
MAX_CHAIN = 100
#: how many references one text may hold
MAX_REFERENCES = 10_000

_FEWER = "every combination of values counts: use fewer, or a pattern such as `*`"

# A name has one character at least, and begins behind the last `@{` before its brace: `@{}` and `@{a,` are text.
_INNER = r"(?:\\[\s\S]|[^\\}@]++|@(?!\{))++"
_REFERENCE = regex(rf"((?:\\[\s\S]|[^\\@]++|@(?!\{{{_INNER}\}}))*+)@\{{({_INNER})\}}")
_NAME = regex(r"[A-Za-z][A-Za-z0-9_]*\Z")
_NAMES = regex(r"@\{([A-Za-z][A-Za-z0-9_]*)\}")


def named(text: str) -> list[str]:
    """The names of all variables that a text may refer to.

    >>> named("@{HOME}/@{a,b}/@{x}")
    ['HOME', 'x']
    """
    return _NAMES.findall(text) if "@{" in text else []


@frozen
class Variables:
    """The variables that rules of one profile see: sets of values by name, without `@{}`.

    >>> from dockarmor.text.source import Source
    >>> here = Span(Source("p", ""), 0, 0)
    >>> Variables({"HOME": ("/root", "/home/*/")}).expand("@{HOME}/.ssh", here)
    '{/home/*,/root}/.ssh'
    """

    sets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    _known: dict[str, str] = field(default_factory=dict, compare=False, repr=False)
    _sets: dict[str, tuple[str, ...]] = field(default_factory=dict, compare=False, repr=False)
    _alternations: dict[tuple[str, bool, bool], str] = field(default_factory=dict, compare=False, repr=False)
    #: Variables that many have in common, None where these are such themselves; which names are said anew here.
    _common: "Variables | None" = field(default=None, compare=False, repr=False)
    own: frozenset[str] = field(default=frozenset(), compare=False, repr=False)
    _reached: dict[str, frozenset[str] | None] = field(default_factory=dict, compare=False, repr=False)

    def expand(self, text: str, span: Span) -> str:
        """Replace every reference. Raises DiagnosticError (DA110 undefined, DA111 recursive, DA112 too large)."""
        if "@{" not in text:
            return text
        known = self._known.get(text)
        if known is None:
            if text.count("@{") > MAX_REFERENCES:
                raise _error("DA112", f"more than {MAX_REFERENCES:,} variables in one text", span)
            known = self._known[text] = self._expand(text, span, ())
        return known

    def values(self, name: str, span: Span) -> tuple[str, ...]:
        """The fully expanded values of a variable, sorted and distinct."""
        return self._values(name, span, ())

    def with_values(self, more: Mapping[str, Iterable[str]]) -> "Variables":
        """These and others; the others win (a profile's own `@{profile_name}` and the like)."""
        sets = {**self.sets, **{name: tuple(values) for name, values in more.items()}}
        return Variables(sets, _common=self.common, own=self.own.union(more))

    def but(self, sets: Mapping[str, tuple[str, ...]], own: Iterable[str]) -> "Variables":
        """Other sets, of which all but `own` are as they are here."""
        return Variables(sets, _common=self.common, own=self.own.union(own))

    @property
    def common(self) -> "Variables":
        """The variables that these are derived from. All but `own` have the same values there."""
        return self if self._common is None else self._common

    def reached(self, name: str) -> frozenset[str] | None:
        """A variable and all that its values lead to; None where one of them is not defined."""
        if name not in self._reached:
            self._reached[name] = self._reach(name)
        return self._reached[name]

    def _reach(self, name: str) -> frozenset[str] | None:
        found: set[str] = set()
        left = [name]
        while left:
            one = left.pop()
            if one not in self.sets:
                return None
            if one not in found:
                found.add(one)
                for value in self.sets[one]:
                    left += named(value)
        return frozenset(found)

    def _expand(self, text: str, span: Span, chain: tuple[str, ...]) -> str:
        """The text of a rule: one text, in which a set stands as an alternation."""
        pieces = _NAMES.split(text)
        if "\\" not in text and len(pieces) == 2 * text.count("@{") + 1:
            return self._put_together(pieces, span, chain)
        done, at = "", 0
        while (found := self._reference(text, at, span)) is not None:
            before, name, end = found
            done += before
            if name is not None:
                done += self._alternation(name, _after_slash(done), text.startswith("/", end), span, chain)
            at = end
            if len(done) > MAX_EXPANDED:
                raise _too_long(span)
        return done + text[at:]

    def _put_together(self, pieces: Sequence[str], span: Span, chain: tuple[str, ...]) -> str:
        """The same where every `@{` begins a plain reference: texts and names by turns."""
        done = pieces[0]
        for name, behind in zip(pieces[1::2], pieces[2::2], strict=True):
            done += self._alternation(name, _after_slash(done), behind.startswith("/"), span, chain)
            if len(done) > MAX_EXPANDED:
                raise _too_long(span)
            done += behind
        return done

    def _expand_value(self, text: str, span: Span, chain: tuple[str, ...]) -> set[str]:
        """A value of a set: it becomes as many values as the sets in it have, each on its own."""
        done, at = {""}, 0
        while (found := self._reference(text, at, span)) is not None:
            before, name, end = found
            done = {one + before for one in done}
            if name is not None:
                done = self._joined(done, name, span, chain)
            at = end
        return {one + text[at:] for one in done}

    def _joined(self, starts: set[str], name: str, span: Span, chain: tuple[str, ...]) -> set[str]:
        """Every start with every value behind it, slashes and all: only in a text are they left out."""
        values = self._values(name, span, chain)
        done: set[str] = set()
        size = 0
        for start in starts:
            for value in values:
                done.add(start + value)
                size += len(start) + len(value)
            if len(done) > MAX_VALUES or size > MAX_EXPANDED:
                raise _error("DA112", f"a variable expands to more than {MAX_VALUES} values", span, _FEWER)
        return done

    def _reference(self, text: str, at: int, span: Span) -> tuple[str, str | None, int] | None:
        """The next `@{…}`: the text before it, its name (None where it is only text), and where it ends."""
        match = _REFERENCE.match(text, at)
        if match is None:
            return None
        name = _NAME.match(match[2])
        if name is None:
            return match[1] + self._not_a_name(match[2], span), None, match.end()
        return match[1], name[0], match.end()

    def _alternation(self, name: str, after: bool, before: bool, span: Span, chain: tuple[str, ...]) -> str:
        """A set in a text. It is kept where its values are, so that texts of many profiles have the same."""
        home = self._home(name)
        known = home._alternations.get((name, after, before))
        if known is None:
            values = home._fitted(name, after, before, span, chain)
            known = values[0] if len(values) == 1 else "{" + ",".join(values) + "}"
            home._alternations[name, after, before] = known
        return known

    def _fitted(self, name: str, after: bool, before: bool, span: Span, chain: tuple[str, ...]) -> list[str]:
        """A set's values after and before a slash of a text: without the one that would be doubled (variable.cc).

        In the order of the values as they were given, as upstream: a profile may be named by them.
        """
        values: Iterable[str] = self._values(name, span, chain)
        if after:
            values = [value.lstrip("/") for value in values]
        if before:
            values = [value.rstrip("/") for value in values]
        return list(values)

    def _home(self, name: str) -> "Variables":
        """Where a variable has the values that it has here: these, or the common ones."""
        common = self._common
        if common is None or name in self.own:
            return self
        reached = common.reached(name)
        return common if reached is not None and self.own.isdisjoint(reached) else self

    def _values(self, name: str, span: Span, chain: tuple[str, ...]) -> tuple[str, ...]:
        if len(chain) > MAX_CHAIN:
            raise _error("DA112", f"variables refer to variables more than {MAX_CHAIN} times in a row", span)
        if name in chain:
            raise _error("DA111", f"@{{{name}}} refers to itself", span, _way(name, chain))
        if name not in self.sets:
            raise self._undefined(name, span)
        known = self._sets.get(name)
        if known is None and (home := self._home(name)) is not self:
            return home._values(name, span, chain)
        if known is None:
            expanded: set[str] = set()
            for value in self.sets[name]:
                expanded |= self._expand_value(value, span, (*chain, name)) if "@{" in value else {value}
                if len(expanded) > MAX_VALUES:
                    raise _error("DA112", f"@{{{name}}} has more than {MAX_VALUES} values", span, _FEWER)
            known = self._sets[name] = tuple(sorted(expanded))
        return known

    def _undefined(self, name: str, span: Span) -> DiagnosticError:
        import difflib

        close = difflib.get_close_matches(name, self.sets, 1)
        if close:
            help = f"did you mean `@{{{close[0]}}}`?"
        else:
            help = "tunables are defined by `include <tunables/global>` before the profile"
        return _error("DA110", f"@{{{name[:60]}}} is not defined", span.part(f"@{{{name}}}"), help)

    def _not_a_name(self, inside: str, span: Span) -> str:
        """`@{a,b}` is an `@` and an alternation; anything else in the braces is a mistake."""
        if "," in inside:
            return "@{" + inside + "}"
        help = "names are letters, digits and `_`, and begin with a letter"
        place = span.part(f"@{{{inside}}}")
        raise _error("DA113", f"`@{{{inside[:60]}}}` is not the name of a variable", place, help)


def _after_slash(text: str) -> bool:
    """Does a text end in a slash, and is that not all of it?"""
    return text.endswith("/") and bool(text.strip("/"))


def _way(name: str, chain: tuple[str, ...]) -> str:
    return "by way of " + " -> ".join(f"@{{{one}}}" for one in (*chain[chain.index(name) :], name))


def _too_long(span: Span) -> DiagnosticError:
    return _error("DA112", f"the text grows beyond {MAX_EXPANDED} bytes when variables expand", span, _FEWER)


def _error(code: str, message: str, span: Span, *help: str) -> DiagnosticError:
    return DiagnosticError([Diagnostic(code, message, span, help=help)])
