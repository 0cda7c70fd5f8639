"""What coverage finds: rules, or parts of them, that have no effect."""

from typing import TYPE_CHECKING, Literal

from dockarmor.policy.profile import PlacedRule
from dockarmor.value import frozen

if TYPE_CHECKING:
    from dockarmor.lint.overlap import Overlaps

Reason = Literal["denied", "overruled", "repeated"]


@frozen
class Dead:
    """A rule of the file of which nothing is left.

    With `letters` (of a file rule) or `names` (capabilities, or permissions of a rule of the policy table) it is
    only these that are never granted.
    `by`: the rules behind it. `entries`: the rule's own in `table`, for a witness.
    """

    placed: PlacedRule
    reason: Reason
    by: tuple[PlacedRule, ...]
    letters: str = ""
    names: tuple[str, ...] = ()
    table: "Overlaps | None" = None
    entries: tuple[int, ...] = ()


@frozen
class Voided:
    """A deny rule of the file that leaves nothing of `rules`, which includes brought. `entries` are theirs."""

    deny: PlacedRule
    rules: tuple[PlacedRule, ...]
    table: "Overlaps"
    entries: tuple[int, ...]
