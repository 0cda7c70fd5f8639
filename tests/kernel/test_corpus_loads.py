"""Real kernels take every blob of the corpora, and say of each profile the name, mode and hash that we say."""

import re
from collections.abc import Iterable, Iterator
from errno import EPROTO
from pathlib import Path

import pytest

from dockarmor.compile.pipeline import compile_policy
from dockarmor.compile.reader import read_blob
from dockarmor.compile.records import by_namespace
from dockarmor.kernel.embedded.digest import profile_hashes
from dockarmor.kernel.lab import Lab
from dockarmor.kernel.protocol import KernelError
from dockarmor.policy.features import FeatureSet
from dockarmor.policy.read import library, read_text, require
from dockarmor.text.source import Source

pytestmark = [pytest.mark.lab, pytest.mark.shared]

#: one of so many real profiles is in the quick run
QUICK = 12
#: language cases that are left out; docs/decisions/0012-lab-classes.md
NO_PARENTS = "profile/re_named_ok2.sd"
#: the mode `prompt`, which 6.1 does not know
PROMPT = {f"profile/flags/flags_ok{number}.sd": EPROTO for number in (27, 39, 40)}
_PASSES = re.compile(r"^#=EXRESULT\s+PASS", re.MULTILINE)
_DISABLED = re.compile(r"^#=(?:DISABLED|TODO)", re.MULTILINE)


def differences(lab: Lab, files: Iterable[tuple[str, str, str]]) -> tuple[int, dict[str, object]]:
    """Load policies one after the other, each (name, text, base): how many, and where the kernel says otherwise."""
    features = FeatureSet.from_tree(lab.name, lab.features())
    found: dict[str, object] = {}
    count = 0
    for name, text, base in files:
        blob = compile_policy(require(read_text(Source(name, text), library(base))).policy, features).blob
        count += bool(blob)
        for piece in by_namespace(blob).values() if blob else ():
            ours = expected(piece, "sha1" if lab.name == "lab 6.1" else "sha256")
            try:
                lab.load(piece)
            except KernelError as error:
                found[name] = error.errno
                continue
            real = {(profile.name, profile.mode, profile.hash) for profile in lab.profiles()}
            if real != ours:
                found[name] = real ^ ours
            clear(lab, {profile for profile, _, _ in real})
    return count, found


def expected(blob: bytes, algorithm: str) -> set[tuple[str, str, str | None]]:
    """Full name, mode and hash of each profile of one namespace, as the kernel is to show them."""
    return {
        (f":{profile.namespace}:{profile.name}" if profile.namespace else profile.name, profile.mode, digest)
        for profile, digest in zip(read_blob(blob).profiles, profile_hashes(blob, algorithm), strict=True)
    }


def clear(lab: Lab, names: set[str]) -> None:
    """Remove these profiles, and the namespaces that they are in."""
    namespaces = {name[: name.index(":", 1) + 1] for name in names if name.startswith(":")}
    for name in namespaces | {name for name in names if not name.startswith(":") and "//" not in name}:
        lab.remove(name)


def real_profiles(corpus: Path) -> list[tuple[str, str, str]]:
    return [
        (file.name, file.read_text("latin-1"), str(corpus / folder))
        for folder in ("upstream/apparmor.d", "heavy")
        for file in sorted((corpus / folder).iterdir())
        if file.is_file()
    ]


def test_some_real_profiles_are_taken_and_read_back(lab_kernel: Lab, corpus: Path) -> None:
    count, found = differences(lab_kernel, real_profiles(corpus)[::QUICK])
    assert not found, found
    assert count > 280 // QUICK


@pytest.mark.slow
def test_every_real_profile_is_taken_and_read_back(lab_kernel: Lab, corpus: Path) -> None:
    count, found = differences(lab_kernel, real_profiles(corpus))
    assert not found, found
    assert count >= 282


@pytest.mark.slow
def test_language_cases_are_taken_and_read_back(
    lab_kernel: Lab, corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = corpus / "simple_tests"
    # Some cases include `../tst/simple_tests/…`, relative to where upstream's driver runs.
    (tmp_path / "tst").mkdir()
    (tmp_path / "tst" / "simple_tests").symlink_to(root)
    monkeypatch.chdir(tmp_path / "tst")

    def cases() -> Iterator[tuple[str, str, str]]:
        for path in sorted(root.rglob("*.sd")):
            name, text = str(path.relative_to(root)), path.read_text("latin-1")
            if _PASSES.search(text) and not _DISABLED.search(text) and name != NO_PARENTS:
                yield name, text, str(root)

    count, found = differences(lab_kernel, cases())
    assert found == (PROMPT if lab_kernel.name == "lab 6.1" else {})
    assert count > 8000
