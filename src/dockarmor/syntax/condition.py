"""Conditions of `if` and of boolean variables."""

import re

from dockarmor.syntax.cursor import Cursor, Word
from dockarmor.syntax.tree import Expression

_KEYWORD = re.compile(r'(?:not|defined|and|or)(?![^ \t\r\n"!,){}])')
_COMPARE = re.compile(r"==|!=|>=|<=|>|<|in(?=[ \t\n(])")
# A word goes on behind a variable, as in `@{V}/x`; upstream's lexer counts `)` and operators among that, too.
_VARIABLE = re.compile(r"(?:\$|@(?=\{?\w+\}?(?![\w/.*@-])))(?:\{[A-Za-z]\w*\}|[A-Za-z]\w*)", re.ASCII)
_OPERAND = re.compile(r'(?:@?\{[\w,]+\})?(?:[^ \t\r\n"!,{()=<>]++|\{(?=\w)|=(?!=))++|@?\{[\w,]+\}', re.ASCII)

#: how deep parentheses and `not` may nest
MAX_DEPTH = 100


def parse_expression(cursor: Cursor, depth: int = 0) -> Expression:
    """expression = conjunction { "or" conjunction }"""
    return _chain(cursor, "or", depth)


def _chain(cursor: Cursor, word: str, depth: int) -> Expression:
    """conjunction = negation { "and" negation }"""
    if depth > MAX_DEPTH:
        cursor.fail("DA031", f"a condition nests deeper than {MAX_DEPTH}", cursor.pos, cursor.pos + 1)
    cursor.skip(comments=False)
    start = cursor.pos
    parts = [_chain(cursor, "and", depth) if word == "or" else _negation(cursor, depth)]
    while _accept(cursor, word):
        parts.append(_chain(cursor, "and", depth) if word == "or" else _negation(cursor, depth))
    return parts[0] if len(parts) == 1 else Expression(word, tuple(parts), cursor.span(start))


def _negation(cursor: Cursor, depth: int) -> Expression:
    """negation = "not" negation | "defined" variable | "(" expression ")" | operand [ comparison operand ]"""
    if depth > MAX_DEPTH:
        cursor.fail("DA031", f"a condition nests deeper than {MAX_DEPTH}", cursor.pos, cursor.pos + 1)
    cursor.skip(comments=False)
    start = cursor.pos
    if _accept(cursor, "not"):
        return Expression("not", (_negation(cursor, depth + 1),), cursor.span(start))
    if _accept(cursor, "defined"):
        name = cursor.read(_VARIABLE, comments=False)
        if name is None:
            cursor.skip(comments=False)
            label = "expected `@{NAME}` or `${NAME}` here"
            cursor.fail("DA032", "`defined` is followed by a variable", cursor.pos, cursor.pos + 1, label=label)
        return Expression("defined", (name,), cursor.span(start))
    if cursor.accept("(", comments=False):
        inner = parse_expression(cursor, depth + 1)
        cursor.expect(")", "DA033", "this parenthesis is not closed", comments=False)
        return inner
    left = _operand(cursor)
    compare = cursor.read(_COMPARE, comments=False)
    if compare is not None:
        return Expression(compare.text, (left, _operand(cursor)), cursor.span(start))
    return Expression("bool" if left.text.startswith("$") else "word", (left,), cursor.span(start))


def _operand(cursor: Cursor) -> Word:
    word = cursor.read(_VARIABLE, comments=False) or cursor.value(_OPERAND, comments=False)
    if word is None or _KEYWORD.fullmatch(word.text):
        cursor.fail(
            "DA034",
            "a condition is not finished",
            cursor.pos,
            cursor.pos + 1,
            label="expected a variable, `true`, `false` or a value",
        )
    return word


def _accept(cursor: Cursor, word: str) -> bool:
    start = cursor.pos
    cursor.skip(comments=False)
    match = cursor.match(_KEYWORD)
    if match is not None and match.group() == word:
        cursor.pos = match.end()
        return True
    cursor.pos = start
    return False
