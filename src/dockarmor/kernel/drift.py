"""Is what a kernel has loaded what the policy files say? A name proves nothing; the kernel's own hash does.

The hash that a kernel shows of a profile is of the very bytes that it took (crypto.c, aa_calc_profile_hash), so equal
hashes mean that this compiler's output is loaded. Other bytes may still mean the same, where another compiler wrote
them: where the kernel gives its bytes back, the automata are compared, over all strings.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal

from dockarmor.compile.compare import FieldDifference, compare_profiles
from dockarmor.compile.compiled import CompiledProfile
from dockarmor.compile.reader import read_blob
from dockarmor.kernel.embedded.digest import profile_hashes
from dockarmor.kernel.label_text import full_name
from dockarmor.kernel.protocol import LoadedProfile
from dockarmor.text.diagnostic import DiagnosticError
from dockarmor.value import frozen

#: same: byte for byte; equivalent: other bytes, one meaning; differs: another meaning, or other bytes where no more
#: is known; unknown: the kernel shows no hash; no-file: no file brings it; not-loaded: only a file has it
State = Literal["same", "equivalent", "differs", "unknown", "no-file", "not-loaded"]
_ALGORITHMS = {40: "sha1", 64: "sha256"}

Raw = Callable[[str], bytes | None]


@frozen
class Drift:
    """How a profile in the kernel stands to the files; `detail` says where the meaning differs, if that is known."""

    name: str
    state: State
    detail: str = ""


def drift(profiles: Sequence[LoadedProfile], blobs: Iterable[bytes], raw: Raw = lambda name: None) -> list[Drift]:
    """Compare what is loaded with the blobs that the files compile to for this kernel.

    `raw` gives a loaded profile's bytes back, with those of others that came along; None where the kernel keeps none.
    Raises DiagnosticError for blobs that are none.
    """
    algorithms = {_ALGORITHMS.get(len(one.hash or "")) for one in profiles} - {None}
    algorithm = str(algorithms.pop()) if len(algorithms) == 1 else ""
    expected = {name: one for blob in blobs for name, one in _records(blob, algorithm).items()}
    found = [_one(profile, expected, algorithm, raw) for profile in profiles]
    loaded = {profile.name for profile in profiles}
    return found + [Drift(name, "not-loaded") for name in expected if name not in loaded]


def _one(
    profile: LoadedProfile, expected: Mapping[str, tuple[CompiledProfile, str]], algorithm: str, raw: Raw
) -> Drift:
    if profile.name not in expected:
        return Drift(profile.name, "no-file")
    if not profile.hash or not algorithm:
        return Drift(
            profile.name, "unknown", "the kernel shows no hash of it: its parameter hash_policy is off, or was"
        )
    wanted, digest = expected[profile.name]
    if digest == profile.hash:
        return Drift(profile.name, "same")
    try:
        loaded, hashed = _records(raw(profile.name) or b"", algorithm).get(profile.name, (None, ""))
        if loaded is None or hashed != profile.hash:
            return Drift(profile.name, "differs", "the kernel does not give its bytes back, only their hash")
        differences = compare_profiles(loaded, wanted)
        difference = next(differences, None)
        if isinstance(difference, FieldDifference) and difference.field == "attachment_length":
            # A number that says little where the path follows that one has and the other has not.
            difference = next(differences, difference)
    except DiagnosticError as error:
        return Drift(profile.name, "differs", f"the meanings cannot be compared: {error}")
    if difference is None:
        return Drift(profile.name, "equivalent")
    return Drift(profile.name, "differs", f"loaded / file: {difference}")


def _records(blob: bytes, algorithm: str) -> dict[str, tuple[CompiledProfile, str]]:
    """By full name, the profiles of a blob and their hashes. Raises DiagnosticError."""
    if not blob:
        return {}
    profiles = read_blob(blob).profiles
    hashes = profile_hashes(blob, algorithm) if algorithm else ("",) * len(profiles)
    return {full_name(one.namespace, one.name): (one, digest) for one, digest in zip(profiles, hashes, strict=True)}
