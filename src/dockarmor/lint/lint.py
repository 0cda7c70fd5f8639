"""The contract between a lint and `check`."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

from dockarmor.policy.features import Negotiated
from dockarmor.policy.includes import Library
from dockarmor.policy.profile import PlacedRule, Policy, Profile
from dockarmor.syntax.tree import File, ProfileNode, walk
from dockarmor.text.diagnostic import Diagnostic
from dockarmor.value import field, frozen

R = TypeVar("R")


@frozen
class Examined:
    """A file, and what lints look at.

    `features` are what the policy's ABI and the kernel that is asked about agree on. `unsound`: the ids of the
    top-level profiles in which something could not be read; nothing is said of them, since a rule may be missing.
    """

    file: File
    policy: Policy
    library: Library
    features: Negotiated
    unsound: frozenset[int] = frozenset()
    _made: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)

    def profiles(self) -> Iterator[Profile]:
        """Every profile, hat and child, depth first."""
        for profile in self.policy.profiles:
            if id(profile) not in self.unsound:
                yield from profile.family()

    def own_profiles(self) -> Iterator[Profile]:
        """The top-level profiles that are written in the file itself and confine something."""
        for profile in self.policy.profiles:
            here = profile.span.source is self.file.source and id(profile) not in self.unsound
            if here and profile.flags.mode != "unconfined":
                yield profile

    def own(self, placed: PlacedRule) -> bool:
        """Does the rule stand in the file itself: not in an include, and not implied by another?"""
        return not placed.includes and not placed.implied

    def own_rules(self, kind: type[R]) -> Sequence[tuple[Profile, R]]:
        """The rules of a kind that stand in the file itself, each with its profile."""
        if kind not in self._made:
            self._made[kind] = [
                (profile, rule) for profile in self.profiles() for rule in self.rules_of(profile, kind)
            ]
        found: Sequence[tuple[Profile, R]] = self._made[kind]
        return found

    def rules_of(self, profile: Profile, kind: type[R]) -> Sequence[R]:
        """The same of one profile."""
        found: Sequence[R] = self.once(_by_kind, profile).get(kind, ())
        return found

    def node(self, profile: Profile) -> ProfileNode | None:
        """Where a profile is written; None where that is not in the file."""
        if "nodes" not in self._made:
            nodes = (node for node in walk(self.file.body) if isinstance(node, ProfileNode))
            self._made["nodes"] = {node.span.start: node for node in nodes}
        found: ProfileNode | None = self._made["nodes"].get(profile.span.start)
        return found if profile.span.source is self.file.source else None

    def once(self, make: Callable[["Examined", Profile], R], profile: Profile) -> R:
        """What `make` gives for a profile; made once, for all lints that ask."""
        key = make, id(profile)
        if key not in self._made:
            self._made[key] = make(self, profile)
        made: R = self._made[key]
        return made


def _by_kind(examined: Examined, profile: Profile) -> dict[type, list[Any]]:
    found: dict[type, list[Any]] = {}
    for placed in profile.rules:
        if examined.own(placed):
            found.setdefault(type(placed.rule), []).append(placed.rule)
    return found


@frozen
class Lint:
    """A lint.

    `code` is stable, `name` the page's title in kebab case. `find` gives warnings with that code; it raises
    nothing. `container`: only asked where the policy is meant for containers (lint/container.py). `whole`: only
    asked about a file that was read without errors, since it speaks of what is nowhere in it.
    """

    code: str
    name: str
    find: Callable[[Examined], Iterable[Diagnostic]]
    container: bool = False
    whole: bool = False
