"""A place in a source and the readers that move it: what every parse function works with.

AppArmor's lexing is modal: what a character means depends on the rule it stands in. So there is no token
stream; a parse function asks the cursor for what may stand here. Offsets are bytes (text/source.py).
"""

import re
from collections.abc import Iterable
from typing import NoReturn

from dockarmor.syntax.lexer import ID, QUOTED
from dockarmor.text.diagnostic import Diagnostic, DiagnosticError, Label
from dockarmor.text.regex import regex
from dockarmor.text.source import Source, Span
from dockarmor.value import field, frozen

# A newline is \n or \r\n; a lone \r is not white space (upstream parser_lex.l).
_BLANK = regex(r"(?:[ \t\n]|\r\n)+")
# `#include` may stand wherever a comment may, so it is never one. A comment ends with its line, and that with `\n`.
TRIVIA = r"(?:[ \t\n]|\r\n|#(?!include)[^\n]*+\n)"
_TRIVIA = regex(TRIVIA + "++")
_KEYWORD = regex(r"[A-Za-z][A-Za-z0-9_]*")


#: how long a word may be as it is written, and a pattern after its variables are expanded; the kernel's longest
#: path has 8192 bytes (path_max)
MAX_WORD = 1 << 16


@frozen
class Word:
    """A piece of text a rule was written with: `text` with quotes gone and escapes decoded, and its place."""

    text: str
    span: Span = field(compare=False, repr=False)

    def __str__(self) -> str:
        return self.text


class Cursor:
    """A position in a source.

    Readers skip trivia (white space, and comments unless `comments` is off) before they look, move past what
    they return, and leave the position alone where they return None or False.
    """

    __slots__ = ("end", "includes", "pos", "source", "text")

    def __init__(self, source: Source, pos: int = 0, end: int | None = None, includes: tuple[Span, ...] = ()) -> None:
        self.source = source
        self.text = source.text
        self.pos = pos
        self.end = len(source.text) if end is None else end
        self.includes = includes

    # -- looking ------------------------------------------------------------------------------------------

    def skip(self, *, comments: bool = True) -> None:
        """Move past white space and, where they may stand, comments."""
        match = (_TRIVIA if comments else _BLANK).match(self.text, self.pos, self.end)
        if match:
            self.pos = match.end()

    def at_end(self) -> bool:
        return self.pos >= self.end

    def peek(self) -> str:
        """The next character, or "" at the end; no trivia is skipped."""
        return self.text[self.pos] if self.pos < self.end else ""

    def match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """Match right here, without skipping and without moving."""
        return pattern.match(self.text, self.pos, self.end)

    # -- reading ------------------------------------------------------------------------------------------

    def accept(self, literal: str, *, comments: bool = True) -> bool:
        """Move past `literal` if it stands next."""
        start = self.pos
        self.skip(comments=comments)
        if self.text.startswith(literal, self.pos) and self.pos + len(literal) <= self.end:
            self.pos += len(literal)
            return True
        self.pos = start
        return False

    def expect(self, literal: str, code: str, message: str, *, comments: bool = True) -> None:
        """Move past `literal`, or fail at the place where it should stand."""
        before = self.pos
        if not self.accept(literal, comments=comments):
            self.skip(comments=comments)
            label = f"expected `{literal}` here"
            line = self.text.rfind("\n", 0, self.pos) + 1
            if not self.text[line : self.pos].strip():  # it is missing at the end of a line above
                gap = min(before, len(self.text[:line].rstrip()))
                self.fail(code, message, gap, gap, label=label)
            self.fail(code, message, self.pos, self.pos + 1, label=label)

    def keyword(self, *, comments: bool = True) -> Word | None:
        """A bare word `[A-Za-z][A-Za-z0-9_]*`."""
        return self.read(_KEYWORD, comments=comments)

    def read(self, pattern: re.Pattern[str], *, comments: bool = True) -> Word | None:
        """What `pattern` matches next, taken as it stands (no quotes, no escapes)."""
        start = self.pos
        self.skip(comments=comments)
        match = pattern.match(self.text, self.pos, self.end)
        if match is None or match.end() == match.start():
            self.pos = start
            return None
        self.pos = match.end()
        return Word(match.group(), Span(self.source, match.start(), match.end()))

    def value(self, pattern: re.Pattern[str] = ID, *, comments: bool = True) -> Word | None:
        """A quoted string, or what `pattern` matches (by default a generic id), with escapes decoded."""
        start = self.pos
        self.skip(comments=comments)
        at = self.pos
        quoted = self.peek() == '"'
        match = (QUOTED if quoted else pattern).match(self.text, at, self.end)
        if match is None or match.end() == at:
            self.pos = start
            return None
        self.pos = match.end()
        if self.pos - at > MAX_WORD:
            help = ("no path is that long: write several rules",)
            self.fail("DA311", f"this word has more than {MAX_WORD:,} bytes", at, self.pos, help=help)
        raw = match.group()[1:-1] if quoted else match.group()
        return Word(decode_escapes(raw) if "\\" in raw else raw, Span(self.source, at, self.pos))

    # -- saying where -------------------------------------------------------------------------------------

    def span(self, start: int, end: int | None = None) -> Span:
        return Span(self.source, start, self.pos if end is None else end)

    def fail(
        self,
        code: str,
        message: str,
        start: int,
        end: int,
        *,
        label: str = "",
        help: Iterable[str] = (),
        others: Iterable[Label] = (),
    ) -> NoReturn:
        """Raise a DiagnosticError about a stretch of this source."""
        raise DiagnosticError(
            [
                Diagnostic(
                    code,
                    message,
                    Span(self.source, start, min(max(end, start), len(self.text))),
                    label=label,
                    help=tuple(help),
                    others=tuple(others),
                    includes=self.includes,
                )
            ]
        )


_ESCAPE = regex(r"\\(?:x([0-9A-Fa-f]{1,2})|d([0-9]{1,3})|([0-7]{1,3})|([\s\S]))")
_NAMED = {"a": "\a", "e": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", '"': '"'}
_GLOB = frozenset("*?[]{}^,\\")


def decode_escapes(raw: str) -> str:
    """Decode what the lexer decodes; leave to the pattern language what is its own.

    A decoded byte that is a glob character keeps a backslash, so that it stays literal. A NUL and an unknown
    escape are kept as written (apparmor.d(5); upstream lib.c, `processunquoted`).

    >>> decode_escapes(r"/a\\x2ab\\040c\\*")
    '/a\\\\*b c\\\\*'
    """
    return _ESCAPE.sub(_decode_one, raw)


def _decode_one(match: re.Match[str]) -> str:
    hexadecimal, decimal, octal, other = match.groups()
    if other is not None:
        return _NAMED.get(other, match.group())
    tail = ""
    if hexadecimal is not None:
        value = int(hexadecimal, 16)
    else:
        digits, base = (decimal, 10) if decimal is not None else (octal, 8)
        while int(digits, base) > 255:  # stop before the byte overflows: \378 is \37 and an 8
            digits, tail = digits[:-1], digits[-1] + tail
        value = int(digits, base)
    if value == 0:
        return match.group()
    char = chr(value)
    return ("\\" + char if char in _GLOB else char) + tail
