"""The words of rules about paths: a path, what follows `->`, the comma at the end.

Comments may stand between these words, but not after `->` (upstream parser_lex.l).
"""

from typing import NoReturn

from dockarmor.rules.conditions import shown, spell
from dockarmor.syntax.cursor import Cursor, Word
from dockarmor.syntax.lexer import KEYWORDS, LABEL_TEXT, MODE, SET_VARIABLE
from dockarmor.text.diagnostic import Diagnostic, DiagnosticError, Fix, Label
from dockarmor.text.regex import regex
from dockarmor.text.source import Span

#: An unquoted path: absolute, a label with namespace or stack sign, a variable, or a bare word.
PATH = regex(rf"{LABEL_TEXT}|{SET_VARIABLE.pattern}(?![ \t\r\n]*[+?:]?=)|(?!include[ \t])[A-Za-z][A-Za-z0-9_]*")
_COMMA = regex(r"[ \t\r\n]*,")
_GOES_ON = regex(r'[^ \t\r\n"!,\x00]')
_WORD = regex(r'"(?:[^"\\]++|\\[\s\S])*+"?|[^ \t\r\n,]+')


def read_path(cursor: Cursor) -> Word | None:
    """A path, or None where something else stands. Raises DiagnosticError for quotes around no path."""
    start = cursor.pos
    word = cursor.value(PATH)
    if word is None:
        return None
    if word.span.text.startswith('"'):
        if not word.text.startswith(("/", "@", ":", "&")):
            cursor.fail(
                *("DA201", "a quoted path begins with `/` or a variable", word.span.start, word.span.end),
                label="this one does not",
            )
    elif word.text in KEYWORDS or MODE.match(cursor.text, word.span.start, cursor.end):
        cursor.pos = start  # what can be read as permissions always is (upstream parser_lex.l)
        return None
    return word


def expect_path(cursor: Cursor, what: str) -> Word:
    """A path, or a diagnostic (DA201) that says what should stand here."""
    word = read_path(cursor)
    if word is None:
        unexpected(cursor, "DA201", what)
    return word


def read_target(cursor: Cursor, what: str) -> Word | None:
    """`-> target` where it stands; `what` names the target in the diagnostic (DA212) for a lone arrow."""
    if not cursor.accept("->"):
        return None
    word = cursor.value(comments=False)
    if word is None:
        unexpected(cursor, "DA212", f"{what} after `->`", comments=False)
    if word.text == "#" and not cursor.match(_COMMA):
        help = ("move the comment before or behind the rule",)
        cursor.fail("DA212", "a comment cannot stand behind `->`", word.span.start, word.span.end, help=help)
    return word


def finish(cursor: Cursor, start: int, kind: str, *, comments: bool = True) -> Span:
    """The final comma; gives the rule's span. Where there are no comments, a comma may begin a word: `,}` is one."""
    end = cursor.pos
    if cursor.accept(",", comments=comments):
        if not comments and cursor.match(_GOES_ON):
            place = cursor.span(cursor.pos, cursor.pos)
            fix = Fix(place, " ", safe=True, message="put a blank between")
            message = f"a blank is missing behind this {kind} rule"
            raise DiagnosticError([Diagnostic("DA036", message, place, label="words end at a blank", fix=fix)])
        return cursor.span(start)
    cursor.skip(comments=comments)
    others: tuple[Label, ...] = ()
    if not cursor.at_end():
        found = _word_at(cursor)
        others = (Label(found, "the next thing is this"),)
    gap = cursor.span(end, end)
    raise DiagnosticError(
        [
            Diagnostic(
                "DA210",
                f"this {kind} rule does not end in a comma",
                gap,
                label="expected `,` here",
                others=others,
                includes=cursor.includes,
                fix=Fix(gap, ",", safe=True, message="end the rule with a comma"),
            )
        ]
    )


def unexpected(cursor: Cursor, code: str, expected: str, *, comments: bool = True) -> NoReturn:
    """Fail at what stands next."""
    cursor.skip(comments=comments)
    if cursor.at_end():
        cursor.fail(code, f"expected {expected}, but the text ends", cursor.pos, cursor.pos)
    found = _word_at(cursor)
    text = found.text
    if text.startswith('"') and not (len(text) > 1 and text.endswith('"')):
        cursor.fail(code, "this quote is never closed", found.start, found.start + 1)
    cursor.fail(code, f"expected {expected}, found `{shown(text)}`", found.start, found.end)


def _word_at(cursor: Cursor) -> Span:
    match = cursor.match(_WORD)
    return cursor.span(cursor.pos, match.end() if match else cursor.pos + 1)


def spell_path(text: str) -> str:
    """The source of a path.

    >>> spell_path("/a b"), spell_path("@{X}=y")
    ('"/a b"', '"@{X}=y"')
    """
    written = spell(text)
    return f'"{written}"' if text.startswith("@") and "=" in text and written[0] != '"' else written


def spell_target(target: Word | None) -> str:
    return "" if target is None else f" -> {spell(target.text)}"
