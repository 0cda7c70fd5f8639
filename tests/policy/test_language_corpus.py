"""What upstream's parser accepts and refuses, we accept and refuse: its own test corpus, case by case."""

import re
from pathlib import Path

import pytest

from dockarmor.compile.pipeline import compile_policy
from dockarmor.policy.features import FeatureSet
from dockarmor.policy.includes import Library
from dockarmor.policy.read import library, read_text
from dockarmor.text.diagnostic import DiagnosticError
from dockarmor.text.source import Source

_DIRECTIVE = re.compile(r"#=(?:DESCRIPTION|EXRESULT|TODO|DISABLED).*\n?", re.IGNORECASE)

#: What is decided differently. This list may only shrink; docs/decisions/0002-language.md has the reasons.
DIFFERENT = frozenset(
    (
        # upstream's own TODO: expected to disagree there as well
        "file/ok_bare_1.sd",
        "vars/vars_profile_name_07.sd",
        "vars/vars_profile_name_12.sd",
        "vars/vars_profile_name_13.sd",
    )
)


def accepts(text: str, name: str, includes: Library, features: FeatureSet) -> bool:
    resolved = read_text(Source(name, text), includes)
    if resolved.failed:
        return False
    try:
        compile_policy(resolved.policy, features)
    except DiagnosticError:
        return False
    return True


@pytest.mark.shared
@pytest.mark.slow
def test_simple_tests(corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = corpus / "simple_tests"
    features = FeatureSet.parse("all", (corpus / "features_files" / "features.all").read_text())
    # Some cases include `../tst/simple_tests/…`, relative to where upstream's driver runs.
    (tmp_path / "tst").mkdir()
    (tmp_path / "tst" / "simple_tests").symlink_to(root)
    monkeypatch.chdir(tmp_path / "tst")
    includes = library(str(root))
    different, count = set(), 0
    for path in sorted(root.rglob("*.sd")):
        text = path.read_text("latin-1")
        if re.search(r"^#=DISABLED", text, re.MULTILINE):
            continue
        count += 1
        expected = re.search(r"^#=EXRESULT\s+FAIL", text, re.MULTILINE) is None
        name = str(path.relative_to(root))
        if accepts(_DIRECTIVE.sub("", text), name, includes, features) != expected:
            different.add(name)
    assert count > 11_000
    assert different - DIFFERENT == set()
    assert DIFFERENT - different == set(), "these agree now: take them off the list"
