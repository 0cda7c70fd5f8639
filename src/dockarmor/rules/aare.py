"""The pattern language of policy text (AARE) and its translation into the dialect of the automata room.

Source: apparmor.d(5), GLOBBING. Where the reference parser is odd, docs/decisions/0003-patterns.md says what
we do instead. Text comes here after the lexer's escapes and variable expansion.
"""

import re
from functools import lru_cache

from dockarmor.syntax.cursor import MAX_WORD
from dockarmor.text.diagnostic import Diagnostic, DiagnosticError
from dockarmor.text.regex import regex
from dockarmor.text.source import Span

#: any number of bytes, no NUL: what an absent part of a rule matches
ANY = b"[^\\x00]*"
#: at least one byte, no NUL
ANYONE = b"[^\\x00][^\\x00]*"

#: how deep `{}` may nest (upstream: 50 open braces are too many)
MAX_DEPTH = 49

_SLASHES = regex(r"//+")
_GLOB = regex(r"\\[\s\S]|[{}\[\]*?,]")
#: a stretch without meaning of its own in AARE text and without any in the dialect
_PLAIN = regex(r"[^\\*?\[\]{},^$.+|()\x00]+")
#: Text that `_replaced` can translate: no escape, no `?`, and of classes those that say the same in the dialect, with
#: ranges that are surely in order.
_EASY = regex(
    r"(?:[^\\?\[\]^$+|()\x00]++|\[\^?+[-[]?+(?:0-[0-9]|[1-9]-9|1-[1-9]|a-[fz]|A-[FZ]|[A-Za-z0-9_](?!-))++\])*+"
)
_GROUP = regex(r"\{[^{},]*+(?:,[^{},]*+)++\}")
_STARS = regex(r"\*++")
_ESCAPE = regex(r"\\(?:x([0-9A-Fa-f]{1,2})|d([0-9]{1,3})|([0-7]{1,3})|([\s\S]))")
_NAMED = {"a": "\a", "e": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_ESCAPED_BYTE = regex(rb"\\[\s\S]")
_ATOM = regex(rb"\\x[0-9A-Fa-f]{2}|\\[\s\S]|\[(?:\\[\s\S]|[^\]\\])*\]|[\s\S]")
_SPECIAL = frozenset("\\*?[]{},^$.+|()-")


def to_pattern(text: str, *, null_allowed: bool = False, span: Span | None = None) -> bytes:
    """Translate AARE text into a byte pattern of the automata dialect.

    `?` and `*` stop at `/`, and like `**` at NUL, unless `null_allowed`. A star right after a `/` takes at
    least one character when the path component ends after it. `span` is where the text stands; errors point
    into it. Raises DiagnosticError (DA301 to DA309, DA311).

    >>> to_pattern("/etc/{passwd,group}*")
    b'/etc/(passwd|group)[^/\\\\x00]*'
    >>> to_pattern("/etc/**")
    b'/etc/[^/\\\\x00][^\\\\x00]*'
    """
    if len(text) > MAX_WORD:
        message = f"this pattern has more than {MAX_WORD} bytes; no path is that long"
        raise DiagnosticError([Diagnostic("DA311", message, span)])
    try:
        return _translate(text, null_allowed)
    except _Fault as fault:
        raise DiagnosticError([fault.diagnostic(text, span)]) from None


def is_exact(pattern: bytes) -> bool:
    """Is there no star, no `.` and no negated class in a pattern of the dialect?

    An exec transition of an exact rule beats one of a glob rule.

    >>> is_exact(to_pattern("/bin/{sh,[b-d]ash}")), is_exact(to_pattern("/bin/?sh"))
    (True, False)
    """
    if b"\\" in pattern:
        pattern = _ESCAPED_BYTE.sub(b"", pattern)
    return not (b"*" in pattern or b"." in pattern or b"[^" in pattern)


def filter_slashes(text: str) -> str:
    """Collapse runs of slashes, but keep exactly two at the beginning (apparmor.d(5): posix namespace).

    >>> filter_slashes("/a//b///"), filter_slashes("//a"), filter_slashes("///a")
    ('/a/b/', '//a', '/a')
    """
    if "//" not in text:
        return text
    keep = "/" if text.startswith("//") and not text.startswith("///") else ""
    return keep + _SLASHES.sub("/", text)


def escape_literal(text: str) -> str:
    """Escape what would glob, so that a name matches only itself; what is escaped already stays.

    >>> escape_literal("/usr/bin/[a],b*")
    '/usr/bin/\\\\[a\\\\]\\\\,b\\\\*'
    """
    return _GLOB.sub(lambda match: match.group() if len(match.group()) > 1 else "\\" + match.group(), text)


def minimum_length(pattern: bytes) -> int:
    """Length in bytes of the shortest string that a pattern of the dialect matches (the blob's xmatch_len).

    >>> minimum_length(to_pattern("/usr/bin/{foo,quux}*"))
    12
    """
    levels: list[list[int]] = [[0]]
    last = 0
    for match in _ATOM.finditer(pattern):
        token = match.group()
        if token == b"(":
            levels.append([0])
        elif token == b"|":
            levels[-1].append(0)
        elif token == b")":
            last = min(levels.pop())
            levels[-1][-1] += last
        elif token == b"*":
            levels[-1][-1] -= last
        else:
            last = 1
            levels[-1][-1] += 1
    return min(levels[0])


#: what can be wrong: message, what stands under the caret, what to write instead
_FAULTS = {
    "DA301": (
        "this alternation is never closed",
        "its `}` is missing",
        "close it, or write `\\{` for the character itself; a pattern with blanks in it needs quotes",
    ),
    "DA302": (
        "this `}` closes no alternation",
        "no `{` is open here",
        "write `\\}` for the character itself",
    ),
    "DA303": (
        "an alternation needs at least two branches",
        "there is no comma in it",
        "remove the braces, or end it with `,}` if the branch may be absent",
    ),
    "DA304": (
        f"alternations nest more than {MAX_DEPTH} deep",
        "one brace too many",
        "write the alternatives side by side, or split the rule",
    ),
    "DA305": (
        "this class is never closed",
        "its `]` is missing",
        "close it, or write `\\[` for the character itself; a pattern with blanks in it needs quotes",
    ),
    "DA306": (
        "this `]` closes no class",
        "no `[` is open here",
        "write `\\]` for the character itself, in a class too: `[\\]a]`",
    ),
    "DA307": (
        "this class is empty",
        "it could match nothing",
        "name the characters; for a `]` in a class write `\\]`",
    ),
    "DA308": (
        "this `-` is neither a range nor first in its class",
        "between which characters?",
        "for the character itself put `-` first in the class, or write `\\-`",
    ),
    "DA309": (
        "the pattern ends in a backslash",
        "it escapes nothing",
        "write `\\\\` for a backslash",
    ),
}
_NO_POSIX = "there are no POSIX classes like `[:alpha:]`; write ranges, as in `[A-Za-z]`"


class _Fault(Exception):
    """A mistake in a pattern, by offsets into its text."""

    def __init__(self, code: str, start: int, end: int, help: str | None = None) -> None:
        super().__init__(code)
        self.code, self.start, self.end, self.help = code, start, end, help

    def diagnostic(self, text: str, span: Span | None) -> Diagnostic:
        message, label, help = _FAULTS[self.code]
        notes: tuple[str, ...] = ()
        at = span.text.find(text) if span is not None else -1
        if span is not None and at >= 0:  # the source says it just so: point at the very letter
            span = Span(span.source, span.start + at + self.start, span.start + at + self.end)
        else:
            notes = (f"in the pattern `{text}`",)
        return Diagnostic(self.code, message, span, label=label, help=(self.help or help,), notes=notes)


@lru_cache(maxsize=16384)
def _translate(text: str, null_allowed: bool) -> bytes:
    nul = "" if null_allowed else "\\x00"
    single = f"[^/{nul}]"
    many = "." if null_allowed else "[^\\x00]"
    easy = _replaced(text, single, many)
    return _read(text, single, many) if easy is None else easy.encode("latin-1")


def _replaced(text: str, single: str, many: str) -> str | None:
    """The translation of nearly all texts, which is found by replacing; None for others, and for what is wrong."""
    if not _EASY.fullmatch(text):
        return None
    if "," in text or "{" in text or "}" in text:
        rest = text
        for _ in range(MAX_DEPTH):  # the innermost alternations go, until none is left
            rest, count = _GROUP.subn("", rest)
            if not count:
                break
        if "," in rest or "{" in rest or "}" in rest:
            return None
        text = text.replace("{", "(").replace(",", "|").replace("}", ")")
    text = text.replace(".", "\\.")
    if "[" in text:
        for first in "-[":
            text = text.replace("[" + first, "[\\" + first).replace("[^" + first, "[^\\" + first)
    if "*" not in text:
        return text

    def star(found: re.Match[str]) -> str:
        at, stop = found.span()
        star = (many if stop - at > 1 else single) + "*"
        return single + star if text[at - 1 : at] == "/" and text[stop : stop + 1] in ("", "/") else star

    return _STARS.sub(star, text)


def _read(text: str, single: str, many: str) -> bytes:
    """Character by character."""
    out: list[str] = []
    opened: list[int] = []  # offsets of open braces
    commas: list[int] = []  # how many commas each has seen
    pos, end = 0, len(text)
    while pos < end:
        plain = _PLAIN.match(text, pos)
        if plain:
            out.append(plain.group())
            pos = plain.end()
            continue
        start, char = pos, text[pos]
        pos += 1
        if char == "*":
            while text.startswith("*", pos):
                pos += 1
            if out and out[-1].endswith("/") and (pos == end or text[pos] == "/"):
                out.append(single)
            out.append((many if pos - start > 1 else single) + "*")
        elif char == "?":
            out.append(single)
        elif char == "[":
            group, pos = _char_class(text, start, single, many)
            out.append(group)
        elif char == "\\":
            literal, pos = _escape_at(text, start)
            out.append(_literal(literal))
        elif char == "{":
            if len(opened) == MAX_DEPTH:
                raise _Fault("DA304", start, pos)
            opened.append(start)
            commas.append(0)
            out.append("(")
        elif char == "," and opened:
            commas[-1] += 1
            out.append("|")
        elif char == "}":
            if not opened:
                raise _Fault("DA302", start, pos)
            brace = opened.pop()
            if not commas.pop():
                raise _Fault("DA303", brace, pos)
            out.append(")")
        elif char == "]":
            raise _Fault("DA306", start, pos, _NO_POSIX if text.endswith(":]", 0, start) else None)
        else:
            out.append(_literal(char))
    if opened:
        raise _Fault("DA301", opened[-1], opened[-1] + 1)
    return "".join(out).encode("latin-1")


def _literal(char: str) -> str:
    if char == "\0":
        return "\\x00"
    return "\\" + char if char in _SPECIAL else char


def _escape_at(text: str, pos: int) -> tuple[str, int]:
    """The character that a backslash at `pos` stands for, and the offset behind it."""
    match = _ESCAPE.match(text, pos)
    if match is None:
        raise _Fault("DA309", pos, pos + 1)
    hexadecimal, decimal, octal, other = match.groups()
    if other is not None:
        return _NAMED.get(other, other), match.end()
    digits, base = (hexadecimal, 16) if hexadecimal else (decimal, 10) if decimal else (octal, 8)
    stop = match.end()
    while int(digits, base) > 255:
        digits, stop = digits[:-1], stop - 1
    return chr(int(digits, base)), stop


def _char_class(text: str, start: int, single: str, many: str) -> tuple[str, int]:
    """Read the class at `start`: its form in the dialect, and the offset behind it.

        class = "[" ["^"] ["-"] { char ["-" char] } "]"

    Every character but `]`, the backslash, `*` and `?` stands for itself; a `-` that is not first is a range.
    """
    pos = start + 1
    negated = text.startswith("^", pos)
    first = pos = pos + negated
    items: list[str] = []
    while True:
        char = text[pos : pos + 1]
        if not char:
            raise _Fault("DA305", start, start + 1)
        if char == "]":
            break
        if char in "*?":
            head = f"[{'^' if negated else ''}{''.join(items)}"
            return _broken_class(text, start, pos, head, single, many)
        if char == "-" and pos > first:
            raise _Fault("DA308", pos, pos + 1)
        low, pos = _escape_at(text, pos) if char == "\\" else (char, pos + 1)
        if text.startswith("-", pos):
            char = text[pos + 1 : pos + 2]
            if char in ("", "]", "-"):
                raise _Fault("DA308", pos, pos + 1)
            if char in "*?":  # the range ends at the first character of the glob's translation
                edge = (many if text.startswith("**", pos + 1) else single)[0]
                items.append(f"{_literal(min(low, edge))}-{_literal(max(low, edge))}")
                pos += 1
                continue
            high, pos = _escape_at(text, pos + 1) if char == "\\" else (char, pos + 2)
            items.append(f"{_literal(min(low, high))}-{_literal(max(low, high))}")
        else:
            items.append(_literal(low))
    if not items:
        raise _Fault("DA307", start, pos + 1)
    return f"[{'^' if negated else ''}{''.join(items)}]", pos + 1


def _broken_class(text: str, start: int, pos: int, head: str, single: str, many: str) -> tuple[str, int]:
    """A class with a glob in it, at `pos`: what apparmor_parser makes of it, and so every kernel there is.

    It writes the glob's translation into the class, whose first `]` then closes it; a star repeats the class,
    and what follows, the author's own `]` included, is text (docs/decisions/0003-patterns.md). docker-default
    as Docker's manual prints it has such a class.
    """
    out = []
    inside = True
    while (char := text[pos : pos + 1]) != "]":
        if not char:
            raise _Fault("DA305", start, start + 1)
        if char in "*?":
            stop = pos + 1 + text.startswith("**", pos)
            glob = many if stop - pos > 1 else single
            star = "*" if char == "*" else ""
            if star and text[pos - 1] == "/" and text[pos:].lstrip("*")[:1] == "/":  # one character at least
                out.append(f"{head}{_inside_class(single)}]" if inside else single)
                inside = False
            if inside and glob != ".":
                out.append(f"{head}{_inside_class(glob)}]{star}")
                inside = False
            elif inside:
                head += "\\.\\*"
            else:
                out.append(glob + star)
            pos = stop
            continue
        literal, pos = _escape_at(text, pos) if char == "\\" else (char, pos + 1)
        if inside:
            head += _literal(literal)
        else:
            out.append(_literal(literal))
    return (f"{head}]" if inside else "".join(out) + "\\]"), pos + 1


def _inside_class(glob: str) -> str:
    """The characters that a glob's own class `[^…]` adds to the class around it."""
    return "\\[\\^" + glob[2:-1]
