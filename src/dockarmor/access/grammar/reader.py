"""The words of a request line: bare or quoted, `key=value`, `(lists)`, and how bytes are spelled in them.

    line   = word { blank word }
    word   = [ key "=" ] ( bare | quoted | list )
    list   = "(" { value [ "," ] } ")"
    escape = "\\x" hex hex | "\\" octal octal octal | "\\" punctuation

Every byte has a spelling, so every value has a line.
"""

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import NoReturn

from dockarmor.text.diagnostic import Diagnostic, DiagnosticError, Fix
from dockarmor.text.regex import regex
from dockarmor.text.source import Source, Span
from dockarmor.value import frozen

#: longest line: a path of the kernel's limit (8192 bytes) with every byte escaped, twice, and some words
MAX_LINE = 80_000

_WORD = regex(
    r"""(?:(?P<key>[a-z_]+)=)?
        (?: "(?P<quoted>(?:[^"\\]|\\.)*)" | \((?P<list>[^()"\\]*)\) | (?P<bare>(?!\()(?:[^\s"\\]|\\\S)+) )
        (?=\s|\Z)""",
    re.VERBOSE | re.DOTALL | re.ASCII,
)
#: blanks between words; never a byte above 0x7f, which may be part of a name
_BLANK = " \t\r\n\f\v"
_ESCAPE = regex(r"\\(?:x([0-9A-Fa-f]{2})|([0-3][0-7]{2})|([^0-9A-Za-z]))")
# What the line's own syntax uses, and what would look like a pattern, goes into quotes.
_NEEDS_QUOTES = regex(r'[\s"()*]|@\{|\A[a-z_]+=|\A(?:->|)\Z', re.ASCII)
_PATTERN = regex(r"\*|@\{")


@frozen
class Token:
    """One word of the line. `raw` still has its escapes; `quoted` words are never keywords."""

    raw: str
    span: Span
    key: str = ""
    quoted: bool = False
    listed: bool = False


