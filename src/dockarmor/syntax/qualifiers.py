"""What may stand before a rule or a block.

qualifiers = [ "priority" "=" INT ] [ "audit" ] [ "allow" | "deny" | "prompt" ] [ "owner" | "user" | "other" ]
"""

from collections.abc import Mapping
from typing import Literal

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
