"""What is asked: compiled policy, and, where it came as text, what its lines say."""

from collections.abc import Mapping

from dockarmor.compile.compiled import CompiledPolicy, CompiledProfile
from dockarmor.compile.pipeline import all_kinds, compile_policy
from dockarmor.compile.provenance import Provenance, provenance
from dockarmor.compile.reader import read_blob
from dockarmor.policy.features import FeatureSet, Negotiated, intersect
from dockarmor.policy.profile import Policy, Profile
from dockarmor.text.diagnostic import Diagnostic, DiagnosticError
from dockarmor.value import field, frozen


@frozen(eq=False)
class Subject:
    """A policy to be asked. `blob` is what a kernel would load; answers come from nothing else.

    `texts` are the profiles by full name, empty where only a blob is known: then no line can be named.
    """

    name: str
    blob: bytes
    compiled: CompiledPolicy
    diagnostics: tuple[Diagnostic, ...] = ()
    texts: Mapping[str, Profile] = field(default_factory=dict)
    features: Negotiated | None = None
    _provenance: dict[str, Provenance] = field(default_factory=dict, repr=False)

    def profile(self, name: str | None = None) -> CompiledProfile:
        """The profile of this name, or the first; DiagnosticError (DA710) where there is none."""
        profiles = self.compiled.profiles
        found = next((one for one in profiles if name in (None, one.name)), None)
        if found is None:
            known = ", ".join(one.name for one in profiles) or "none"
            message = f"{self.name} has no profile `{name}`" if name else f"{self.name} has no profile"
            raise DiagnosticError([Diagnostic("DA710", message, help=(f"its profiles: {known}",))])
        return found

    def provenance(self, name: str) -> Provenance | None:
        """Which rules are behind this profile's decisions; None where its text is not known."""
        text = self.texts.get(name)
        if text is None or self.features is None:
            return None
        if name not in self._provenance:
            self._provenance[name] = provenance(text, self.features, all_kinds())
        return self._provenance[name]


def from_blob(name: str, blob: bytes) -> Subject:
    """A compiled policy. Raises DiagnosticError (DA5xx) for bytes that are none."""
    return Subject(name, blob, read_blob(blob))


def from_policy(name: str, policy: Policy, kernel: FeatureSet) -> Subject:
    """A resolved policy, compiled for a kernel. Raises DiagnosticError."""
    built = compile_policy(policy, kernel)
    texts = {profile.name: profile for top in policy.profiles for profile in top.family()}
    return Subject(
        name, built.blob, read_blob(built.blob), tuple(built.diagnostics), texts, intersect(policy.abi, kernel)
    )
