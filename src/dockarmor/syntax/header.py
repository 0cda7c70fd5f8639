"""Profile headers: name, attachment, xattrs, flags."""

import re
from collections.abc import Iterable
from typing import NoReturn

from dockarmor.syntax.cursor import TRIVIA, Cursor, Word
from dockarmor.syntax.lexer import CONDITION_TEXT, ID_TEXT, LABEL_TEXT, LISTED, QUOTED, SET_VARIABLE
from dockarmor.text.diagnostic import Diagnostic, Fix
from dockarmor.text.regex import regex
from dockarmor.text.source import Span

_BLANKS = regex(r"[ \t]*")
_PATH = regex(rf"{LABEL_TEXT}|{SET_VARIABLE.pattern}")
_ATTACHMENT = regex(rf'(?=/|@\{{)(?:{_PATH.pattern})|"')
# A list may begin on a later line, but not behind a carriage return.
_LIST = r"=[ \t]*+(?:\n(?:[ \t\n]|\r\n)*+)?\("
_GROUP = regex(rf"(xattrs)[ \t]*=[ \t]*\(|(flags)[ \t]*{_LIST}|\(")
_IDENTITIES = regex(rf"\+[ \t]*identities[ \t]*{_LIST}")
_SEPARATORS = regex(r"(?:[ \t\n,]|\r\n)*")
_XATTR = regex(CONDITION_TEXT)
_EQUALS = regex(r"(?:[ \t\n,]|\r\n)*+:?=[ \t]*+(\()?")

#: A header at the place of a rule: a path or label, perhaps a second, then what only a header has.
# Possessive: a variable's brace must not be taken for the one that opens the body.
HEADER = regex(
    rf'(?:(?="[/@:&])(?:{QUOTED.pattern})|{LABEL_TEXT})'
    rf'(?:(?:{TRIVIA}++|(?<=")|(?="))(?:{QUOTED.pattern}|[/@]{ID_TEXT}*+))?+'
    rf"{TRIVIA}*+(?:\{{|\(|(?:flags|xattrs)[ \t]*=|\+[ \t]*identities)",
    re.ASCII,
)

_PLAIN_FLAGS = (
    *("enforce", "complain", "kill", "unconfined", "prompt", "default_allow", "audit", "debug"),
    *("chroot_relative", "namespace_relative", "mediate_deleted", "delegate_deleted", "interruptible"),
    *("attach_disconnected", "no_attach_disconnected", "chroot_attach", "chroot_no_attach"),
    "attach_disconnected.ipc",
)
#: flags with a value, and an example of one
_VALUED_FLAGS = {
    "attach_disconnected.path": "/disconnected",
    "attach_disconnected.ipc": "/disconnected",
    "kill.signal": "term",
    "error": "EACCES",
}

#: how many words a list of the header holds
MAX_LISTED = 1_000

Xattrs = tuple[tuple[Word, Word | None], ...]


def parse_name(cursor: Cursor, keyword: bool) -> Word:
    """name = id | quoted        (after `profile` or `hat` on the same line; after `^` without a blank)"""
    start = cursor.pos
    if keyword:
        blanks = cursor.match(_BLANKS)
        cursor.pos = blanks.end() if blanks else cursor.pos
    if cursor.peek() in ("", "\n", "\r", " ", "\t"):
        cursor.fail("DA020", "the name stands on the same line as `profile`", start, cursor.pos + 1)
    name = cursor.value(comments=False)
    if name is None:
        cursor.fail("DA020", "a profile has no name", start, cursor.pos + 1)
    if not name.text or name.text == "{":
        cursor.fail("DA020", "a profile has no name", name.span.start, name.span.end)
    return name


def needs_keyword(name: Word) -> Diagnostic:
    """About a name that only `profile` before it makes one."""
    at = Span(name.span.source, name.span.start, name.span.start)
    fix = Fix(at, "profile ", safe=True, message="write `profile` before it")
    message = "without the keyword `profile`, a name begins with `/` or a namespace"
    return Diagnostic("DA020", message, name.span, fix=fix)


