"""The path patterns that rules are written with."""

from collections.abc import Iterator

from dockarmor.lint.lint import Examined
from dockarmor.policy.profile import Profile
from dockarmor.rules.kind import Rule
from dockarmor.syntax.cursor import Word
from dockarmor.value import fields


def pattern_words(examined: Examined) -> Iterator[tuple[Profile, Rule, Word]]:
    """Every path in the file's own rules, with its rule and profile."""
    for profile in examined.profiles():
        for placed in profile.rules:
            if examined.own(placed):
                for word in _words(placed.rule):
                    yield profile, placed.rule, word


def _words(rule: Rule) -> Iterator[Word]:
    for one in fields(rule):
        value = getattr(rule, one.name)
        for word in value if isinstance(value, tuple) else (value,):
            if isinstance(word, Word) and word.text.startswith(("/", "@{")):
                yield word
