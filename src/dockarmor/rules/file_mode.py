"""The permission word of file rules: letters and exec transitions, and what they are in an accept word.

    mode = { "r" | "w" | "a" | "l" | "k" | "m" | "x" | exec }
    exec = [ "p" | "c" ] ( "i" | "u" ) "x" | ( "p" | "c" ) "x"

`R`, `W`, `L`, `M`, `X` are old spellings of the small letters. In an exec transition the case of the first
letter says whether the environment is scrubbed (`Px`, `Cx`, `Ux`) or not. Source: apparmor.d(5), FILE
PERMISSIONS; accept words as in security/apparmor/policy_compat.c.
"""

from functools import lru_cache
from typing import Literal, NamedTuple

from dockarmor.syntax.lexer import MODE as MODE
from dockarmor.text.regex import regex
from dockarmor.value import mutable

EXEC, WRITE, READ, APPEND, LINK, LOCK, MMAP = 0x1, 0x2, 0x4, 0x8, 0x10, 0x20, 0x40
#: second half of a link pair: the link's permissions must be among the target's
SUBSET = LOCK
UNSAFE, INHERIT, UNCONFINED = 0x100, 0x200, 0x80
#: where in the word the target is: 1 unconfined, 2 a profile by name, 3 a child, from 4 on named targets
TARGET_SHIFT = 10
CHILD = 3 << TARGET_SHIFT
_TARGET = 0xF << TARGET_SHIFT
#: the other group's bits lie above the owner's
OTHER_SHIFT = 14

_LETTERS = {"r": READ, "w": WRITE | APPEND, "a": APPEND, "l": LINK, "k": LOCK, "m": MMAP}
#: the order in which they are written
_ORDER = "mrwalk"

EXEC_WORDS = {
    "x": EXEC,
    "ix": 0x201,
    "ux": 0x501,
    "Ux": 0x401,
    "px": 0x901,
    "Px": 0x801,
    "cx": 0xD01,
    "Cx": 0xC01,
    "pix": 0xB01,
    "Pix": 0xA01,
    "cix": 0xF01,
    "Cix": 0xE01,
    "pux": 0x981,
    "Pux": 0x881,
    "cux": 0xD81,
    "Cux": 0xC81,
}

#: how often letters may be repeated
MAX_LETTERS = 256
_TOKEN = regex(r"[pPcC]?[iIuU][xX]|[pPcC][xX]|[rwalkmxRWLMX]")

Environment = Literal["safe", "unsafe"]


class Mode(NamedTuple):
    """`letters`: the bits READ … MMAP without EXEC; `exec`: a key of EXEC_WORDS, or None."""

    letters: int
    exec: str | None


@mutable(eq=False)
class ModeFault(Exception):
    """What is wrong with a permission word; `start`, `end` and `first` (an earlier one) are offsets in it."""

    code: str
    message: str
    start: int
    end: int
    label: str
    help: str
    first: tuple[int, int] | None = None


@lru_cache(maxsize=1024)
def parse_mode(text: str) -> Mode:
    """Read a permission word. Raises ModeFault.

    >>> parse_mode("mrPUx")
    Mode(letters=68, exec='Pux')
    """
    if len(text) > MAX_LETTERS:
        message = f"permissions have at most {MAX_LETTERS} letters"
        raise ModeFault("DA203", message, MAX_LETTERS, MAX_LETTERS + 1, "too many", "say each once")
    letters = 0
    seen: dict[str, int] = {}
    found: tuple[str, int, int] | None = None
    pos = 0
    while pos < len(text):
        token = _TOKEN.match(text, pos)
        if token is None:
            raise _unknown(text, pos)
        word = token.group()
        letter = word.lower()
        if letter in _LETTERS:
            seen.setdefault(letter, pos)
            letters |= _LETTERS[letter]
        else:
            name = _exec_name(word)
            # upstream lets a bare x follow anything, and stand before ix only
            if found and found[0] != name and name != "x" and (found[0], name) != ("x", "ix"):
                raise ModeFault(
                    "DA205",
                    f"`{text[found[1] : found[2]]}` and `{word}` say two things about the same exec",
                    *(pos, token.end(), "this is the second one"),
                    "keep one of them; two rules for one path would conflict, too",
                    (found[1], found[2]),
                )
            if found is None or found[0] == "x":
                found = (name, pos, token.end())
        pos = token.end()
    if "a" in seen and "w" in seen:
        at = max(seen["a"], seen["w"])
        first = min(seen["a"], seen["w"])
        raise ModeFault(
            *("DA204", "`a` and `w` exclude each other", at, at + 1, "this is the second one"),
            "`w` allows appending anyway; `a` alone allows nothing but appending",
            (first, first + 1),
        )
    return Mode(letters, found[0] if found else None)


def exec_place(text: str) -> tuple[int, int]:
    """Where the exec transition stands in a permission word that has one.

    >>> exec_place("rpix")
    (1, 4)
    """
    return next(match.span() for match in _TOKEN.finditer(text) if match.group().lower() not in _LETTERS)


def _exec_name(token: str) -> str:
    """The canonical spelling of an exec transition: only the first letter's case means something."""
    low = token.lower()
    return token[0] + low[1:] if low[0] in "pcu" else low


def _unknown(text: str, pos: int) -> ModeFault:
    letter = text[pos]
    if letter in "cd" and "x" not in text[pos:].lower():
        help = "creating and deleting a file is part of `w`; an exec transition is `cx`"
    elif letter.lower() in "pciu":
        help = f"`{letter}` begins an exec transition, as in `{letter}x`; it needs an `x`"
    elif text.startswith("->", pos):
        help = "put a blank before `->`"
    elif letter in "AK":
        help = f"write `{letter.lower()}`"
    else:
        help = "letters are r w a l k m, and exec as ix px cx ux and their kin (Px, Pix, PUx…)"
    return ModeFault("DA203", f"`{letter}` is no file permission", pos, pos + 1, "in these permissions", help)


def spell_mode(letters: int, exec: str | None) -> str:
    """The permission word, letters in one fixed order.

    >>> spell_mode(READ | WRITE | APPEND | MMAP, "ix")
    'mrwix'
    """
    if letters & WRITE:
        letters &= ~APPEND
    written = "".join(letter for letter in _ORDER if letters & _LETTERS[letter] & ~(APPEND if letter == "w" else 0))
    return written + (exec or "")


def exec_word(exec: str, environment: Environment | None = None, slot: int | None = None) -> int:
    """The owner group's bits of an exec transition; `slot` is that of a named target.

    >>> hex(exec_word("Px")), hex(exec_word("Px", "unsafe")), hex(exec_word("pix", slot=4))
    ('0x801', '0x901', '0x1301')
    """
    word = EXEC_WORDS[exec]
    if environment == "unsafe":
        word |= UNSAFE
    elif environment == "safe":
        word &= ~UNSAFE
    if slot is not None:
        word = word & ~_TARGET | slot << TARGET_SHIFT
    return word


def both_groups(group: int, subject: Literal["owner", "other"] | None) -> int:
    """An accept word with a group's bits for the owner of a file, for others, or for both.

    >>> hex(both_groups(READ, None)), hex(both_groups(READ, "other"))
    ('0x10004', '0x10000')
    """
    if subject == "owner":
        return group
    if subject == "other":
        return group << OTHER_SHIFT
    return group | group << OTHER_SHIFT
