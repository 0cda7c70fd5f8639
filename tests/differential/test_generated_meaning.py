"""Generated policies mean to us what they mean to the reference parser: blobs, compared over all strings.

What upstream does otherwise, and we do not follow, stands in the decision pages; EXPLAINED names page and words.
DOCKARMOR_SEED and DOCKARMOR_CASES choose others, and more.
"""

import os
import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from generated import policies, write_base
from verdicts import PATIENCE, our_verdict

from dockarmor.compile.compare import compare
from dockarmor.compile.pipeline import compile_policy
from dockarmor.compile.reader import read_blob
from dockarmor.policy.features import FeatureSet
from dockarmor.policy.includes import Library
from dockarmor.policy.read import grammar, library, read_text
from dockarmor.syntax.structure import parse
from dockarmor.syntax.tree import Block, Conditional, walk
from dockarmor.text.diagnostic import DiagnosticError
from dockarmor.text.source import Source

SEED = int(os.environ.get("DOCKARMOR_SEED", "1"))
CASES = int(os.environ.get("DOCKARMOR_CASES", "1500"))
DECISIONS = Path(__file__).resolve().parents[2] / "docs" / "decisions"

#: how the difference reads (ours / theirs), what stands in the policy, the page, and its words
EXPLAINED = [
    (r"kill_signal", r"kill\.signal", "0005", "kill.signal is written where the kernel reads it"),
    (r": flags: ", r"debug", "0005", "the flag `debug`"),
    (r"", r"\bdeny\s+all\b", "0003", "`deny all,` denies everybody"),
    (r"", r"\ball\b", "0003", "exec of an allowing `all`"),
    (r"capabilities", r"\bprompt\b", "0003", "`prompt capability` grants nothing"),
    (r"file .*0x[26]0000", r"\bprompt\s+change_profile\b", "0003", "`prompt change_profile` grants nothing"),
    (r"policy b.\\x0[ef]\\x00\\x01", r"\bnetwork\b", "0004", "A network rule grants on unix sockets what it says"),
    (r"policy b.*audit=", r"\baudit\b", "0004", "`audit` is kept where an exact rule says the same"),
    (r"//.+//.+ / .*-> ", r"[cC][iIuU]?[xX]\b", "0003", "`cx -> b` inside `foo//h` leads to `foo//h//b`"),
    (
        r"\\x04//': .*(?:quiet|audit)=",
        r"\b[gs]etopt\b",
        "0004",
        "about one of getopt and setopt says nothing of the other",
    ),
    (r"0x60000[02]00", r"<\s*default\s*>", "0007", "Stacking under the default ABI"),
    (r"-> ", r"-> *@\{|profile [^\n]*@\{", "0003", "A child's target begins with the profile's name"),
    (r"attachment: False / True", r"//[\s\"{]", "0005", "A profile whose name ends in `//` attaches to nothing"),
    (r"file .*0x20000200 / ", r"priority\s*=", "0003", "program of a `change_profile` rule has the rule's priority"),
    (r"attachment ", r":=", "0007", "`:=` in xattrs"),
    (r"file b.*&", r"(?m)^alias\s.*->\s*&", "0007", "An alias to what begins with `&`"),
    (r"profile: ", r":", "0007", "Children have no namespace of their own"),
]


def blocks(text: str) -> bool:
    """Does it have blocks or branches? Upstream loses much of what stands in them (0002, 0007)."""
    return any(isinstance(node, Block | Conditional) for node in walk(parse(Source("t", text), grammar()).file.body))


def title(difference: str, text: str) -> str | None:
    for said, there, page, words in EXPLAINED:
        if re.search(said, difference) and re.search(there, text):
            return f"{page}: {words}"
    return None


@pytest.fixture(scope="module")
def real(corpus: Path) -> tuple[str, ...]:
    files = sorted((corpus / "upstream" / "apparmor.d").rglob("*"))
    return tuple(path.read_text("latin-1") for path in files if path.is_file())


@pytest.mark.slow
@pytest.mark.reference
@pytest.mark.parametrize("kernel", ["kernel-6.1", "kernel-6.17"])
def test_generated_policies_mean_the_same(
    kernel: str,
    reference_parser: Path,
    shared: Path,
    real: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = shared / "features" / kernel
    features, base = FeatureSet.parse(kernel, file.read_text()), write_base(tmp_path / "base", file)
    monkeypatch.chdir(base)
    command = [str(reference_parser), "-QTK", "-M", str(file), "-b", str(base), "-o", str(tmp_path / "theirs")]
    counts: Counter[str] = Counter()
    unknown = []
    for text, difference in _differences(command, tmp_path / "theirs", library(str(base)), features, real, counts):
        found = title(difference, text)
        counts[found or "not explained"] += 1
        if found is None:
            unknown.append(f"{difference}\n{text}")
    print(f"\n{kernel}, seed {SEED}: {dict(counts)}")
    assert counts["equal"] > CASES // 10
    assert not unknown, "\n".join(unknown[:20])


def _differences(
    command: list[str],
    out: Path,
    includes: Library,
    features: FeatureSet,
    real: tuple[str, ...],
    counts: "Counter[str]",
) -> Iterator[tuple[str, str]]:
    """Of each policy that both accept: text and difference."""
    for text in policies(SEED, CASES, real):
        if blocks(text) or not our_verdict(text, includes, features).accepted:
            continue
        out.unlink(missing_ok=True)
        try:
            done = subprocess.run(
                command, input=text.encode("latin-1"), capture_output=True, timeout=PATIENCE, check=False
            )
        except subprocess.TimeoutExpired:
            counts["out of time"] += 1
            continue
        if done.returncode or not out.exists() or not out.stat().st_size:
            continue
        ours = compile_policy(read_text(Source("generated", text), includes).policy, features).blob
        try:
            theirs = read_blob(out.read_bytes())
        except DiagnosticError:  # a profile without a name, for one
            counts["theirs is not readable"] += 1
            continue
        found = compare(read_blob(ours), theirs)
        counts["equal"] += not found
        yield from ((text, str(one)) for one in found)


@pytest.mark.parametrize(("page", "words"), sorted({(page, words) for _, _, page, words in EXPLAINED}))
def test_what_explains_a_difference_stands_in_a_decision_page(page: str, words: str) -> None:
    (file,) = DECISIONS.glob(f"{page}-*.md")
    assert words in " ".join(file.read_text().split())
