"""Signals as signal rules name them (apparmor.d(5), SIGNAL RULES), and the kernel's numbers for them."""

from dockarmor.access.signal import REALTIME, SIGNALS, signal_number
from dockarmor.text.regex import regex

#: further spellings of the same signals
SYNONYMS = {"tstp": "stp", "poll": "io"}
#: The kernel has a number for it, the language no word.
_UNNAMED = frozenset(("lost",))

NAMES = tuple(name for name in SIGNALS if name not in _UNNAMED)
_REALTIME = regex(r"rtmin\+0*([0-9]+)")
_BY_NUMBER = {number: name for name, number in SIGNALS.items()}


def canonical(word: str) -> str | None:
    """The name by which a signal is written, None for a word that is none.

    >>> canonical("tstp"), canonical("rtmin+03"), canonical("sigkill")
    ('stp', 'rtmin+3', None)
    """
    name = SYNONYMS.get(word, word)
    if match := _REALTIME.fullmatch(name):
        name = f"rtmin+{match[1]}"
    return None if name in _UNNAMED or signal_number(name) is None else name


def number(name: str) -> int:
    """The kernel's number of a signal; 0 for one that it does not know, which no rule names."""
    return signal_number(name) or 0


def name_of(value: int) -> str:
    """A signal by the kernel's number.

    >>> name_of(9), name_of(130)
    ('kill', 'rtmin+2')
    """
    return _BY_NUMBER.get(value) or f"rtmin+{value - REALTIME}"
