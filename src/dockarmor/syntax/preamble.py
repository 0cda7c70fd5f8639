"""Includes, abi, aliases and variables."""

import re
from typing import NoReturn

from dockarmor.syntax.condition import blank_missing, parse_assigned
from dockarmor.syntax.cursor import MAX_WORD, TRIVIA, Cursor, Word, decode_escapes
from dockarmor.syntax.lexer import LABEL, QUOTED, at_label
from dockarmor.syntax.tree import Abi, Alias, BoolVariable, Include, SetVariable
from dockarmor.text.diagnostic import Diagnostic, DiagnosticError, Fix
from dockarmor.text.regex import regex
from dockarmor.text.source import Span

#: how many values one assignment may give
MAX_VALUES = 100_000

INCLUDE = regex(r"#include|include(?=[ \t\r\n])")
_IF_EXISTS = regex(r"[ \t]+if[ \t]+exists(?=[ \t])")
_NAMED = r'(?:[^ \t\r\n"!,<>\\\x00]++|\\[ \t"!,]?|,[^ \t\r\n"!,<>\x00])++'
#: `<path>`, `<"path">`, `"path"`, or a path as it is, which may stand on a later line
_PLACE = regex(rf'(?:[ \t\n]|\r\n)*+(?:<([^">\t\r\n\x00]++)>|<({QUOTED.pattern})>|({QUOTED.pattern})|({_NAMED}))')
_PLACE_GOES_ON = regex(r'[^ \t\r\n"!,<>\x00]')
# The operator of a set may stand on a later line.
ASSIGNMENT = regex(r"@(?:\{(\w+)\}|(\w+))(?:(?:[ \t\n]|\r\n)++(?:#(?!include)[^\n]*+\n)?)*+([+?:]?=)", re.ASCII)
_BOOL_ASSIGNMENT = regex(r"\$(?:\{(\w+)\}|(\w+))[ \t]*([+?:]?=)", re.ASCII)
# What nearly all definitions are: no quote, no escape, all on one line, perhaps with a comment behind it. Behind a
# name `:=` needs a blank to be no label, and is left to those who know.
_PLAIN = r'[^ \t\r\n"!,\\#\x00]'
_LETTERS = rf"(?:{_PLAIN}++|,(?={_PLAIN}))++"
_PLAIN_ASSIGNMENT = regex(
    rf"{TRIVIA}*+(@\{{([A-Za-z][A-Za-z0-9_]*+))\}}[ \t]*+([+?]?=)[ \t]*+({_LETTERS})((?:[ \t]++{_LETTERS})*+)[ \t]*+"
    r"(?=\n|(?<=[ \t])#(?!include)[^\n]*+\n)"
)
_PLAIN_VALUE = regex(_LETTERS)
_PLAIN_ALIAS = regex(rf"[ \t]++(/{_LETTERS})[ \t]++->[ \t]++({_LETTERS}),(?=[ \t]*+\n)")
_GLUED_RULE = regex(r"[^\n]*[ \t][A-Za-z]+[ \t]*,")
_BETWEEN_VALUES = regex(r"(?:[ \t]|\\\n)*")
_LINE_END = regex(r"[ \t]*(?:#[^\n]*)?(?:\r?\n|\Z)")


def parse_include(cursor: Cursor) -> Include:
    """include = ("include" | "#include") [ "if" "exists" ] ( "<" path ">" | quoted | path )   (no comma)"""
    start = cursor.pos
    match = cursor.match(INCLUDE)
    assert match is not None
    cursor.pos = match.end()
    if match[0] == "#include" and cursor.text.find("\n", start, cursor.end) < 0:
        unfinished_line(cursor)
    exists = cursor.match(_IF_EXISTS)
    if exists:
        cursor.pos = exists.end()
    place = None if match[0] == "include" and cursor.peek() in "\r\n" else cursor.match(_PLACE)
    path = "" if place is None else _path(place)
    if place is None or (not path and not (exists and place[3])):
        cursor.fail(
            "DA010",
            "an include names no file",
            start,
            cursor.pos,
            help=("write `include <abstractions/base>`, or a path in quotes",),
        )
    cursor.pos = place.end()
    return Include(path, bool(place[1] or place[2]), exists is not None, cursor.span(start))


def parse_abi(cursor: Cursor, start: int) -> Abi:
    """abi = "abi" ( "<" path ">" | quoted | path ) "," """
    place = cursor.match(_PLACE)
    path = "" if place is None else _path(place)
    if place is None or not path:
        cursor.fail("DA011", "`abi` names no file", start, cursor.pos, help=("write `abi <abi/4.0>,`",))
    cursor.pos = place.end()
    cursor.expect(",", "DA012", "an abi rule ends with a comma", comments=False)
    if cursor.match(_PLACE_GOES_ON):
        blank_missing(cursor, cursor.pos)
    return Abi(path, bool(place[1] or place[2]), cursor.span(start))


