"""Includes, abi, aliases and variables."""

import re
from typing import NoReturn

from dockarmor.syntax.condition import parse_expression
from dockarmor.syntax.cursor import Cursor, Word
from dockarmor.syntax.tree import Abi, Alias, BoolVariable, Include, SetVariable

#: how many values one assignment may give
MAX_VALUES = 100_000

INCLUDE = re.compile(r"#include|include(?=[ \t\r\n])")
_IF_EXISTS = re.compile(r"[ \t]+if[ \t]+exists(?=[ \t])")
_PLACE = re.compile(r'[ \t]*(?:< *("?)(?P<magic>[^<>"\n\t]*?)\1 *>|"([^"\n]+)"|([^ \t\r\n"!,<>]+))')
# The operator of a set may stand on a later line.
ASSIGNMENT = re.compile(r"@(?:\{(\w+)\}|(\w+))(?:[ \t\n]++(?:#(?!include)[^\n]*+\n)?)*+([+?:]?=)", re.ASCII)
_BOOL_ASSIGNMENT = re.compile(r"\$(?:\{(\w+)\}|(\w+))[ \t]*([+?:]?=)", re.ASCII)
_VALUE = re.compile(r'(?:[^ \t\r\n"!,\\]++|,(?=[^ \t\r\n"!,])|\\[^\r\n]?)++')
_BETWEEN_VALUES = re.compile(r"(?:[ \t]|\\\n)*")
_BEFORE_CONDITION = re.compile(r"(?:[ \t\n]|\\\n|#(?!include)[^\n]*+\n)*+")
_LINE_END = re.compile(r"[ \t]*(?:#[^\n]*)?(?:\r?\n|\Z)")
# As in rules: absolute, a label, or a variable with more behind it.
_ALIAS_SOURCE = re.compile(
    r'(?:/|&|:(?!=)|@\{\w+\}(?=[^ \t\r\n"!,+?=:]))(?:[^ \t\r\n"!,\\]++|,(?=[^ \t\r\n"!,])|\\[^\r\n]?)*+',
    re.ASCII,
)


def parse_include(cursor: Cursor) -> Include:
    """include = ("include" | "#include") [ "if" "exists" ] ( "<" path ">" | quoted | path )   (no comma)"""
    start = cursor.pos
    match = cursor.match(INCLUDE)
    assert match is not None
    cursor.pos = match.end()
    exists = cursor.match(_IF_EXISTS)
    if exists:
        cursor.pos = exists.end()
    place = cursor.match(_PLACE)
    if place is None or not _named(place):
        cursor.fail(
            "DA010",
            "an include names no file",
            start,
            cursor.pos,
            help=("write `include <abstractions/base>`, or a path in quotes",),
        )
    cursor.pos = place.end()
    path = place["magic"] or place[3] or place[4]
    return Include(path, place["magic"] is not None, exists is not None, cursor.span(start))


def parse_abi(cursor: Cursor, start: int) -> Abi:
    """abi = "abi" ( "<" path ">" | quoted | path ) "," """
    cursor.skip(comments=False)
    place = cursor.match(_PLACE)
    if place is None or not _named(place):
        cursor.fail("DA011", "`abi` names no file", start, cursor.pos, help=("write `abi <abi/4.0>,`",))
    cursor.pos = place.end()
    cursor.expect(",", "DA012", "an abi rule ends with a comma", comments=False)
    return Abi(place["magic"] or place[3] or place[4], place["magic"] is not None, cursor.span(start))


def parse_alias(cursor: Cursor, start: int) -> Alias:
    """alias = ("alias" | "rewrite") path "->" id "," """
    source = cursor.value(_ALIAS_SOURCE)
    if source is None or (source.span.text.startswith('"') and not source.text.startswith(("/", "@", ":", "&"))):
        _no_path(cursor, "an alias begins with a path")
    cursor.expect("->", "DA013", "an alias has `->` between its paths")
    target = cursor.value(comments=False)
    if target is None:
        _no_path(cursor, "an alias ends in a path")
    cursor.expect(",", "DA012", "an alias ends with a comma")
    return Alias(source, target, cursor.span(start))


def _no_path(cursor: Cursor, message: str) -> NoReturn:
    cursor.skip()
    help = ("write `alias /from/ -> /to/,`; paths begin with `/` or a variable",)
    cursor.fail("DA013", message, cursor.pos, cursor.pos + 1, label="expected a path here", help=help)


def parse_assignment(cursor: Cursor) -> SetVariable | BoolVariable | None:
    """assignment = "@{" NAME "}" op value { value } NEWLINE | "${" NAME "}" op expression NEWLINE

    None where no assignment stands here.
    """
    start = cursor.pos
    match = cursor.match(ASSIGNMENT)
    if match is None:
        match = cursor.match(_BOOL_ASSIGNMENT)
        return None if match is None else _boolean(cursor, start, match)
    name = _name(cursor, match)
    cursor.pos = match.end()
    values = []
    while True:
        _past(cursor, _BETWEEN_VALUES)
        end = cursor.match(_LINE_END)
        if end is not None:
            break
        value = cursor.value(_VALUE)
        if value is None:
            _stray(cursor)
        values.append(value)
        if len(values) > MAX_VALUES:
            cursor.fail("DA009", f"@{{{name}}} gets more than {MAX_VALUES} values", start, match.end())
    if not values:
        cursor.fail(
            "DA014",
            f"@{{{name}}} gets no value",
            start,
            cursor.pos,
            help=('write `""` for the empty value',),
        )
    return SetVariable(name, match[3], tuple(values), cursor.span(start))


def _boolean(cursor: Cursor, start: int, match: re.Match[str]) -> BoolVariable:
    name = _name(cursor, match)
    cursor.pos = match.end()
    if match[3] == "+=":
        help = ("write `:=` to give it another value",)
        cursor.fail("DA015", "`+=` adds to sets, not to a boolean", start, match.end(), help=help)
    _past(cursor, _BEFORE_CONDITION)
    value = parse_expression(cursor)
    written = cursor.span(start)
    _past(cursor, _BETWEEN_VALUES)
    if cursor.match(_LINE_END) is None:
        cursor.fail("DA018", "only one condition stands on this line", cursor.pos, cursor.pos + 1)
    return BoolVariable(name, match[3], value, written)


def _named(place: re.Match[str]) -> bool:
    return bool(place[4] or (place["magic"] or place[3] or "").strip(" \t"))


def _past(cursor: Cursor, pattern: re.Pattern[str]) -> None:
    found = cursor.match(pattern)
    cursor.pos = found.end() if found else cursor.pos


def _name(cursor: Cursor, match: re.Match[str]) -> Word:
    group = 1 if match[1] else 2
    if not match[group][0].isalpha():
        cursor.fail("DA016", f"a variable's name begins with a letter: `{match[group]}`", match.start(), match.end())
    return Word(match[group], cursor.span(match.start(), match.end(group)))


def _stray(cursor: Cursor) -> NoReturn:
    if cursor.peek() == ",":
        cursor.fail(
            "DA017",
            "values of a variable are separated by blanks, and no comma ends them",
            cursor.pos,
            cursor.pos + 1,
            help=("for a value with a comma in it use quotes",),
        )
    help = ("put the value in quotes",)
    cursor.fail("DA018", "this cannot stand in a variable's value", cursor.pos, cursor.pos + 1, help=help)
