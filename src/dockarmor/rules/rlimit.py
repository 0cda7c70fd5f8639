"""Resource limits: `set rlimit nofile <= 1024,`.

Source: apparmor.d(5), RLIMIT RULES; security/apparmor/resource.c. The kernel lowers a task's hard limits to
these when it enters the profile, and refuses to raise them again.
"""

from collections.abc import Iterator
from typing import NoReturn

from dockarmor.rules.conditions import shown
from dockarmor.rules.kind import PLAIN, Kind, LimitEntry, Qualifiers, Scope
from dockarmor.syntax.cursor import Cursor, Word
from dockarmor.text.diagnostic import Diagnostic, DiagnosticError, Fix
from dockarmor.text.regex import regex
from dockarmor.text.source import Span
from dockarmor.value import field, frozen

#: the kernel's numbers (include/uapi/asm-generic/resource.h); a name's place is its number
RESOURCES = (
    *("cpu", "fsize", "data", "stack", "core", "rss", "nproc", "nofile", "memlock", "as", "locks"),
    *("sigpending", "msgqueue", "nice", "rtprio", "rttime"),
)
_SYNONYMS = {"ofile": "nofile"}
_BYTES = frozenset(("fsize", "data", "stack", "core", "rss", "as", "memlock", "msgqueue"))
INFINITY = 2**64 - 1
_SIZES = {"K": 1 << 10, "KB": 1 << 10, "M": 1 << 20, "MB": 1 << 20, "G": 1 << 30, "GB": 1 << 30}
#: microseconds
_TIMES = {
    **dict.fromkeys(("us", "microsecond", "microseconds"), 1),
    **dict.fromkeys(("ms", "millisecond", "milliseconds"), 1000),
    **dict.fromkeys(("s", "sec", "second", "seconds"), 1_000_000),
    **dict.fromkeys(("min", "minute", "minutes"), 60_000_000),
    **dict.fromkeys(("h", "hour", "hours"), 3_600_000_000),
    **dict.fromkeys(("d", "day", "days"), 86_400_000_000),
    **dict.fromkeys(("week", "weeks"), 604_800_000_000),
}
#: what one means without a unit, and the unit in which the kernel counts, in microseconds
_TIME_BASE = {"cpu": 1_000_000, "rttime": 1}

_RLIMIT = regex(r"rlimit(?![A-Za-z0-9_])")
_NAME = regex(r"[A-Za-z]+")
_NUMBER = regex(r"-?[0-9]+")
_INFINITY = regex(r"infinity(?![A-Za-z0-9_])")
_UNIT = regex(r"(?!infinity)[A-Za-z]+")
#: longest run of digits that can be a limit
_MAX_DIGITS = 24


@frozen
class LimitRule:
    """`amount` is None for infinity; `unit` as it was written, empty where none was."""

    resource: str
    amount: int | None
    unit: str
    qualifiers: Qualifiers
    span: Span = field(compare=False, repr=False)

    @property
    def value(self) -> int:
        """In the kernel's unit: bytes, seconds (cpu), microseconds (rttime), a count; nice is 20 more."""
        if self.amount is None:
            return INFINITY
        if self.resource in _TIME_BASE:
            base = _TIME_BASE[self.resource]
            return self.amount * _TIMES.get(self.unit, base) // base
        if self.resource == "nice":
            return self.amount + 20
        return self.amount * _SIZES.get(self.unit, 1)


def parse(cursor: Cursor, qualifiers: Qualifiers, start: int) -> LimitRule:
    """The cursor stands after `set`.

    limit    = "set" "rlimit" resource "<=" ( number [ unit ] | "infinity" [ unit ] ) ","
    number   = ["-"] digits         a leading 0 makes it octal
    unit     = K | KB | M | MB | G | GB  for sizes,  us | ms | s | min | h | d | week … for cpu and rttime
    """
    if qualifiers != PLAIN or qualifiers.spans:
        spans = list(qualifiers.spans.values()) or [cursor.span(start)]
        _fail(
            cursor,
            "DA289",
            "a limit takes no qualifiers",
            spans[0],
            help="limits cannot be audited or denied",
        )
    if cursor.read(_RLIMIT) is None:
        _expected(cursor, "`rlimit` after `set`")
    name = cursor.read(_NAME, comments=False)
    if name is None:
        _expected(cursor, "the name of a resource")
    resource = _SYNONYMS.get(name.text, name.text)
    if resource not in RESOURCES:
        _unknown(cursor, "DA283", "resource", name, RESOURCES)
    if not cursor.accept("<=", comments=False):
        _expected(cursor, "`<=`")
    amount, number = _number(cursor)
    unit = cursor.read(_UNIT, comments=False)
    if not cursor.accept(",", comments=False):
        _expected(cursor, "a unit or the `,` that ends the rule" if unit is None else "the `,` that ends the rule")
    written = "" if unit is None or amount is None else unit.text
    rule = LimitRule(resource, amount, written, qualifiers, cursor.span(start))
    if amount is not None:
        _check(cursor, rule, number, unit)
    return rule


