"""What the reference parser accepts and refuses, we accept and refuse: generated and broken policies.

DOCKARMOR_SEED and DOCKARMOR_CASES choose others, and more: `make test-language` compares 20,000.
"""

import os
from collections import Counter
from pathlib import Path

import pytest
from explained import explain
from generated import policies, write_base
from verdicts import Comparison, Reference, Verdict, compare, our_verdict

from dockarmor.policy.features import FeatureSet
from dockarmor.policy.includes import Library
from dockarmor.policy.read import library

SEED = int(os.environ.get("DOCKARMOR_SEED", "1"))
CASES = int(os.environ.get("DOCKARMOR_CASES", "1500"))
DECISIONS = Path(__file__).resolve().parents[2] / "docs" / "decisions" / "0007-language-differences.md"

#: paragraphs of the decision page, with a text that shows each: accepted by us, accepted by the reference parser
EXPLAINED = [
    ("A list where one value counts", "profile a { pivot_root oldroot=(/a /b), }", False, True),
    ("A list where one value counts", "profile a { mqueue type=posix type=sysv, }", False, True),
    ("A block must not contradict what stands in it", "profile a { allow { deny /a r, } }", False, True),
    ("Denied exec in a block", "profile a { { deny /a x, } }", True, False),
    ("Rules that vanish in blocks", "profile a { { mount options=bind fstype=x, } }", False, True),
    ("Rules in a branch that is not taken", "profile a { if false { mount options=bind fstype=x, } }", False, True),
    ("No namespace begins with a blank or a quote", ": :/x {\n}", False, True),
    ("No namespace begins with a blank or a quote", ':"ns:/x {\n}', False, True),
    ("No profile is named by a brace", "profile { /x { }", False, True),
    ("Values refer to variables that are there", "@{V}=@{V}/c 3\nprofile a { /@{V} r, }", False, True),
    ("Permissions of io_uring", "profile a { io_uring (foo), }", False, True),
    ("`unsafe` with a bare `x`", "profile a { unsafe /a x, }", False, True),
    ("Real-time signals", "profile a { signal set=rtmin+1x, }", False, True),
    ("An alias begins with a path", "alias b -> /a,\nprofile a { }", False, True),
    ("An `@` before an alternation", "profile a { /@{1,a} r, }", True, False),
    ("An `@` before an alternation", "@{V}=b\nprofile a { /@{a,b}/@{V} r, }", True, False),
    ("Exec conflicts among prompt rules", "profile a { prompt /** Ux, prompt /*** px, }", False, True),
    ("No policy holds a NUL", "profile a\0b { }", False, True),
    ("Limits that are numbers", "profile a { set rlimit data <= 08, }", False, True),
    ("Limits that are numbers", "profile a { set rlimit cpu <= 99999999999999 weeks, }", False, True),
    ("Aliases of attachments are compiled", "alias /a -> /{b},\nprofile c /a/d { }", False, True),
    ("Rules are merged by their whole names", "profile b { /a ux, &a px, }", True, False),
    ("Stacking under the default ABI", "abi <default>,\nprofile a { change_profile -> &b, }", True, False),
    ("Children have no namespace of their own", "profile a { profile b { } profile :n:b { } }", False, True),
    ("`defined` of a boolean", "$B=true\nprofile a { if defined $B { /@{C} r, } }", False, True),
    ("A statement that an include ends", "profile a { file include <abstractions/rules.d>\n}", False, True),
    (
        "A file included in a branch that is not taken",
        "profile a { if false { include <abstractions/few>\n} else { include <abstractions/few>\n} }",
        False,
        True,
    ),
    ("A capability in a branch that is not taken", "profile a { if false { capability foo, } }", True, False),
    ("What is glued to a variable", "@{V}=a\nprofile a { if a in @{V}} { } }", False, True),
    (
        "Exec conflicts below a higher priority",
        "profile a { /ab* Cx, /ab? ix, priority=1 audit /a** ux, }",
        *(True, False),
    ),
    ("A profile on the line of an assignment", "$B=true /a\n{ }", False, True),
    ("Exec of `all`", "profile a { all, priority=-1 /b/* ux, }", False, True),
    ("`owner` within `other`", "profile a { deny other { owner Ux /a, } }", False, True),
    ("A backslash keeps `=` in a word", "profile a { mount *:\\=b -> /c, }", True, False),
]


@pytest.fixture(scope="module")
def reference(reference_parser: Path, shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Reference:
    features = shared / "features" / "kernel-6.12"
    return Reference(reference_parser, features, write_base(tmp_path_factory.mktemp("base"), features))


@pytest.fixture(scope="module")
def features(reference: Reference) -> FeatureSet:
    return FeatureSet.parse("kernel-6.12", reference.features.read_text())


@pytest.fixture
def includes(reference: Reference, monkeypatch: pytest.MonkeyPatch) -> Library:
    monkeypatch.chdir(reference.base)  # unquoted includes are relative to the folder that a parser runs in
    return library(str(reference.base))


@pytest.fixture(scope="module")
def real(corpus: Path) -> tuple[str, ...]:
    """Profiles and abstractions, and upstream's own cases."""
    files = [*(corpus / "upstream" / "apparmor.d").rglob("*"), *sorted((corpus / "simple_tests").rglob("*.sd"))[::20]]
    return tuple(path.read_text("latin-1") for path in sorted(files) if path.is_file())


@pytest.mark.reference
def test_generated_policies(
    reference: Reference, features: FeatureSet, includes: Library, real: tuple[str, ...]
) -> None:
    def judge(text: str) -> tuple[Verdict, Verdict | None]:
        return our_verdict(text, includes, features), reference.verdict(text)

    found = list(compare(policies(SEED, CASES, real), reference, includes, features))
    known: Counter[str] = Counter()
    unknown: list[Comparison] = []
    for one in found:
        if not one.agrees:
            title = explain(one, judge)
            if title is None:
                unknown.append(one)
            else:
                known[title] += 1
    accepted = sum(one.ours.accepted for one in found)
    late = sum(one.theirs is None for one in found)
    explained = sum(known.values())
    print(f"\nseed {SEED}: {len(found)} policies, {accepted} accepted, {late} out of time, {explained} explained")
    for title, count in known.most_common():
        print(f"  {count:5} {title}")
    for one in unknown:
        print(f"  not explained: {one.cause}\n{one.text}")
    assert accepted > len(found) // 5
    assert unknown == []


@pytest.mark.reference
@pytest.mark.parametrize("title, text, ours, theirs", EXPLAINED)
def test_explained_differences(
    title: str, text: str, ours: bool, theirs: bool, reference: Reference, features: FeatureSet, includes: Library
) -> None:
    mine, other = our_verdict(text + "\n", includes, features), reference.verdict(text + "\n")
    assert other is not None
    assert (mine.accepted, other.accepted) == (ours, theirs)
    assert f"**{title}.**" in DECISIONS.read_text("utf-8")
    found = Comparison(text + "\n", mine, other)
    assert explain(found, lambda text: (our_verdict(text, includes, features), reference.verdict(text))) == title
