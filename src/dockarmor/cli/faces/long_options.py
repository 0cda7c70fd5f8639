"""Command lines as getopt_long(3) reads them: long options may be cut short, some take a value behind `=`."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: whether an option takes a value
NONE, ONE, MAYBE = 0, 1, 2


class OptionError(Exception):
    """The line cannot be read; the message is getopt's own, without the program's name.

    `found` are the options before the place, which a program has obeyed by then.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.found: list[tuple[str, str | None]] = []


def read(
    words: "Sequence[str]", short: "Mapping[str, int]", long: "Mapping[str, int]", *, anywhere: bool = False
) -> tuple[list[tuple[str, str | None]], list[str]]:
    """The options with their values, and what stands behind them. The first word that is no option ends them.

    `anywhere`: they may stand behind other words, too; only `--` ends them.

    >>> read(["-v", "--fil=x", "prog", "-v"], {"v": NONE}, {"filter": ONE})
    ([('v', None), ('filter', 'x')], ['prog', '-v'])
    >>> read(["prog", "-v"], {"v": NONE}, {}, anywhere=True)
    ([('v', None)], ['prog'])
    """
    found: list[tuple[str, str | None]] = []
    others: list[str] | None = [] if anywhere else None
    try:
        end = _options(words, short, long, found, others)
    except OptionError as error:
        error.found = found
        raise
    return found, [*(others or ()), *words[end:]]


def _options(
    words: "Sequence[str]",
    short: "Mapping[str, int]",
    long: "Mapping[str, int]",
    found: list[tuple[str, str | None]],
    others: list[str] | None,
) -> int:
    """Append the options to `found`, and other words between them to `others` if that is there; where they end."""
    at = 0
    while at < len(words):
        word = words[at]
        at += 1
        if word == "--":
            break
        if word.startswith("--"):
            name, value = _long(word, long)
            if long[name] == ONE and value is None:
                value, at = _next(words, at, f"option '--{name}' requires an argument")
            found.append((name, value))
        elif word.startswith("-") and word != "-":
            at = _shorts(word[1:], words, at, short, found)
        elif others is None:
            return at - 1
        else:
            others.append(word)
    return at


def _long(word: str, long: "Mapping[str, int]") -> tuple[str, str | None]:
    name, equals, value = word[2:].partition("=")
    close = [name] if name in long else [one for one in long if one.startswith(name)]
    if not close:
        raise OptionError(f"unrecognized option '--{name}'")
    if len(close) > 1:
        known = " ".join(f"'--{one}'" for one in close)
        raise OptionError(f"option '{word}' is ambiguous; possibilities: {known}")
    if equals and long[close[0]] == NONE:
        raise OptionError(f"option '--{close[0]}' doesn't allow an argument")
    return close[0], value if equals else None


def _shorts(
    letters: str, words: "Sequence[str]", at: int, short: "Mapping[str, int]", found: list[tuple[str, str | None]]
) -> int:
    """Letters in one word; one that takes a value takes the rest of the word, or, where it must, the next."""
    while letters:
        letter, letters = letters[0], letters[1:]
        if letter not in short:
            raise OptionError(f"invalid option -- '{letter}'")
        value: str | None = None
        if short[letter] != NONE:
            value, letters = letters or None, ""
            if short[letter] == ONE and value is None:
                value, at = _next(words, at, f"option requires an argument -- '{letter}'")
        found.append((letter, value))
    return at


def _next(words: "Sequence[str]", at: int, message: str) -> tuple[str, int]:
    if at == len(words):
        raise OptionError(message)
    return words[at], at + 1
