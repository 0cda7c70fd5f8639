"""The contract between a lint and `check`."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from dockarmor.policy.features import Negotiated
from dockarmor.policy.includes import Library
from dockarmor.policy.profile import PlacedRule, Policy, Profile
from dockarmor.syntax.tree import File
from dockarmor.text.diagnostic import Diagnostic
from dockarmor.value import field, frozen

R = TypeVar("R")


@frozen
class Examined:
    """One file that was read without errors.

    `features` are what the policy's ABI and the kernel that is asked about agree on.
    """

    file: File
    policy: Policy
    library: Library
    features: Negotiated
    _made: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)

    def profiles(self) -> Iterator[Profile]:
        """Every profile, hat and child, depth first."""
        for profile in self.policy.profiles:
            yield from profile.family()

    def own(self, placed: PlacedRule) -> bool:
        """Does the rule stand in the file itself: not in an include, and not implied by another?"""
        return not placed.includes and not placed.implied

    def own_rules(self, kind: type[R]) -> Iterator[tuple[Profile, R]]:
        """The rules of a kind that stand in the file itself, each with its profile."""
        for profile in self.profiles():
            for placed in profile.rules:
                if isinstance(placed.rule, kind) and self.own(placed):
                    yield profile, placed.rule

    def once(self, make: Callable[["Examined", Profile], R], profile: Profile) -> R:
        """What `make` gives for a profile; made once, for all lints that ask."""
        key = make, id(profile)
        if key not in self._made:
            self._made[key] = make(self, profile)
        made: R = self._made[key]
        return made


@frozen
class Lint:
    """A lint.

    `code` is stable, `name` the page's title in kebab case. `find` gives warnings with that code; it raises
    nothing. `container`: only asked where the policy is meant for containers (lint/container.py).
    """

    code: str
    name: str
    find: Callable[[Examined], Iterable[Diagnostic]]
    container: bool = False
