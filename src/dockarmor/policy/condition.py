"""What the conditions of `if` and of boolean variables come to, with the variables known at that place."""

from collections.abc import Mapping
from typing import NoReturn

from dockarmor.policy.variables import Variables
from dockarmor.syntax.cursor import Word
from dockarmor.syntax.lexer import BOOL_VARIABLE, SET_VARIABLE
from dockarmor.syntax.tree import Expression
from dockarmor.text.diagnostic import Diagnostic, DiagnosticError
from dockarmor.text.regex import regex
from dockarmor.text.source import Span
from dockarmor.value import frozen

#: digits that are looked at; no number of 64 bits has more
MAX_DIGITS = 64
_NUMBER = regex(r"[ \t\n\v\f\r]*([+-]?)(?:0[xX]([0-9a-fA-F]+)|(0[0-7]*)|([1-9][0-9]*))")


@frozen
class Known:
    """The sets and booleans that are defined."""

    variables: Variables
    booleans: Mapping[str, bool]


def holds(expression: Expression, known: Known) -> bool:
    """Evaluate. Both sides of `and` and `or` are looked at, as upstream does: a mistake in either is one.

    Raises DiagnosticError (DA120 to DA123).
    """
    operator, parts = expression.operator, expression.parts
    if operator in ("and", "or", "not"):
        values = [holds(part, known) for part in parts if isinstance(part, Expression)]
        return not values[0] if operator == "not" else all(values) if operator == "and" else any(values)
    words = [part for part in parts if isinstance(part, Word)]
    if operator == "defined":
        name = _name(words[0])
        return name in (known.booleans if words[0].text.startswith("$") else known.variables.sets)
    if operator == "bool":
        name = _name(words[0])
        if name not in known.booleans:
            _fail("DA120", f"the boolean ${{{name}}} is not defined", words[0].span, _defined(name, known.booleans))
        return known.booleans[name]
    if operator == "word":
        text = words[0].text.lower()
        if text not in ("true", "false"):
            help = f"the boolean of this name is written `${{{words[0]}}}`" if words[0].text in known.booleans else ""
            _fail("DA121", "a condition is `true`, `false`, a boolean or a comparison", words[0].span, help)
        return text == "true"
    return _compare(operator, words[0], words[1], known, expression.span)


def _compare(operator: str, left: Word, right: Word, known: Known, span: Span) -> bool:
    a, b = _values(left, known), _values(right, known)
    if operator == "==":
        return a == b
    if operator == "!=":
        return a != b
    if operator == "in":
        return a <= b
    first, second = _number(a, span), _number(b, span)
    if (first is None) != (second is None):
        _fail("DA122", "numbers are only compared with numbers", span)
    if first is None or second is None:
        low, high = sorted(a), sorted(b)
        return {"<": low < high, "<=": low <= high, ">": low > high, ">=": low >= high}[operator]
    return {"<": first < second, "<=": first <= second, ">": first > second, ">=": first >= second}[operator]


def _values(word: Word, known: Known) -> frozenset[str]:
    if BOOL_VARIABLE.fullmatch(word.text):
        _fail("DA123", f"{word} is a boolean; sets are written @{{NAME}}", word.span)
    if word.text in ("@", "@{}"):  # for upstream, too, variables without a name, not words
        _fail("DA110", f"{word} names no variable", word.span)
    if not SET_VARIABLE.fullmatch(word.text):
        return frozenset((word.text,))
    return frozenset(known.variables.values(_name(word), word.span))


def _number(values: frozenset[str], span: Span) -> int | None:
    """A number as strtol(3) reads it: decimal, `0x` hexadecimal, or octal with a leading 0."""
    match = _NUMBER.fullmatch(next(iter(values))) if len(values) == 1 else None
    if match is None:
        return None
    digits = match[2] or match[3] or match[4]
    number = int(match[1] + digits[:MAX_DIGITS], 16 if match[2] else 8 if match[3] else 10)
    if len(digits) > MAX_DIGITS or not -(1 << 63) <= number < 1 << 63:
        _fail("DA122", "this number is beyond what 64 bits hold", span)
    return number


def _name(word: Word) -> str:
    return word.text.strip("@${} \t")


def _defined(name: str, booleans: Mapping[str, bool]) -> str:
    import difflib

    near = difflib.get_close_matches(name[:64], booleans, 1)
    if near:
        return f"did you mean `${{{near[0]}}}`?"
    return f"define it before the first profile, `${{{name[:60]}}} = true`, or ask `defined ${{{name[:60]}}}`"


def _fail(code: str, message: str, span: Span, help: str = "") -> NoReturn:
    raise DiagnosticError([Diagnostic(code, message, span, help=(help,) if help else ())])