def _path(place: re.Match[str]) -> str:
    """The path that was matched, without what surrounds it."""
    written = next(group for group in place.groups() if group)
    inner = written[1:-1] if written[0] == '"' else written.strip(" \f\v")
    return decode_escapes(inner) if "\\" in inner else inner


def parse_alias(cursor: Cursor, start: int) -> Alias:
    """alias = ("alias" | "rewrite") path "->" id "," """
    plain = cursor.match(_PLAIN_ALIAS)
    if plain and plain.end() - start < MAX_WORD:
        cursor.pos = plain.end()
        return Alias(_word(cursor, plain, 1), _word(cursor, plain, 2), cursor.span(start))
    source = cursor.value(LABEL)
    if source is None or (source.span.text.startswith('"') and not source.text.startswith(("/", "@", ":", "&"))):
        _no_path(cursor, "an alias begins with a path")
    cursor.expect("->", "DA013", "an alias has `->` between its paths")
    target = cursor.value(comments=False)
    if target is None:
        _no_path(cursor, "an alias ends in a path")
    cursor.expect(",", "DA012", "an alias ends with a comma")
    return Alias(source, target, cursor.span(start))


def _word(cursor: Cursor, match: re.Match[str], group: int) -> Word:
    """A group of a match, in which nothing is to be decoded."""
    return Word(match[group], Span(cursor.source, *match.span(group)))


def _no_path(cursor: Cursor, message: str) -> NoReturn:
    cursor.skip()
    help = ("write `alias /from/ -> /to/,`; paths begin with `/` or a variable",)
    cursor.fail("DA013", message, cursor.pos, cursor.pos + 1, label="expected a path here", help=help)


def parse_plain_assignments(cursor: Cursor, most: int) -> list[SetVariable]:
    """At most so many assignments that follow each other and are like nearly all; none where another stands next."""
    source, text, pos, end = cursor.source, cursor.text, cursor.pos, cursor.end
    found: list[SetVariable] = []
    while len(found) < most and (plain := _PLAIN_ASSIGNMENT.match(text, pos, end)) is not None:
        start, pos = plain.start(1), plain.end()
        if pos - start >= MAX_WORD:
            break
        values = [_word(cursor, plain, 4)]
        if plain[5]:
            values += [_word(cursor, value, 0) for value in _PLAIN_VALUE.finditer(text, *plain.span(5))]
        name = Word(plain[2], Span(source, start, plain.end(1)))
        found.append(SetVariable(name, plain[3], tuple(values), Span(source, start, pos)))
        cursor.pos = pos
    return found


def parse_assignment(cursor: Cursor) -> SetVariable | BoolVariable | None:
    """assignment = "@{" NAME "}" op value { value } NEWLINE | "${" NAME "}" op expression NEWLINE

    None where no assignment stands here.
    """
    start = cursor.pos
    match = cursor.match(ASSIGNMENT)
    if match is None:
        match = cursor.match(_BOOL_ASSIGNMENT)
        return None if match is None else _boolean(cursor, start, match)
    if at_label(cursor.text, start, cursor.end) is not None:  # to upstream's lexer the name has not ended
        if cursor.match(_GLUED_RULE):
            return None
        blank_missing(cursor, match.start(3))
    name = _name(cursor, match)
    cursor.pos = match.end()
    values = []
    while True:
        if _line_ends(cursor):
            break
        value = cursor.value()
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
    value, left_line = parse_assigned(cursor)
    written = cursor.span(start)
    if not left_line and not _line_ends(cursor):
        cursor.fail("DA018", "only one condition stands on this line", cursor.pos, cursor.pos + 1)
    return BoolVariable(name, match[3], value, written)


def unfinished_line(cursor: Cursor) -> NoReturn:
    """Fail for a line that begins with `#` and does not end."""
    end = cursor.span(cursor.end, cursor.end)
    fix = Fix(end, "\n", safe=True, message="end the line")
    message = "the last line is a comment and has no line end"
    raise DiagnosticError([Diagnostic("DA007", message, end, label="expected the end of the line here", fix=fix)])


def _line_ends(cursor: Cursor) -> bool:
    """Move past what may stand between values; answers whether the line ends here, perhaps with a comment."""
    between = cursor.match(_BETWEEN_VALUES)
    cursor.pos = between.end() if between else cursor.pos
    end = cursor.match(_LINE_END)
    if end is not None and (cursor.text.startswith("#include", cursor.pos) or not end[0].endswith("\n")):
        cursor.pos = end.end()  # here this is a comment as any other, and what ends with the file is a value
    return end is not None


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
