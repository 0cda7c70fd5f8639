"""Capability rules without an effect: a deny takes them from every allow, and there are no priorities."""

from collections.abc import Iterator, Sequence

from dockarmor.lint.dead import Dead
from dockarmor.lint.lint import Examined
from dockarmor.policy.profile import PlacedRule, Profile
from dockarmor.rules.all_rule import AllRule
from dockarmor.rules.capability import CapabilityRule

#: how many capability rules of a profile are compared; there are fewer capabilities
MAX_RULES = 300


def dead_capabilities(examined: Examined, profile: Profile) -> Iterator[Dead]:
    """The file's own capability rules of which something is denied, or all of which other rules say already."""
    said = [one for one in profile.rules if isinstance(one.rule, CapabilityRule | AllRule) and not one.implied]
    own = [one for one in said if examined.own(one) and isinstance(one.rule, CapabilityRule)]
    if len(said) > MAX_RULES:
        return
    gone: set[int] = set()
    for placed in reversed(own):
        rule = placed.rule
        denies = [one for one in said if one is not placed and one.rule.qualifiers.effect == "deny"]
        if rule.qualifiers.effect == "allow":
            taken = tuple(name for name in _names(placed) if any(_says(one, name) for one in denies))
            by = [one for one in denies if any(_says(one, name) for name in taken)]
            if taken:
                whole = len(taken) == len(_names(placed))
                yield Dead(placed, "denied", _least(by, taken), names=() if whole else taken)
                if whole:
                    gone.add(id(placed))
                continue
        same = [one for one in said if examined.own(one) and one is not placed and id(one) not in gone]
        same = [one for one in same if _is_like(one, placed)]
        if all(any(_says(one, name) for one in same) for name in _names(placed)):
            gone.add(id(placed))
            yield Dead(placed, "repeated", _least(same, _names(placed)))


def _names(placed: PlacedRule) -> tuple[str, ...]:
    """The names that a rule lists; "" for one that says all of them."""
    rule = placed.rule
    return (
        tuple(dict.fromkeys(str(name) for name in rule.names)) or ("",) if isinstance(rule, CapabilityRule) else ("",)
    )


def _says(placed: PlacedRule, name: str) -> bool:
    names = _names(placed)
    return names == ("",) or name in names


def _is_like(one: PlacedRule, other: PlacedRule) -> bool:
    """The same effect, and it logs what the other logs."""
    mine, its = one.rule.qualifiers, other.rule.qualifiers
    logs = mine.audit or not its.audit
    if its.effect == "deny":
        logs = its.audit or not mine.audit
    return mine.effect == its.effect and logs


def _least(rules: Sequence[PlacedRule], names: Sequence[str]) -> tuple[PlacedRule, ...]:
    """One rule where one alone is behind it, else those that each say something of it."""
    for one in rules:
        if all(_says(one, name) for name in names):
            return (one,)
    return tuple(one for one in rules if any(_says(one, name) for name in names))
