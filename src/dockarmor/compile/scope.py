"""What a rule may ask about the profile around it while it is encoded."""

from dockarmor.access.capability import CAPABILITIES
from dockarmor.compile.permission_map import FIRST_SLOT, LAST_SLOT
from dockarmor.policy.features import Negotiated
from dockarmor.policy.profile import Profile
from dockarmor.text.source import Span


class ProfileScope:
    """A rules.kind.Scope. It collects named transition targets in the order in which they are asked for.

    `texts` are the texts that were expanded since it was last cleared.
    """

    def __init__(self, profile: Profile, features: Negotiated) -> None:
        self.profile = profile.name
        self.features = features
        self.variables = profile.variables
        self.targets: list[str] = []
        self.texts: list[str] = []

    def has(self, feature: str) -> bool:
        return self.features.has(feature)

    def kernel_has(self, feature: str) -> bool:
        return self.features.kernel_has(feature)

    def expand(self, text: str, span: Span) -> str:
        expanded = self.variables.expand(text, span) if "@" in text else text
        self.texts.append(expanded)
        return expanded

    def exec_slot(self, target: str) -> int:
        if target not in self.targets:
            if FIRST_SLOT + len(self.targets) > LAST_SLOT:
                raise ValueError("all slots for named transition targets are taken")
            self.targets.append(target)
        return FIRST_SLOT + self.targets.index(target)

    def capability_number(self, name: str) -> int | None:
        """By the features' own list where it has the name: its order is the kernel's numbering."""
        known = self.features.kernel.words("caps/mask")
        if name in known:
            return known.index(name)
        return CAPABILITIES.index(name) if name in CAPABILITIES else None


class AliasScope:
    """The scope seen through one alias: texts that begin with `source` begin with `target` instead.

    That is decided on the text after variables, without regard to path components (apparmor.d(5), ALIAS RULES).
    """

    def __init__(self, scope: ProfileScope, source: str, target: str) -> None:
        self.scope = scope
        self.source = source
        self.target = target
        self.profile = scope.profile
        self.has = scope.has
        self.kernel_has = scope.kernel_has
        self.exec_slot = scope.exec_slot
        self.capability_number = scope.capability_number

    def expand(self, text: str, span: Span) -> str:
        expanded = self.scope.expand(text, span)
        if not expanded.startswith(self.source):
            return expanded
        return self.target + expanded[len(self.source) :]
