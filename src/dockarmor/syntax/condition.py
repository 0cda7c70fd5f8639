"""Conditions of `if` and of boolean variables.

Words end as upstream's lexer ends them: `@{N}>2`, `@{V})` and `$B{` are one word each, so blanks separate them.
"""

from typing import NoReturn

from dockarmor.syntax.cursor import Cursor, Word
from dockarmor.syntax.lexer import BOOL_VARIABLE, KEYWORDS, MODE, SET_VARIABLE, WORD, at_label
from dockarmor.syntax.tree import Expression
from dockarmor.text.diagnostic import Diagnostic, DiagnosticError, Fix
from dockarmor.text.regex import regex

_VARIABLE = regex(f"{SET_VARIABLE.pattern}|{BOOL_VARIABLE.pattern}")
_COMPARISONS = ("==", "!=", ">=", "<=", ">", "<", "in")
_WORDS = ("not", "defined", "and", "or")
_CONTINUED = regex(r"(?:[ \t]|\\\n)*+")
_LATER_LINE = regex(r"(?:[ \t\n]|\r\n|#(?!include)[^\n]*+\n)*+")
_BARE = regex(r"[A-Za-z][A-Za-z0-9_]*")
_SHORT = regex(f"{_BARE.pattern}|{BOOL_VARIABLE.pattern}")
_GLUED = regex(r"[)<>=!{}]")

#: how deep parentheses and `not` may nest, and how many operands a condition may have
MAX_DEPTH = 100
MAX_OPERANDS = 1_000


def parse_condition(cursor: Cursor) -> Expression:
    """condition = expression, and the `{` behind it; the cursor is left before the brace."""
    reader = _Reader(cursor, assigned=False)
    found = reader.expression(0)
    cursor.skip(comments=False)
    token = reader.token()
    if token is not None and token.text != "{":
        if cursor.peek() == "{":
            blank_missing(cursor, cursor.pos + 1, f"in `{token.text[:40]}`")
        if cursor.peek() == "#":
            help = ("move the comment behind the brace",)
            cursor.fail("DA004", "no comment stands before this brace", cursor.pos, cursor.pos + 1, help=help)
    return found


def parse_assigned(cursor: Cursor) -> tuple[Expression, bool]:
    """The expression that a boolean gets. It ends with its line, unless `and` or `or` begins the next.

    True with it: it ends on a later line, where something else may follow.
    """
    reader = _Reader(cursor, assigned=True)
    return reader.expression(0), reader.left_line


