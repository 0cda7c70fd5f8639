"""What may stand before a rule or a block.

qualifiers = [ "priority" "=" INT ] [ "audit" ] [ "allow" | "deny" | "prompt" ] [ "owner" | "user" | "other" ]
"""

from collections.abc import Mapping
from typing import Literal

from dockarmor.text.diagnostic import Diagnostic, Label
from dockarmor.text.source import Span
from dockarmor.value import field, frozen

Effect = Literal["allow", "deny", "prompt"]
Subject = Literal["owner", "other"]


@frozen
class Qualifiers:
    """`[priority=N] [audit] [allow|deny|prompt] [owner|other]`, as written before a rule."""

    priority: int = 0
    audit: bool = False
    effect: Effect = "allow"
    subject: Subject | None = None
    #: where each stands, for diagnostics; empty where nothing is written
    spans: Mapping[str, Span] = field(default_factory=dict, compare=False, repr=False)


PLAIN = Qualifiers()


#: which qualifiers exclude each other, and the order of the others
SLOTS: Mapping[str, int] = {
    "priority": 0,
    "audit": 1,
    **dict.fromkeys(("allow", "deny", "prompt"), 2),
    "owner": 3,
    "user": 3,
    "other": 3,
}


def misplaced(word: str, span: Span, before: Mapping[str, Span]) -> Diagnostic:
    """A qualifier behind one that excludes it, or that it belongs before."""
    if word in before:
        return Diagnostic(
            "DA040", f"`{word}` stands twice", span, others=(Label(before[word], "it is here already"),)
        )
    slot = SLOTS[word]
    same = next((other for other in before if SLOTS[other] == slot), None)
    if same is not None:
        message = f"`{same}` and `{word}` exclude each other"
        return Diagnostic("DA040", message, span, others=(Label(before[same], "this stands here already"),))
    first = next(place for other, place in before.items() if SLOTS[other] > slot)
    return Diagnostic(
        "DA040",
        f"`{word}` stands too late",
        span,
        others=(Label(first, "it belongs before this"),),
        help=("the order is: priority=N audit allow|deny|prompt owner|other",),
    )