def parse_rest(cursor: Cursor) -> tuple[Word | None, Xattrs, tuple[Word, ...]]:
    """[ attachment ] [ "xattrs" "=" "(" … ")" ] [ "+" "identities" … ] [ [ "flags" "=" ] "(" flag … ")" ] "{"

    Moves past the brace.
    """
    attachment = None
    xattrs: Xattrs = ()
    flags: tuple[Word, ...] = ()
    cursor.skip()
    if cursor.match(_ATTACHMENT):
        attachment = cursor.value(_PATH)
    group = _next(cursor, _GROUP)
    if group is not None and group[1]:
        cursor.pos = group.end()
        xattrs = _xattrs(cursor)
        group = _next(cursor, _GROUP)
    while (identities := _next(cursor, _IDENTITIES)) is not None:
        cursor.pos = identities.end()
        _identities(cursor)
        group = _next(cursor, _GROUP)
    if group is not None:
        if group[1]:
            cursor.fail("DA022", "xattrs stand before identities and flags", group.start(), group.end())
        cursor.pos = group.end()
        flags = tuple(_listed(cursor, LISTED))
        if not flags:
            cursor.fail("DA023", "the list of flags is empty", group.start(), cursor.pos)
        for flag in flags:
            _check_flag(cursor, flag)
    cursor.expect("{", "DA024", "a profile's rules stand in braces")
    return attachment, xattrs, flags


def _next(cursor: Cursor, pattern: re.Pattern[str]) -> re.Match[str] | None:
    cursor.skip()
    return cursor.match(pattern)


def _listed(cursor: Cursor, pattern: re.Pattern[str]) -> Iterable[Word]:
    start = cursor.pos - 1
    for _ in range(MAX_LISTED):
        separators = cursor.match(_SEPARATORS)
        cursor.pos = separators.end() if separators else cursor.pos
        if cursor.peek() == ")":
            cursor.pos += 1
            return
        word = cursor.value(pattern, comments=False)
        if word is None:
            cursor.fail("DA025", "this list is not closed", start, start + 1)
        yield word
    _too_long(cursor, start)


def _too_long(cursor: Cursor, start: int) -> NoReturn:
    cursor.fail("DA025", f"this list holds more than {MAX_LISTED:,} words", start, start + 1)


def _identities(cursor: Cursor) -> None:
    """ "(" { name [ "," ] } ")"    Kernels know nothing of identities yet, so they are only checked."""
    start = cursor.pos - 1
    names = tuple(_listed(cursor, LISTED))
    if not names:
        cursor.fail("DA023", "the list of identities is empty", start, cursor.pos)
    for name in names:
        if " " in name.text and not name.text.startswith("/"):
            cursor.fail("DA019", "an identity holds no blank", name.span.start, name.span.end)


def _xattrs(cursor: Cursor) -> Xattrs:
    """ "(" { name [ ("=" | ":=") ( value | "(" value ")" ) ] [ "," ] } ")" """
    start = cursor.pos - 1
    found: list[tuple[Word, Word | None]] = []
    while len(found) < MAX_LISTED:
        separators = cursor.match(_SEPARATORS)
        cursor.pos = separators.end() if separators else cursor.pos
        if cursor.peek() == ")":
            cursor.pos += 1
            return tuple(found)
        name = cursor.read(_XATTR, comments=False)
        if name is None:
            cursor.fail("DA025", "this list is not closed", start, start + 1)
        value = None
        equals = cursor.match(_EQUALS)
        if equals is not None:
            cursor.pos = equals.end()
            value = cursor.value(LISTED, comments=False)
            if value is None:
                cursor.fail("DA026", f"the xattr `{name}` has no value", name.span.start, cursor.pos)
            if equals[1]:
                cursor.expect(")", "DA025", "this list is not closed", comments=False)
        found.append((name, value))
    _too_long(cursor, start)


def _check_flag(cursor: Cursor, flag: Word) -> None:
    name, equals, value = flag.text.partition("=")
    if (equals and name in _VALUED_FLAGS and value) or (not equals and name in _PLAIN_FLAGS):
        return
    import difflib

    if name in _VALUED_FLAGS:
        message = f"the flag `{name}` has a value"
        help = (f"write `{name}={_VALUED_FLAGS[name]}`",)
        cursor.fail("DA027", message, flag.span.start, flag.span.end, help=help)
    if name in _PLAIN_FLAGS:
        cursor.fail("DA027", f"the flag `{name}` takes no value", flag.span.start, flag.span.end)
    close = difflib.get_close_matches(name[:64], (*_PLAIN_FLAGS, *_VALUED_FLAGS), 1)
    cursor.fail(
        "DA027",
        f"unknown profile flag `{flag.span.text[:60]}`",
        flag.span.start,
        flag.span.end,
        help=(f"did you mean `{close[0]}`?",) if close else (f"known: {', '.join(_PLAIN_FLAGS)}",),
    )
