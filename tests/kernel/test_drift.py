"""Whether what is loaded is what the files say."""

import pytest

from dockarmor.compile.pipeline import Options, compile_policy
from dockarmor.kernel.drift import Drift, drift
from dockarmor.kernel.embedded.digest import profile_hashes
from dockarmor.kernel.protocol import LoadedProfile
from dockarmor.policy.builtin import builtin_base
from dockarmor.policy.features import builtin
from dockarmor.policy.read import library, read_text, require
from dockarmor.text.source import Source

TEXT = "profile web { /srv/** r, }"


def compiled(text: str, options: Options | None = None) -> bytes:
    policy = require(read_text(Source("policy", text), library(builtin_base()))).policy
    return compile_policy(policy, builtin("kernel-6.12"), options=options).blob


def loaded(blob: bytes, name: str = "web", algorithm: str = "sha256") -> list[LoadedProfile]:
    return [LoadedProfile(name, "enforce", profile_hashes(blob, algorithm)[0])]


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_equal_hashes_are_the_same_bytes(algorithm: str) -> None:
    blob = compiled(TEXT)
    assert drift(loaded(blob, algorithm=algorithm), [blob]) == [Drift("web", "same")]


def test_a_profile_of_the_same_name_that_says_something_else_is_told_with_a_witness() -> None:
    open_one = compiled("profile web { file, }")
    (found,) = drift(loaded(open_one), [compiled(TEXT)], raw=lambda name: open_one)
    assert found.state == "differs"
    assert found.detail.startswith("loaded / file: web: file b'/'")


def test_another_attachment_is_told_with_a_path() -> None:
    old = compiled("profile web /usr/bin/web { }")
    (found,) = drift(loaded(old), [compiled("profile web /usr/bin/websites { }")], raw=lambda name: old)
    assert found.detail.startswith("loaded / file: web: attachment b'/usr/bin/web'")


def test_other_bytes_may_mean_the_same() -> None:
    # enough rules for byte classes to pay
    rules = " ".join(f"/srv/{number * 7919}/** r," for number in range(200))
    text = f"profile web {{ {rules} }}"
    other = compiled(text, Options(classes=False))
    assert other != compiled(text)
    assert drift(loaded(other), [compiled(text)], raw=lambda name: other) == [Drift("web", "equivalent")]


def test_bytes_that_the_kernel_does_not_give_back_are_not_guessed_at() -> None:
    other = compiled("profile web { file, }")
    (found,) = drift(loaded(other), [compiled(TEXT)])
    assert (found.state, found.detail) == ("differs", "the kernel does not give its bytes back, only their hash")


def test_bytes_with_another_hash_than_the_kernels_are_not_believed() -> None:
    (found,) = drift(loaded(compiled("profile web { file, }")), [compiled(TEXT)], raw=lambda name: compiled(TEXT))
    assert found.state == "differs"


def test_a_kernel_without_hashes_leaves_it_unknown() -> None:
    assert drift([LoadedProfile("web", "enforce")], [compiled(TEXT)])[0].state == "unknown"


def test_what_only_one_side_has_is_named() -> None:
    blob = compiled("profile :n:here { /a r, }")
    found = drift(loaded(blob, name="there"), [blob])
    assert found == [Drift("there", "no-file"), Drift(":n:here", "not-loaded")]
