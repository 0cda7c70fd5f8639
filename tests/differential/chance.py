"""Chance, and what all kinds of rules share: a word out of some, now and then a wrong one."""

from collections.abc import Callable
from random import Random


class Chance:
    """Writes text at random. `mistakes` is how often a value is taken that may be wrong where it stands."""

    def __init__(self, random: Random, mistakes: float = 0.02) -> None:
        self.random = random
        self.mistakes = mistakes
        self.depth = 0

    # -- chance -------------------------------------------------------------------------------------------

    def one(self, *choices: str) -> str:
        return self.random.choice(choices)

    def maybe(self, chance: float) -> bool:
        return self.random.random() < chance

    def some(self, text: Callable[[], str] | str, chance: float = 0.5) -> str:
        """The text, or nothing."""
        return "" if not self.maybe(chance) else text if isinstance(text, str) else text()

    def wrong(self, right: str, *wrong: str) -> str:
        return self.random.choice(wrong) if self.maybe(self.mistakes) else right

    def list_of(self, words: list[str], most: int = 3) -> str:
        chosen = [self.random.choice(words) for _ in range(self.random.randint(1, most))]
        return "(" + self.one(" ", ", ", ",").join(chosen) + self.wrong(")", "", ",)", " )")

    def qualifiers(self, subject: float = 0.1, priority: float = 0.1) -> str:
        words = [
            self.some(
                lambda: (
                    "priority="
                    + self.one("0", "1", "-1", "+5", "1000", "-1000", self.wrong("2", "1001", "-1001", "", "1.5"))
                ),
                priority,
            ),
            self.some("audit", 0.15),
            self.some(lambda: self.one("allow", "deny", "deny", "prompt"), 0.3),
            self.some(lambda: self.one("owner", "owner", "other", "user"), subject),
        ]
        words = [word for word in words if word]
        if self.maybe(self.mistakes):
            self.random.shuffle(words)
        return "".join(word + " " for word in words)

    def class_qualifiers(self) -> str:
        return self.qualifiers(self.mistakes)

    def permissions(self, words: list[str], chance: float = 0.5) -> str:
        if not self.maybe(chance):
            return ""
        words = words if not self.maybe(self.mistakes) else ["x", "wr", "all", "READ", "sendx"]
        return " " + (self.one(*words) if self.maybe(0.4) else self.list_of(words))

    def label(self) -> str:
        return self.one(
            "a",
            "/usr/bin/b",
            '"c d"',
            "e//f",
            "/**",
            "@{V}",
            "{a,b}",
            ":ns:g",
            "unconfined",
            "@{profile_name}",
            "*",
            self.wrong("h", "", "{i}", "[", "@{NONE}", "(j)", "(j k)"),
        )
