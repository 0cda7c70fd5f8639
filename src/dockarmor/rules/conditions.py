"""What the tails of class rules are made of: permission words, `name=value` conditions, `peer=(…)` groups.

    tail      = [ permissions ] { condition | group | word } ","
    permissions = word | "(" { word [ "," ] } ")"
    condition = name "=" ( value | list ) | name "in" list
    list      = "(" value { [ "," ] value } ")"
    group     = "peer" "=" "(" { name ( "=" | ":=" ) value [ "," ] } ")"

Comments are not recognised in a tail: upstream's lexer reads these rules in modes that have none
(parser_lex.l), and `#` begins a word there.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Literal, NoReturn

from dockarmor.rules.kind import Qualifiers
from dockarmor.rules.spelling import spell as spell
from dockarmor.rules.spelling import spell_qualifiers as spell_qualifiers
from dockarmor.syntax.cursor import Cursor, Word
from dockarmor.syntax.lexer import LISTED, WORD
from dockarmor.text.diagnostic import Diagnostic, DiagnosticError, Fix, Label
from dockarmor.text.regex import regex
from dockarmor.text.source import Span
from dockarmor.value import field, frozen

_NAME = regex(r"([A-Za-z][A-Za-z0-9_]*+)(?:[ \t]*(=)|[ \t]+(in)(?=[ \t]*\())")
#: a condition as most are: one value, without quotes, escapes and parentheses
_PLAIN = regex(
    r"(?:[ \t\n]|\r\n)*+([A-Za-z][A-Za-z0-9_]*)[ \t]*+=[ \t]*+"
    r'([^ \t\r\n"!,\\\x00(](?:[^ \t\r\n"!,\\\x00]++|,(?=[^ \t\r\n"!,\x00]))*+)(?!\\)'
)
_PEER = regex(r"(peer)[ \t]*=[ \t]*\(")
# in lists a comma is but a blank
_MEMBER = regex(r"([A-Za-z][A-Za-z0-9_]*+)(?:(?:[ \t\n]|,(?!\r))(?:[ \t\n,]|\r\n)*+)?(:?=)")
_ARROW = regex(r'->(?![^ \t\n"!,=:)\x00]|[:,][^ \t\n"!,=:)\x00])')
#: `r`, `w` and `rw` are read before a carriage return, too
_READ_WRITE = regex(r'(?:rw|wr|r|w)(?=\r(?![^ \t\n"!,=:)\x00]))')
_COMMENT = regex(r"(?<=\s)#")
_BEFORE_LIST = regex(r"[ \t]*+(?:\n(?:[ \t\n]|\r\n)*+)?(?=\()")
_BLANKS = regex(r"[ \t]*")
_SEPARATORS = regex(r"(?:[ \t\n,]|\r\n)*")

#: Bounds of one rule. Real ones have a handful of each.
MAX_CONDITIONS = 256
MAX_VALUES = 1024

# The last digit of a diagnostic's code, the same for every family of rules.
UNEXPECTED, PERMISSION, WORD_UNKNOWN, CONDITION, OPERATOR = range(5)
TWICE, VALUE, COMBINATION, OPERATION, QUALIFIER = range(5, 10)


@frozen
class Condition:
    """`name=value`, `name=(a b)` or `name in (a b)`."""

    name: Word
    operator: Literal["=", "in", ":="]
    values: tuple[Word, ...]
    listed: bool
    span: Span = field(compare=False, repr=False)


@frozen
class Group:
    """`peer=(name=value …)`."""

    name: Word
    conditions: tuple[Condition, ...]
    span: Span = field(compare=False, repr=False)


class Tail:
    """Reads the tail of one class rule. `family` is the beginning of its diagnostic codes: `DA26`."""

    __slots__ = ("conditions", "cursor", "family", "keyword", "qualifiers", "start")

    def __init__(
        self,
        cursor: Cursor,
        qualifiers: Qualifiers,
        start: int,
        keyword: str,
        family: str,
        *,
        priority: bool = True,
    ) -> None:
        self.cursor = cursor
        self.qualifiers = qualifiers
        self.start = start
        self.conditions = 0
        self.keyword = keyword
        self.family = family
        if qualifiers.subject is not None:
            self._reject_qualifier(qualifiers.subject, "says whose files are meant: it stands before file rules")
        if qualifiers.priority and not priority:
            self._reject_qualifier("priority", "is not possible before network rules")

    def _reject_qualifier(self, name: str, reason: str) -> NoReturn:
        span = self.qualifiers.spans.get(name, self.cursor.span(self.start))
        self.fail(QUALIFIER, f"`{name}` {reason}", span, help=(f"remove `{name}` from this {self.keyword} rule",))

    # -- reading ------------------------------------------------------------------------------------------

    def skip(self) -> None:
        self.cursor.skip(comments=False)

    def permissions(self, words: Mapping[str, int]) -> int | None:
        """Permission words, bare or in parentheses; None where none stand here, 0 for `()`."""
        start = self.cursor.pos
        self.skip()
        if self.cursor.peek() == "(":
            self.cursor.pos += 1
            bits = 0
            for word in self._list("permissions"):
                bits |= self._permission(word, words)
            return bits
        if self.cursor.match(_NAME):
            self.cursor.pos = start
            return None
        pattern = _READ_WRITE if self.cursor.match(_READ_WRITE) else WORD
        bare = None if self.cursor.peek() == '"' else self.cursor.read(pattern, comments=False)
        if bare is None or bare.text not in words:
            self.cursor.pos = start
            return None
        return words[bare.text]

    def _permission(self, word: Word, words: Mapping[str, int]) -> int:
        bits = words.get(word.text)
        if bits is None and "rw" in words and word.text and not word.text.strip("rwRW"):
            bits = 0  # upstream reads letters one by one, and the old capitals too
            for letter in word.text.lower():
                bits |= words[letter]
        if bits is None:
            self.unknown(PERMISSION, "permission", word, [name for name in words if len(name) > 2])
        return bits

    def condition(self) -> Condition | None:
        """The next condition, None where something else stands."""
        cursor, start = self.cursor, self.cursor.pos
        plain = cursor.match(_PLAIN)
        if plain is not None and self.conditions < MAX_CONDITIONS:
            self.conditions += 1
            cursor.pos = end = plain.end()
            begin, source = plain.start(1), cursor.source
            name = Word(plain[1], Span(source, begin, plain.end(1)))
            return Condition(
                *(name, "=", (Word(plain[2], Span(source, plain.start(2), end)),), False), Span(source, begin, end)
            )
        self.skip()
        match = self.cursor.match(_NAME)
        if match is None:
            self.cursor.pos = start
            return None
        begin = self.cursor.pos
        self._count(begin)
        if self.cursor.match(_PEER):  # where a group may stand, `group` has been asked before
            self.fail(
                OPERATOR,
                f"a `peer=(…)` group does not stand here in {self.keyword} rules",
                self.cursor.span(begin, begin + 4),
                help=("the peer is one label, `peer=NAME`",) if self.keyword in ("signal", "ptrace") else (),
            )
        name = Word(match[1], self.cursor.span(begin, match.end(1)))
        self.cursor.pos = match.end()
        self._past(_BEFORE_LIST if self.cursor.match(_BEFORE_LIST) else _BLANKS)
        operator: Literal["=", "in"] = "in" if match[3] else "="
        if self.cursor.peek() == "(":
            self.cursor.pos += 1
            values = self._list(name.text)
            if not values:
                self.fail(VALUE, f"`{name}` has an empty list", self.cursor.span(begin))
            return Condition(name, operator, values, True, self.cursor.span(begin))
        value = None if self.cursor.peek() in " \t\r\n" else self.cursor.value(comments=False)
        if value is None:
            self.fail(
                VALUE,
                f"`{name}=` has no value",
                self.cursor.span(begin, max(self.cursor.pos, begin + 1)),
                help=("the value stands on the same line, in quotes if it holds blanks",),
            )
        return Condition(name, operator, (value,), False, self.cursor.span(begin))

    def group(self) -> Group | None:
        """The next `peer=(…)`, None where something else stands."""
        start = self.cursor.pos
        self.skip()
        match = self.cursor.match(_PEER)
        if match is None:
            self.cursor.pos = start
            return None
        begin = self.cursor.pos
        name = Word(match[1], self.cursor.span(begin, match.end(1)))
        self.cursor.pos = match.end()
        members = []
        while not self._closes(begin):
            members.append(self._member())
        return Group(name, tuple(members), self.cursor.span(begin))

    def _member(self) -> Condition:
        begin = self.cursor.pos
        self._count(begin)
        match = self.cursor.match(_MEMBER)
        if match is None:
            self.unexpected("a condition `name=value` of the peer")
        name = Word(match[1], self.cursor.span(begin, match.end(1)))
        self.cursor.pos = match.end()
        self._past(_BLANKS)
        listed = self.cursor.peek() == "("
        if listed:
            self.cursor.pos += 1
            values = self._list(name.text)
        else:
            self.skip()
            value = self.cursor.value(LISTED, comments=False)
            values = () if value is None or not value.text else (value,)
        if not values:
            self.fail(VALUE, f"`{name}=` has no value", self.cursor.span(begin))
        if len(values) > 1:
            self.single(name, values)
        operator: Literal["=", ":="] = ":=" if match[2] == ":=" else "="
        return Condition(name, operator, values, listed, self.cursor.span(begin))

    def _list(self, what: str) -> tuple[Word, ...]:
        """The values up to the closing parenthesis."""
        begin = self.cursor.pos - 1
        values = []
        while not self._closes(begin):
            value = self.cursor.value(LISTED, comments=False)
            if value is None:
                self.unexpected(f"a word or the `)` that closes the list of {what}")
            values.append(value)
            if len(values) > MAX_VALUES:
                self.fail(VALUE, f"`{what}` lists more than {MAX_VALUES} values", value.span)
        return tuple(values)

    def _count(self, at: int) -> None:
        self.conditions += 1
        if self.conditions > MAX_CONDITIONS:
            self.fail(VALUE, f"a rule has at most {MAX_CONDITIONS} conditions", self.cursor.span(at, at + 1))

    def _closes(self, begin: int) -> bool:
        self._past(_SEPARATORS)
        if self.cursor.at_end():
            self.fail(UNEXPECTED, "this parenthesis is not closed", self.cursor.span(begin, begin + 1))
        if self.cursor.peek() == ")":
            self.cursor.pos += 1
            return True
        return False

    def _past(self, pattern: re.Pattern[str]) -> None:
        match = self.cursor.match(pattern)
        if match:
            self.cursor.pos = match.end()

    def word(self) -> Word | None:
        """A free word or quoted string (a path, a socket family), None where something else stands."""
        start = self.cursor.pos
        self.skip()
        word = None
        if not self.cursor.match(_NAME) and not self.cursor.match(_ARROW) and self.cursor.peek() != ",":
            word = self.cursor.value(WORD, comments=False)
        if word is None:
            self.cursor.pos = start
        return word

    def arrow(self) -> bool:
        """Move past `->` where it stands as a word of its own."""
        return self.cursor.read(_ARROW, comments=False) is not None

    def end(self, expected: str = "a condition", instead: Callable[[str], str | None] = lambda word: None) -> Span:
        """The final comma; gives the rule's span. `instead`: what to write for a word that stands there."""
        if not self.cursor.accept(",", comments=False):
            self.skip()
            self.unexpected(f"{expected} or the `,` that ends the {self.keyword} rule", instead)
        return self.cursor.span(self.start)

    # -- what is wrong ------------------------------------------------------------------------------------

    def fail(
        self,
        reason: int,
        message: str,
        span: Span,
        *,
        label: str = "",
        help: tuple[str, ...] = (),
        others: tuple[Label, ...] = (),
        fix: Fix | None = None,
    ) -> NoReturn:
        code, includes = f"{self.family}{reason}", self.cursor.includes
        found = Diagnostic(code, message, span, label=label, others=others, help=help, includes=includes, fix=fix)
        raise DiagnosticError([found])

    def unexpected(self, expected: str, instead: Callable[[str], str | None] = lambda word: None) -> NoReturn:
        """Something stands here that no rule of this kind can hold."""
        self.skip()
        at = self.cursor.pos
        if self.cursor.at_end():
            self.fail(
                UNEXPECTED,
                f"the {self.keyword} rule is not finished",
                self.cursor.span(at, at),
                label=f"expected {expected}",
            )
        match = WORD.match(self.cursor.text, at, self.cursor.end)
        end = match.end() if match and match.end() > at else at + 1
        text = self.cursor.text[at:end]
        better = instead(text[:64])
        help = (f"write `{better}`",) if better else self._about_comments(end)
        self.fail(
            UNEXPECTED,
            f"`{shown(text)}` does not belong here",
            self.cursor.span(at, end),
            label=f"expected {expected}",
            help=help,
        )

    def _about_comments(self, end: int) -> tuple[str, ...]:
        if not _COMMENT.search(self.cursor.text, self.start, end):
            return ()
        return (f"a comment cannot stand inside a {self.keyword} rule: move it before or after the rule",)

    def unknown(self, reason: int, kind: str, word: Word, known: Iterable[str]) -> NoReturn:
        """A word is not one of its kind; say which one may be meant."""
        from difflib import get_close_matches

        known = tuple(known)
        near = get_close_matches(word.text[:64].lower(), known, 1, 0.6)
        fix = Fix(word.span, near[0], safe=False, message=f"write `{near[0]}`") if near else None
        help: tuple[str, ...] = (f"did you mean `{near[0]}`?",) if near else ()
        if word.text == "#":
            help = self._about_comments(word.span.end)
        elif not near and len(known) <= 16:
            help = ("known: " + ", ".join(known),)
        self.fail(reason, f"unknown {kind} `{shown(word.text)}`", word.span, help=help, fix=fix)

    def single(self, name: Word, values: tuple[Word, ...]) -> Word:
        """The only value of a condition that takes one."""
        if len(values) > 1:
            self.fail(
                VALUE,
                f"`{name}=` takes one value",
                values[1].span,
                label="this is a second one",
                help=(f"join them as `{{{values[0]},{values[1]}}}`, or write two rules",),
            )
        return values[0]

    def only_equals(self, condition: Condition) -> None:
        if condition.operator != "=":
            self.fail(
                OPERATOR,
                f"`{condition.name}` takes `=` in {self.keyword} rules, not `{condition.operator}`",
                condition.span,
            )

    def once(self, first: Condition | None, condition: Condition) -> None:
        """Fail when a condition that may stand once was there before."""
        if first is not None:
            self.fail(
                TWICE,
                f"`{condition.name}=` is said twice",
                condition.span,
                others=(Label(first.span, "it is said here first"),),
            )


def shown(text: str) -> str:
    """A piece of hostile text as a message quotes it: bounded, and printable."""
    text = text if len(text) <= 40 else text[:40] + "…"
    return "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in text)
