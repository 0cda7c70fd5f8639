"""Basic regular expressions, matched by the C library itself: nothing else agrees with it in everything."""

import ctypes
from collections.abc import Callable

#: <regex.h>, the same in glibc and musl
_NOSUB = 8
#: a regex_t is 64 bytes in glibc and 56 in musl
_ROOM = 1024


class BadExpression(Exception):
    """The text is no expression."""


def searcher(expression: str) -> Callable[[str], bool]:
    """Whether latin-1 text has a match anywhere. Raises BadExpression.

    >>> searcher("^a.*b$")("axxb"), searcher("a|b")("a")
    (True, False)
    """
    library = ctypes.CDLL(None)
    compiled = ctypes.create_string_buffer(_ROOM)
    if library.regcomp(compiled, _bytes(expression), _NOSUB) != 0:
        raise BadExpression(expression)

    def search(text: str) -> bool:
        matched: int = library.regexec(compiled, text.encode("latin-1"), ctypes.c_size_t(0), None, 0)
        return matched == 0

    return search


def _bytes(argument: str) -> bytes:
    import os

    return os.fsencode(argument)