class _Reader:
    """Reads an expression; `assigned` as the value of a boolean, where a backslash continues the line."""

    __slots__ = ("assigned", "cursor", "left_line", "operands")

    def __init__(self, cursor: Cursor, *, assigned: bool) -> None:
        self.cursor = cursor
        self.assigned = assigned
        self.operands = 0
        #: the line of the assignment has ended: no parentheses, no comparisons there (upstream's lexer left the mode)
        self.left_line = False

    def expression(self, depth: int) -> Expression:
        """expression = conjunction { "or" conjunction }"""
        return self._chain("or", depth)

    def _chain(self, word: str, depth: int) -> Expression:
        """conjunction = negation { "and" negation }"""
        self._check(depth)
        self._skip()
        start = self.cursor.pos
        parts = [self._part(word, depth)]
        while self._joins(word):
            parts.append(self._part(word, depth))
        return parts[0] if len(parts) == 1 else Expression(word, tuple(parts), self.cursor.span(start))

    def _part(self, word: str, depth: int) -> Expression:
        return self._chain("and", depth) if word == "or" else self._negation(depth)

    def _negation(self, depth: int) -> Expression:
        """negation = "not" negation | "defined" variable | "(" expression ")" | operand [ comparison operand ]"""
        self._check(depth)
        cursor = self.cursor
        self._skip()
        start = cursor.pos
        token = self.token()
        if token is not None and token.text == "not":
            cursor.pos = token.span.end
            return Expression("not", (self._negation(depth + 1),), cursor.span(start))
        if token is not None and token.text == "defined":
            cursor.pos = token.span.end
            return Expression("defined", (self._variable(),), cursor.span(start))
        if cursor.peek() == "(" and not self.left_line:
            cursor.pos += 1
            inner = self.expression(depth + 1)
            self._skip()
            if self.left_line:
                cursor.fail("DA033", "this parenthesis is not closed on its line", start, start + 1)
            cursor.expect(")", "DA033", "this parenthesis is not closed", comments=False)
            return inner
        left = self._operand()
        before = cursor.pos
        self._skip(lines=not self.assigned)
        compare = None if self.left_line else self.token()
        if compare is not None and compare.text in _COMPARISONS:
            cursor.pos = compare.span.end
            return Expression(compare.text, (left, self._operand()), cursor.span(start))
        cursor.pos = before
        boolean = BOOL_VARIABLE.fullmatch(left.span.text)
        return Expression("bool" if boolean else "word", (left,), cursor.span(start))

    def _variable(self) -> Word:
        self._skip()
        token = self.token()
        if token is None or not _VARIABLE.fullmatch(token.text):
            if token is not None:
                self._about(token)
            at = self.cursor.pos
            label = "expected `@{NAME}` or `${NAME}` here"
            self.cursor.fail("DA032", "`defined` is followed by a variable", at, at + 1, label=label)
        self.cursor.pos = token.span.end
        return token

    def _operand(self) -> Word:
        self._skip()
        self.operands += 1
        if self.operands > MAX_OPERANDS:
            at = self.cursor.pos
            self.cursor.fail("DA031", f"a condition has more than {MAX_OPERANDS:,} operands", at, at + 1)
        start = self.cursor.pos
        if self.cursor.peek() == '"':
            word = self.cursor.value(WORD, comments=False)
        else:
            word = self.token()
            if word is not None and word.text in (*_WORDS, *_COMPARISONS, "{"):
                word = None
        if word is None or (self.left_line and not self._stands_alone(word)):
            if word is not None and word.span.text[0] == '"':
                help = ("end the line before it with a backslash, or write it on that line",)
                message = "no word in quotes stands on a later line of an assignment"
                self.cursor.fail("DA034", message, start, word.span.end, help=help)
            label = "expected a variable, `true`, `false` or a value"
            self.cursor.fail("DA034", "a condition is not finished", start, start + 1, label=label)
        if word.span.end > self.cursor.pos:
            self._about(word)
            self.cursor.pos = word.span.end
        return word

    def _stands_alone(self, word: Word) -> bool:
        """Would upstream's lexer take it for a word where rules stand? Permissions and keywords it would not."""
        text = word.span.text
        if text[0] == '"':
            return text.startswith('"/')
        bare = text not in KEYWORDS and _BARE.fullmatch(text) is not None and not self.cursor.match(MODE)
        return text[0] in "$@" or bare or at_label(self.cursor.text, word.span.start, word.span.end) is not None

    def token(self) -> Word | None:
        """What stands here as it is written: the longest of a variable, an operator and a word. Nothing is passed.

        On a later line, letters and booleans end by themselves: `true@{V}=a` begins with a word.
        """
        cursor = self.cursor
        found = cursor.match(_SHORT) if self.left_line else None
        if found is not None:
            return Word(found[0], cursor.span(cursor.pos, found.end()))
        start = end = cursor.pos
        for pattern in (WORD, _VARIABLE):
            found = cursor.match(pattern)
            end = max(end, found.end() if found else end)
        for operator in _COMPARISONS:
            if cursor.text.startswith(operator, start):
                end = max(end, start + len(operator))
        return Word(cursor.text[start:end], cursor.span(start, end)) if end > start else None

    def _joins(self, word: str) -> bool:
        """Move past `and` or `or` where it stands next."""
        start, left_line = self.cursor.pos, self.left_line
        self._skip()
        token = self.token()
        if token is not None and token.text == word:
            self.cursor.pos = token.span.end
            return True
        self.cursor.pos, self.left_line = start, left_line
        return False

    def _skip(self, *, lines: bool = True) -> None:
        cursor = self.cursor
        if not self.assigned:
            cursor.skip(comments=False)
            return
        for pattern in (_CONTINUED, _LATER_LINE) if lines else (_CONTINUED,):
            found = cursor.match(pattern)
            if found is not None and found.end() > cursor.pos:
                cursor.pos = found.end()
                self.left_line = self.left_line or pattern is _LATER_LINE

    def _check(self, depth: int) -> None:
        if depth > MAX_DEPTH:
            at = self.cursor.pos
            self.cursor.fail("DA031", f"a condition nests deeper than {MAX_DEPTH}", at, at + 1)

    def _about(self, word: Word) -> None:
        """Fail for a word in which a variable goes on where a blank was meant."""
        variable = self.cursor.match(_VARIABLE)
        if variable is not None and _GLUED.match(self.cursor.text, variable.end(), word.span.end):
            blank_missing(self.cursor, variable.end(), f"in `{word.text[:40]}`")


def blank_missing(cursor: Cursor, at: int, where: str = "here") -> NoReturn:
    """Fail where a word goes on that was meant to end (DA036)."""
    fix = Fix(cursor.span(at, at), " ", safe=True, message="put a blank between")
    message = f"a blank is missing {where}"
    raise DiagnosticError([Diagnostic("DA036", message, fix.span, label="words end at a blank", fix=fix)])
