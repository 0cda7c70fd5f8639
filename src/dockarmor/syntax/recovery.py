"""Where reading goes on after a mistake, so that one run finds all of them and blames nothing that is right."""

import re
from collections.abc import Iterable
from functools import lru_cache

from dockarmor.text.regex import regex

#: words that begin a statement and belong to no rule kind
_WORDS = (
    *("profile", "hat", "include", "if", "abi", "alias", "rewrite", "priority", "audit", "allow", "deny"),
    *("prompt", "owner", "user", "other"),
)
#: how far one looks for where the next statement begins
MAX_PIECES = 100_000
MAX_SKIPPED = 1 << 20
#: What says where a statement ends. Braces and commas of patterns, `{a,b}`, stand inside of a word and say nothing.
_PIECE = regex(
    r'(?P<skip>"[^"\n]*"|(?:(?<=\s)|(?<=,))#[^\n]*)'
    r"|(?P<open>(?<!\S)\{(?!\S))|(?P<close>(?<!\S)\})"
    r"|(?P<comma>,(?=[ \t]*(?:\r?\n|#|\Z)|[ \t]+\})|(?<!\S)[^\s{},\"]*+,(?=\}))|(?P<line>\n)"
    r"|(?P<word>[A-Za-z0-9_]++|[^\s{}\",#A-Za-z0-9_]++|,+(?=,))"
)


@lru_cache(maxsize=8)
def _pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    word = "|".join(sorted(words, key=len, reverse=True))
    return re.compile(rf"[ \t]*(?:(?:{word})(?![A-Za-z0-9_=])|/|@\{{|\^|\}}|#include)")


def statement_pattern(keywords: Iterable[str]) -> re.Pattern[str]:
    """Matches at a line that begins a statement, given the keywords of the rule kinds."""
    return _pattern((*_WORDS, *keywords))


def next_statement(text: str, start: int, at: int, begins: re.Pattern[str]) -> int:
    """The offset at which to go on after a mistake in the statement at `start`, found at `at`.

    That is behind a comma that ends its line, or before the brace that closes the body around, or where a line
    begins like a statement. A line that begins otherwise continues the broken statement.
    """
    line = text.rfind("\n", start, at) + 1
    if line and not text[line:at].strip() and begins.match(text, line):
        return at  # the mistake is that something is missing before this line
    depth = 0
    for count, piece in enumerate(_PIECE.finditer(text, at, at + MAX_SKIPPED)):
        found = piece.lastgroup
        if found in ("skip", "word"):
            if count > MAX_PIECES:
                break
            continue
        if found == "open":
            depth += 1
        elif found == "close":
            if not depth:
                return piece.start()
            depth -= 1
            if not depth:
                return piece.end()
        elif count > MAX_PIECES:
            break
        elif not depth and (found == "comma" or begins.match(text, piece.end())):
            return piece.end()
    return len(text)
