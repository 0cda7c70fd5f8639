"""DA353: a deny of a whole class (`deny mount,`) beside rules of the file that allow some of it."""

from collections.abc import Iterator

from dockarmor.lint.coverage import coverage
from dockarmor.lint.dead import Dead
from dockarmor.lint.lint import Examined, Lint
from dockarmor.lint.removal import removal
from dockarmor.lint.shown import not_shown
from dockarmor.policy.profile import PlacedRule
from dockarmor.rules.all_rule import AllRule
from dockarmor.rules.kind import PLAIN
from dockarmor.rules.registry import BY_RULE, write
from dockarmor.text.diagnostic import Diagnostic, Label, Severity
from dockarmor.value import replace

#: how many of the rules that have no effect are pointed at
SHOWN = 4


def _find(examined: Examined) -> Iterator[Diagnostic]:
    for profile in examined.profiles():
        groups: dict[int, list[Dead]] = {}
        for one in coverage(examined, profile).dead:
            if class_denied(one):
                groups.setdefault(id(one.by[0]), []).append(one)
        for victims in groups.values():
            deny = victims[0].by[0]
            if examined.own(deny):
                yield _at_deny(deny, victims)
            else:
                yield from (_at_victim(deny, one) for one in victims)


def class_denied(one: Dead) -> bool:
    """Is a rule without effect because its whole class is denied?"""
    return one.reason == "denied" and not one.letters and not one.names and keyword(one.by[0]) is not None


def keyword(placed: PlacedRule) -> str | None:
    """The class that a rule denies as a whole: `mount` of `deny mount,`. None for any other rule."""
    rule = placed.rule
    if rule.qualifiers.effect != "deny" or isinstance(rule, AllRule):
        return "all" if isinstance(rule, AllRule) and rule.qualifiers.effect == "deny" else None
    bare = write(replace(rule, qualifiers=PLAIN)).removesuffix(",")
    return bare if bare in BY_RULE[type(rule)].keywords else None


def _message(deny: PlacedRule) -> str:
    word = keyword(deny)
    return f"`deny {word},` leaves nothing of the {'' if word == 'all' else f'{word} '}rules beside it"


def _help(deny: PlacedRule) -> tuple[str, ...]:
    word = keyword(deny)
    return (
        "a deny wins over every allow of the same priority, whatever the order: no later rule opens it again",
        f"without `deny {word},` what no rule allows is denied all the same; a narrower deny leaves the rest",
    )


def _at_deny(deny: PlacedRule, victims: list[Dead]) -> Diagnostic:
    return Diagnostic(
        "DA353",
        _message(deny),
        deny.rule.span,
        Severity.WARNING,
        label="denies all of the class",
        others=tuple(Label(one.placed.rule.span, "never has an effect") for one in victims[:SHOWN]),
        help=_help(deny),
        notes=not_shown(len(victims) - SHOWN),
        fix=removal(deny.rule.span, safe=False, message="remove the deny"),
    )


def _at_victim(deny: PlacedRule, one: Dead) -> Diagnostic:
    word = keyword(deny)
    return Diagnostic(
        "DA353",
        f"this rule has no effect: an include says `deny {word},`",
        one.placed.rule.span,
        Severity.WARNING,
        label="never has an effect",
        others=(Label(deny.rule.span, "denies all of the class"),),
        help=_help(deny),
    )


LINT = Lint("DA353", "class-denied", _find)
