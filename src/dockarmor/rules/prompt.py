"""Prompt rules: `prompt /home/*/** r,` asks somebody whether it is allowed (apparmor.d(5), Qualifiers).

A prompt has its place in a permission table, and nowhere else in a blob: accept words and the masks of capabilities
have none. Where it has none, the rule allows nothing.
"""

from collections.abc import Iterable, Iterator

from dockarmor.rules.kind import Dropped, Encoded, Rule, Scope
from dockarmor.rules.policy_entry import weakened

#: where a permission table is written (docs/decisions/0005)
FEATURE = "policy/permstable32_version/0x000003"
_DENIED = "what no other rule allows is denied"


def encoded(rule: Rule, kind: str, found: Iterable[Encoded], scope: Scope) -> Iterator[Encoded]:
    """What a prompt rule comes to, and what of it nobody is asked about; nothing of a rule that is dropped anyway."""
    is_there = False
    for one in found:
        is_there = is_there or not isinstance(one, Dropped)
        yield one
    if is_there and not scope.kernel_has(FEATURE):
        message = f"nobody is asked about this prompt rule: the feature set has no `{FEATURE}`"
        yield weakened("DA427", message, rule.span, _DENIED)
    elif is_there and kind in ("capability", "all"):
        message = "nobody is asked about capabilities: no kernel has a place for it"
        yield weakened("DA427", message, rule.span, _DENIED)
