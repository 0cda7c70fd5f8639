"""DA355: negated classes in a row, meant to exclude a word; they exclude much more. Proved, with names."""

import re
from collections.abc import Iterator
from functools import reduce
from itertools import islice
from operator import or_
from typing import NamedTuple

from dockarmor.automata.charset import EVERY, parse_class
from dockarmor.automata.determinise import determinise
from dockarmor.automata.limits import LimitExceeded, PatternError
from dockarmor.automata.trie import Trie
from dockarmor.lint.lint import Examined, Lint
from dockarmor.lint.overlap import BOUNDS
from dockarmor.lint.pattern_words import pattern_words
from dockarmor.policy.profile import Profile
from dockarmor.rules.aare import escape_literal, filter_slashes, to_pattern
from dockarmor.rules.kind import Rule
from dockarmor.syntax.cursor import Word
from dockarmor.text.diagnostic import Diagnostic, DiagnosticError, Fix, Severity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dockarmor.lint.exclusion import Exclusion

#: how many classes in a row are looked at, and how many such patterns of a file
MOST = 16
MAX_PATTERNS = 50

_CLASS = r"\[\^(?:\\[\s\S]|[^\]\\*?])+\]"
_RUN = f"(?:{_CLASS}){{2,}}"
_ORDINARY = EVERY & ~(1 | 1 << ord("/"))
_READABLE = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"


class _Trap(NamedTuple):
    """`excluded`: for each class the bytes that it shuts out, as a set."""

    start: int
    end: int
    excluded: tuple[int, ...]


def _find(examined: Examined) -> Iterator[Diagnostic]:
    suspects = (one for one in pattern_words(examined) if "][^" in one[2].text)
    for profile, rule, word in islice(suspects, MAX_PATTERNS):
        found = next((one for trap in _traps(word.text) if (one := _found(profile, rule, word, trap))), None)
        if found:
            yield found


def _traps(text: str) -> Iterator[_Trap]:
    for run in re.finditer(_RUN, text):
        classes = re.findall(_CLASS, run.group())
        try:
            sets = [parse_class(to_pattern(one)) for one in classes[: MOST + 1]]
        except (DiagnosticError, PatternError):
            continue
        excluded = tuple(_ORDINARY & ~one for one in sets)
        # the same set again and again says "none of these letters", which is just what it does
        same = len(set(excluded)) == 1 and excluded[0].bit_count() > 1
        if len(classes) <= MOST and all(excluded) and not same:
            yield _Trap(run.start(), run.end(), excluded)


def _found(profile: Profile, rule: Rule, word: Word, trap: _Trap) -> Diagnostic | None:
    from dockarmor.lint.exclusion import exclusion  # most files have no trap, and start-up counts

    alike, short = _witnesses(profile, word, trap)
    if alike is None and short is None:
        return None
    span = word.span.part(word.text[trap.start : trap.end])
    verb = {"deny": "denied", "allow": "allowed"}.get(rule.qualifiers.effect, "asked about")
    instead = exclusion(word.text, trap.start, trap.end, trap.excluded)
    spelled = _spelled(trap.excluded)
    notes = []
    if alike is not None:
        notes.append(f"witness: {alike[:200]} is not {verb} by this rule, though only one letter agrees")
    if short is not None:
        notes.append(
            f"witness: {short[:200]} is not {verb} by this rule, it has fewer than {len(trap.excluded)} letters"
        )
    return Diagnostic(
        "DA355",
        f"classes in a row do not exclude {f'the word `{spelled}`' if spelled else 'a word'}",
        span,
        Severity.WARNING,
        label="shuts a name out as soon as one letter agrees",
        help=_help(instead),
        notes=tuple(notes),
        fix=_fix(word, instead),
    )


def _help(instead: "Exclusion | None") -> tuple[str, ...]:
    if instead is None:
        return ("write the names out: `{[^s/]*,s,s[^h/]*,sh,sh[^m/]*}` is what does not begin with `shm`",)
    return tuple(f"{what}: `{text}`" for what, text in instead.choices)


def _fix(word: Word, instead: "Exclusion | None") -> Fix | None:
    if instead is None or word.span.text.count(instead.replaced) != 1:
        return None
    what, text = instead.choices[0]
    return Fix(word.span.part(instead.replaced), text, safe=False, message=f"write {what}")


def _spelled(excluded: tuple[int, ...]) -> str | None:
    """The word, where each class shuts out one letter."""
    if any(one.bit_count() != 1 for one in excluded):
        return None
    return "".join(chr(one.bit_length() - 1) for one in excluded)


# -- witnesses --------------------------------------------------------------------------------------------


def _witnesses(profile: Profile, word: Word, trap: _Trap) -> tuple[str | None, str | None]:
    """Names that do not match: one that agrees with the word in one letter only, and one that is too short."""
    union = reduce(or_, trap.excluded)
    other = next((byte for byte in _READABLE if not union >> byte & 1), None)
    if other is None:
        return None, None
    short = _missing(profile, word, trap, chr(other))
    for place, one in enumerate(trap.excluded):
        letter = next((byte for byte in _READABLE if one >> byte & 1), None)
        if letter is not None:
            name = bytearray([other]) * len(trap.excluded)
            name[place] = letter
            if found := _missing(profile, word, trap, name.decode("latin-1")):
                return found, short
    return None, short


def _missing(profile: Profile, word: Word, trap: _Trap, name: str) -> str | None:
    """A string that the pattern does not match, where this name stands in place of the classes."""
    from dockarmor.automata.product import witness  # most files need none, and start-up counts

    before, after = word.text[: trap.start], word.text[trap.end :]
    if _depth(before) or _depth(after):
        before, after = _branch(before, after)
    after = after.lstrip("*")
    try:
        texts = [
            profile.variables.expand(one, word.span) for one in (word.text, before + escape_literal(name) + after)
        ]
        trie = Trie(BOUNDS)
        for side, text in enumerate(texts):
            trie.add(to_pattern(filter_slashes(text)), side)
        dfa = determinise(trie, lambda accepts: int(accepts == (1,)), None, BOUNDS)
        found = witness(dfa, lambda value: value == 1)
    except (DiagnosticError, LimitExceeded, PatternError):
        return None
    return None if found is None else found.decode("latin-1")


def _depth(text: str) -> int:
    return text.count("{") - text.count("@{") - text.count("}") + len(re.findall(r"@\{[^{}]*\}", text))


def _branch(before: str, after: str) -> tuple[str, str]:
    """What stands around the branch of an alternation, the other branches left out."""
    opened = [match.start() for match in re.finditer(r"(?<!@)\{", before)]
    closed = after.find("}")
    if not opened or closed < 0:
        return before, after
    return before[: opened[-1]], after[closed + 1 :]


LINT = Lint("DA355", "negation-trap", _find)