def _number(cursor: Cursor) -> tuple[int | None, Word]:
    infinite = cursor.read(_INFINITY, comments=False)
    if infinite is not None:
        return None, infinite
    number = cursor.read(_NUMBER, comments=False)
    if number is None:
        _expected(cursor, "a number or `infinity`")
    digits = number.text.removeprefix("-")
    octal = len(digits) > 1 and digits[0] == "0"
    if len(digits) > _MAX_DIGITS:
        _too_large(cursor, number)
    if octal and ("8" in digits or "9" in digits):
        help = f"a leading 0 makes it octal; write `{int(digits)}`"
        _fail(cursor, "DA284", f"`{number}` is no number", number.span, help=help)
    amount = int(digits, 8 if octal else 10)
    return (-amount if number.text.startswith("-") else amount), number


def _check(cursor: Cursor, rule: LimitRule, number: Word, unit: Word | None) -> None:
    amount = rule.amount or 0
    if rule.resource == "nice":
        if not -20 <= amount <= 19:
            _fail(cursor, "DA285", f"`nice` goes from -20 to 19, not to {amount}", number.span)
    elif amount < 0:
        _fail(cursor, "DA285", f"a limit of `{rule.resource}` cannot be negative", number.span)
    if unit is not None:
        units = _TIMES if rule.resource in _TIME_BASE else _SIZES if rule.resource in _BYTES else {}
        if not units:
            _fail(cursor, "DA286", f"`{rule.resource}` is a plain number, it takes no unit", unit.span)
        if unit.text not in units:
            _unknown(cursor, "DA286", "unit", unit, units)
    if rule.value > INFINITY:
        _too_large(cursor, number)
    if rule.resource in _TIME_BASE and (amount or unit is not None) and not rule.value:
        unit_word = "second" if rule.resource == "cpu" else "microsecond"
        help = f"the kernel counts whole {unit_word}s; for none at all write a bare 0"
        message = f"a limit of `{rule.resource}` below one {unit_word}"
        _fail(cursor, "DA285", message, number.span, help=help)


def _too_large(cursor: Cursor, number: Word) -> NoReturn:
    help = "write `infinity` for no limit"
    _fail(cursor, "DA285", f"`{shown(number.text)}` is more than the kernel can count", number.span, help=help)


def _unknown(cursor: Cursor, code: str, kind: str, word: Word, known: "tuple[str, ...] | dict[str, int]") -> NoReturn:
    from difflib import get_close_matches

    folded = {name.lower(): name for name in known}
    near = get_close_matches(word.text[:32].lower(), folded, 1, 0.7)
    help = f"did you mean `{folded[near[0]]}`?" if near else "known: " + ", ".join(known)
    fix = Fix(word.span, folded[near[0]], safe=False, message=f"write `{folded[near[0]]}`") if near else None
    _fail(cursor, code, f"unknown {kind} `{shown(word.text)}`", word.span, help=help, fix=fix)


def _expected(cursor: Cursor, what: str) -> NoReturn:
    cursor.skip(comments=False)
    end = cursor.pos if cursor.at_end() else cursor.pos + 1
    _fail(cursor, "DA282", "this limit is not complete", cursor.span(cursor.pos, end), label=f"expected {what}")


def _fail(
    cursor: Cursor,
    code: str,
    message: str,
    span: Span,
    *,
    label: str = "",
    help: str | None = None,
    fix: Fix | None = None,
) -> NoReturn:
    helps = (help,) if help else ()
    raise DiagnosticError(
        [Diagnostic(code, message, span, label=label, help=helps, fix=fix, includes=cursor.includes)]
    )


def write(rule: LimitRule) -> str:
    amount = "infinity" if rule.amount is None else f"{rule.amount}{rule.unit}"
    return f"set rlimit {rule.resource} <= {amount},"


def encode(rule: LimitRule, scope: Scope) -> Iterator[LimitEntry]:
    yield LimitEntry(RESOURCES.index(rule.resource), rule.value)


KIND = Kind(
    "rlimit",
    keywords=("set",),
    rules=(LimitRule,),
    requests=(),
    parse=parse,
    write=write,
    encode=encode,
)
