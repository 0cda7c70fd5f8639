"""Rules of the mount family with the same conditions are one rule, as in apparmor_parser.

`mount,` and `umount,` speak of different strings, so that it makes no difference to a kernel: none asks for `mount`
where a umount is looked up. But in a blob both strings have the permissions of both rules, and blobs are compared.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from dockarmor.compile.encoding import Entries, PlacedEntry
from dockarmor.compile.scope import ProfileScope
from dockarmor.rules.aare import filter_slashes
from dockarmor.rules.all_rule import AllRule
from dockarmor.rules.kind import Effect, Qualifiers
from dockarmor.rules.mount import MountRule
from dockarmor.rules.mount_flags import REMOUNT
from dockarmor.rules.pivot_root import PivotRootRule
from dockarmor.rules.umount import UmountRule
from dockarmor.syntax.cursor import Word
from dockarmor.value import replace

_CLASS = rb"\x07"
#: a profile with none of these has nothing to join
_OTHERS = frozenset((UmountRule, PivotRootRule, AllRule))

_Rule = MountRule | UmountRule | PivotRootRule | AllRule


class _Conditions(NamedTuple):
    """What two rules must have in common. Texts with their variables expanded; None is not the same as `**`."""

    qualifiers: tuple[Effect, bool, bool, int]
    mountpoint: str | None = None
    source: str | None = None
    target: str | None = None
    fstypes: tuple[str, ...] = ()
    exact: tuple[int, ...] = ()
    optional: tuple[int, ...] = ()


def joined(policy: Entries, scope: ProfileScope) -> Entries:
    """The entries, and those of joined rules once more with the permissions of all of them."""
    if not any(type(one.rule.rule) in _OTHERS for one in policy if one.rule is not None):
        return policy
    added = list(_joined(policy, scope))
    if not added:
        return policy
    made = Entries()
    for entry in added:
        made.take(entry)
    for group in policy.groups():
        made.share(group)
    return made


def _joined(policy: Iterable[PlacedEntry], scope: ProfileScope) -> Iterator[PlacedEntry]:
    found: dict[_Conditions, list[PlacedEntry]] = {}
    for one in policy:
        rule = None if one.rule is None else one.rule.rule
        if isinstance(rule, _Rule) and one.entry.pattern.startswith(_CLASS):
            found.setdefault(_conditions(rule, scope), []).append(one)
    for same in found.values():
        every = 0
        for one in same:
            every |= one.entry.permissions
        for one in same:
            entry = one.entry
            if entry.permissions != every:
                audit = every if entry.audit else 0
                yield PlacedEntry(replace(entry, permissions=every, audit=audit), one.rule)


def _conditions(rule: _Rule, scope: ProfileScope) -> _Conditions:
    qualifiers = _qualifiers(rule.qualifiers)

    def text(word: Word | None) -> str | None:
        return None if word is None else filter_slashes(scope.expand(word.text, word.span))

    if isinstance(rule, AllRule):
        return _Conditions(qualifiers)
    if isinstance(rule, PivotRootRule):
        target = None if rule.target is None else scope.expand(rule.target.text, rule.target.span)
        return _Conditions(qualifiers, text(rule.new_root), text(rule.old_root), target)
    source = text(rule.source) if isinstance(rule, MountRule) else None
    fstypes = sorted(scope.expand(word.text, word.span) for word in rule.fstypes)
    return _Conditions(qualifiers, text(rule.mountpoint), source, None, tuple(fstypes), *_flags(rule))


def _qualifiers(qualifiers: Qualifiers) -> tuple[Effect, bool, bool, int]:
    """To upstream an `allow` that is written is something else than none."""
    return qualifiers.effect, "allow" in qualifiers.spans, qualifiers.audit, qualifiers.priority


def _flags(rule: MountRule | UmountRule) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The exact and the optional lists of options. The keyword `remount` is an option, too."""
    said = REMOUNT if isinstance(rule, MountRule) and rule.remount else 0
    exact = tuple(one.bits() | said for one in rule.options if not one.optional)
    optional = tuple(one.bits() for one in rule.options if one.optional)
    return exact or ((said,) if said else ()), optional
