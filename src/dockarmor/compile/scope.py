"""What a rule may ask about the profile around it while it is encoded."""

from dockarmor.access.capability import CAPABILITIES
from dockarmor.compile.permission_map import FIRST_SLOT, LAST_SLOT
from dockarmor.policy.features import Negotiated
from dockarmor.policy.variables import Variables, named
from dockarmor.text.source import Span


class ProfileScope:
    """A rules.kind.Scope. It collects named transition targets in the order in which they are asked for.

    `texts` are the texts that were expanded since it was last cleared.
    """

    def __init__(self, name: str, variables: Variables, features: Negotiated) -> None:
        self._name = name
        self.features = features
        self.variables = variables
        self.targets: list[str] = []
        self.texts: list[str] = []

    @property
    def profile(self) -> str:
        return self._name

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


class NotCommon(Exception):
    """Profiles have different answers to this question."""


class CommonScope(ProfileScope):
    """What profiles have in common, where no profile is. `reached`: the variables that were asked for.

    Raises NotCommon where the answer is a profile's own.
    """

    def __init__(self, variables: Variables, features: Negotiated) -> None:
        super().__init__("", variables, features)
        self.reached: frozenset[str] = frozenset()

    @property
    def profile(self) -> str:
        raise NotCommon

    def expand(self, text: str, span: Span) -> str:
        for name in named(text):
            reached = self.variables.reached(name)
            if reached is None:
                raise NotCommon
            self.reached |= reached
        return super().expand(text, span)

    def exec_slot(self, target: str) -> int:
        raise NotCommon


class AliasScope:
    """The scope seen through one alias: texts that begin with `source` begin with `target` instead.

    That is decided on the text after variables, without regard to path components (apparmor.d(5), ALIAS RULES).
    """

    def __init__(self, scope: ProfileScope, source: str, target: str) -> None:
        self.scope = scope
        self.source = source
        self.target = target
        self.has = scope.has
        self.kernel_has = scope.kernel_has
        self.exec_slot = scope.exec_slot
        self.capability_number = scope.capability_number

    @property
    def profile(self) -> str:
        return self.scope.profile

    def expand(self, text: str, span: Span) -> str:
        expanded = self.scope.expand(text, span)
        if not expanded.startswith(self.source):
            return expanded
        return self.target + expanded[len(self.source) :]