class Reader:
    """The words of one line, taken from the left; what is wrong is said about the word it is in."""

    __slots__ = ("at", "example", "source", "tokens")

    def __init__(self, text: str, example: str = "") -> None:
        self.source = Source("request", text)
        self.example = example
        self.at = 0
        self.tokens = tuple(self._split())

    def _split(self) -> Iterable[Token]:
        text = self.source.text
        if len(text) > MAX_LINE:
            self.fail("DA706", f"a request has at most {MAX_LINE} bytes", self._span(MAX_LINE, len(text)))
        for at, char in enumerate(text):
            if ord(char) > 0xFF:
                self.fail("DA706", "a request is a line of bytes, and this is none", self._span(at, at + 1))
        pos = len(text) - len(text.lstrip(_BLANK))
        while pos < len(text):
            match = _WORD.match(text, pos)
            if match is None:
                end = pos + len(text[pos:].split(None, 1)[0])
                self.fail("DA706", "a quote or parenthesis in this word is not closed", self._span(pos, end))
            raw = next(part for part in match.group("quoted", "list", "bare") if part is not None)
            yield Token(
                raw,
                self._span(match.start(), match.end()),
                match.group("key") or "",
                match.group("quoted") is not None,
                match.group("list") is not None,
            )
            pos = len(text) - len(text[match.end() :].lstrip(_BLANK))

    def _span(self, start: int, end: int) -> Span:
        return Span(self.source, start, end)

    # -- looking and taking -------------------------------------------------------------------------------

    def peek(self) -> Token | None:
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    def take(self, what: str) -> Token:
        """The next word, whatever it is; `what` says what is missing at the end of the line."""
        token = self.peek()
        if token is None:
            end = len(self.source.text.rstrip(_BLANK))
            self.fail("DA704", f"expected {what}", self._span(end, end), label="the line ends here")
        self.at += 1
        return token

    def word(self, what: str) -> Token:
        """The next word, which must not be a `key=value` or a list."""
        token = self.take(what)
        if token.key or token.listed:
            self.fail("DA704", f"expected {what}", token.span)
        return token

    def accept(self, word: str) -> bool:
        """Take the next word if it is this keyword."""
        token = self.peek()
        if token is None or token.raw != word or token.quoted or token.key or token.listed:
            return False
        self.at += 1
        return True

    def arrow(self, what: str) -> None:
        if not self.accept("->"):
            self.fail("DA704", f"expected `->` and {what}", self.take(f"`->` and {what}").span)

    def conditions(self, keys: Iterable[str]) -> dict[str, Token]:
        """The `key=value` words that stand next, each at most once."""
        known = tuple(keys)
        found: dict[str, Token] = {}
        while (token := self.peek()) is not None and token.key:
            if token.key not in known:
                self.unknown("DA707", "condition", token.key, known, self.key_span(token))
            if token.key in found:
                self.fail("DA707", f"`{token.key}=` is said twice", token.span)
            found[token.key] = token
            self.at += 1
        return found

    def finish(self) -> None:
        token = self.peek()
        if token is not None:
            self.fail("DA705", "the request is complete before this word", token.span)

    # -- values -------------------------------------------------------------------------------------------

    def data(self, token: Token) -> bytes:
        """The bytes of a word; escapes decoded."""
        return self._decode(token.raw, token).encode("latin-1")

    def text(self, token: Token) -> str:
        """The same as text, for labels and names, which hold no NUL."""
        text = self._decode(token.raw, token)
        if not text:
            self.fail("DA704", "this value is empty", token.span)
        if "\0" in text:
            self.fail("DA706", "a name holds no NUL byte", token.span)
        return text

    def path(self, token: Token, *, relative: bool = False) -> bytes:
        """A path: literal, never a pattern; without a leading `/` only in quotes (a disconnected path)."""
        if not token.quoted and (match := _PATTERN.search(token.raw)):
            self.fail(
                "DA709",
                "a request names one path, not a pattern",
                token.span,
                help=(f"put the path into quotes if the file's name really holds `{match.group()}`",),
            )
        if not relative and not token.quoted and not token.raw.startswith("/"):
            self.fail(
                "DA709",
                "a path begins with `/`",
                token.span,
                help=("quote it if you mean a disconnected path, which the kernel sees without one",),
            )
        data = self.data(token)
        if b"\0" in data or not data:
            self.fail("DA706", "a path holds at least one byte, and no NUL", token.span)
        return data

    def number(self, token: Token, limit: int) -> int:
        try:
            value = int(token.raw, 0)
        except ValueError:
            value = -1
        if not 0 <= value <= limit or token.quoted:
            self.fail("DA708", f"a number from 0 to {limit} is expected", token.span)
        return value

    def permissions(self, token: Token, names: Mapping[str, int], letters: Mapping[str, int] | None = None) -> int:
        """A word of permission names: `read,lock`, `(read, lock)`, letters such as `rw`, or bits as `0x…`."""
        word = 0
        for name in self.items(token):
            if name in names:
                word |= names[name]
            elif re.fullmatch(r"0x[0-9a-f]{1,8}", name):
                word |= int(name, 16)
            elif letters and name and all(letter in letters for letter in name):
                for letter in name:
                    word |= letters[letter]
            else:
                self.unknown("DA703", "permission", name, (*names, *(letters or ())), token.span)
        if not word:
            self.fail("DA703", "no permission is asked for", token.span)
        return word

    def items(self, token: Token) -> list[str]:
        """The words of a list, or of a comma list written without parentheses."""
        return [item for item in re.split(r"[, \t\r\n\f\v]+", token.raw) if item]

    def choice(self, kind: str, token: Token, known: Iterable[str]) -> str:
        """A word that must be one of a kind."""
        known = tuple(known)
        if token.raw not in known or token.quoted:
            self.unknown("DA708", kind, token.raw, known, token.span)
        return token.raw

    def _decode(self, raw: str, token: Token) -> str:
        if token.listed:
            self.fail("DA706", "one value is expected here, not a list", token.span)
        if "\\" not in raw:
            return raw
        start = token.span.text.index(raw) + token.span.start
        out: list[str] = []
        pos = 0
        while (at := raw.find("\\", pos)) >= 0:
            out.append(raw[pos:at])
            match = _ESCAPE.match(raw, at)
            if match is None:
                self.fail(
                    "DA706",
                    "this escape is not known",
                    self._span(start + at, start + min(at + 2, len(raw))),
                    help=(r"write a byte as `\x20` or `\040`, a backslash as `\\`",),
                )
            hexadecimal, octal, other = match.groups()
            out.append(other or chr(int(hexadecimal, 16) if hexadecimal else int(octal, 8)))
            pos = match.end()
        out.append(raw[pos:])
        return "".join(out)

    # -- what is wrong ------------------------------------------------------------------------------------

    def key_span(self, token: Token) -> Span:
        return self._span(token.span.start, token.span.start + len(token.key))

    def unknown(self, code: str, kind: str, name: str, known: Iterable[str], span: Span) -> NoReturn:
        """Say that a word is not one of its kind, and which one may be meant."""
        known = tuple(known)
        near = get_close_matches(name[:64].lower().removeprefix("cap_").removeprefix("sig"), known, 1, 0.6)
        fix = Fix(span, near[0], safe=False, message=f"write `{near[0]}`") if near else None
        help = (f"did you mean `{near[0]}`?",) if near else ()
        if not near and len(known) <= 16:
            help = ("known: " + ", ".join(known),)
        self.fail(code, f"unknown {kind} `{_shown(name)}`", span, help=help, fix=fix)

    def fail(
        self,
        code: str,
        message: str,
        span: Span,
        *,
        label: str = "",
        help: tuple[str, ...] = (),
        fix: Fix | None = None,
    ) -> NoReturn:
        example = (f"example: {self.example}",) if self.example else ()
        raise DiagnosticError([Diagnostic(code, message, span, label=label, help=help + example, fix=fix)])


def _shown(name: str) -> str:
    return name if len(name) <= 40 else name[:40] + "…"


def quote(value: bytes | str, *, key: str = "") -> str:
    """The spelling of a value, bare where that reads back as the same value.

    >>> quote(b"/tmp/a b"), quote(b"/etc/x"), quote(b"\\xff")
    ('"/tmp/a b"', '/etc/x', '\\\\xff')
    """
    text = value.decode("latin-1") if isinstance(value, bytes) else value
    spelled = "".join(
        "\\" + char if char in '"\\' else char if " " <= char <= "~" else f"\\x{ord(char):02x}" for char in text
    )
    if _NEEDS_QUOTES.search(spelled):
        spelled = f'"{spelled}"'
    return f"{key}={spelled}" if key else spelled


def path_word(path: bytes) -> str:
    """The spelling of a path; one without a leading `/` is always quoted."""
    spelled = quote(path)
    return spelled if path.startswith(b"/") or spelled.startswith('"') else f'"{spelled}"'


def names_of(word: int, names: Mapping[str, int]) -> str:
    """A permission word by its names, bits that have none as one number.

    >>> names_of(0x6, {"send": 2, "receive": 4}), names_of(0x82, {"send": 2})
    ('send,receive', 'send,0x80')
    """
    parts: list[str] = []
    for name, bits in names.items():
        if word & bits == bits:
            parts.append(name)
            word &= ~bits
    return ",".join([*parts, f"0x{word:x}"] if word else parts)
