"""A pattern for every name but a word: what negated classes in a row were meant to say."""

from typing import NamedTuple

_SPECIAL = frozenset('\\*?[]{}^,-"')


class Exclusion(NamedTuple):
    """`replaced` is the piece of a pattern that each of `choices` (what it means, its text) can stand for."""

    replaced: str
    choices: tuple[tuple[str, str], ...]


def exclusion(text: str, start: int, end: int, excluded: tuple[int, ...]) -> Exclusion | None:
    """What to write instead of the classes at start:end of a path pattern, of which each shuts out a set of bytes.

    None where they do not shut out one letter each, do not begin a name, or something unclear follows.

    >>> print(*exclusion("/k/[^s][^h]** ", 3, 11, (1 << 115, 1 << 104)).choices[0])
    everything that does not begin with `sh` {[^s/]**,s,s[^h]**}
    """
    letters = [chr(one.bit_length() - 1) for one in excluded if one.bit_count() == 1]
    if len(letters) != len(excluded):
        return None
    tail = "**" if text.startswith("**", end) else "*" if text.startswith("*", end) else ""
    after = text[end + len(tail) : end + len(tail) + 1]
    inside = text[start - 1 : start] in ("{", ",")
    if not inside and text[start - 1 : start] != "/":
        return None
    if inside and not (text[: text.rfind("{", 0, start)].endswith("/") and after in (",", "}")):
        return None
    if not inside and after not in ("", "/", " "):
        return None
    word = "".join(letters)
    choices = [_choice(f"everything that does not begin with `{word}`", _beginning(letters, tail), inside)]
    whole = _choice(f"everything but the name `{word}`", _whole(letters, tail), inside)
    return Exclusion(text[start : end + len(tail)], (*choices, whole) if tail else (whole,))


def _choice(what: str, branches: list[str], inside: bool) -> tuple[str, str]:
    listed = ",".join(branches)
    return what, listed if inside else f"{{{listed}}}"


def _beginning(letters: list[str], tail: str) -> list[str]:
    """Names that do not begin with the word, and with `**` all that is below them."""
    stop = "" if tail == "**" else "/"
    branches = [f"[^{_in_class(letters[0])}/]{tail}"]
    for at in range(1, len(letters)):
        known = "".join(map(_literal, letters[:at]))
        branches += [known, f"{known}[^{_in_class(letters[at])}{stop}]{tail}"]
    return branches


def _whole(letters: list[str], tail: str) -> list[str]:
    """All names but the word itself."""
    word = "".join(map(_literal, letters))
    return [*_beginning(letters, tail or "*"), f"{word}[^/]**" if tail == "**" else f"{word}?*"]


def _literal(char: str) -> str:
    return "\\" + char if char in _SPECIAL else char


def _in_class(char: str) -> str:
    return "\\" + char if char in "\\]^-*?" else char
