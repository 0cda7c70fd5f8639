"""A policy for every diagnostic, and what people see of it. Read the golden files as their reader would.

tests/golden/diagnostics/NAME.policy is read and compiled as `check` does, includes from the folder `base`, and
NAME.txt is what is drawn. A first line `# features: NAME` in a policy names the kernel: one of the package's, or a
file NAME.features beside the policy. For lints tests/golden/lints/CODE.txt is what is drawn of the bad example on
the code's page. DOCKARMOR_GOLDEN=write renews them all.
"""

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from dockarmor.lint.registry import ALL
from dockarmor.policy.features import FeatureSet
from dockarmor.text.diagnostic import Diagnostic
from dockarmor.text.page import page
from dockarmor.text.render import render

FOLDER = Path(__file__).resolve().parent.parent / "golden" / "diagnostics"
BASE = str(FOLDER / "base")
OF_LINTS = FOLDER.parent / "lints"
LINTS = sorted({lint.code for lint in ALL} | {"DA390", "DA391"})
CASES = sorted(path.stem for path in FOLDER.glob("*.policy"))

#: Codes without a golden file, and why.
ELSEWHERE = {
    "DA001": "a file of 16 MiB: tests/syntax/test_limits.py",
    "DA114": "hundreds of aliases: tests/policy/test_bounds.py",
    "DA405": "150,000 entries: tests/policy/test_bounds.py",
    "DA008": "50,000 statements: tests/syntax/test_limits.py",
    "DA009": "100,000 values: tests/syntax/test_limits.py",
    "DA090": "the formatter, not `check`: tests/policy/test_formatted.py",
    "DA091": "what a program puts together: tests/policy/test_written.py",
    "DA101": "a hundred files: tests/policy/test_includes.py",
    "DA103": "a file of 16 MiB: tests/policy/test_includes.py",
    "DA190": "features, not policy: tests/policy/test_features.py",
    "DA191": "features, not policy: tests/policy/test_features.py",
    "DA192": "features, not policy: tests/policy/test_features.py",
    "DA193": "a host's parser.conf, not policy: tests/cli/test_policy_features.py",
    "DA309": "the lexer pairs every backslash, so only a program can bring it about: tests/rules/test_aare.py",
    "DA311": "a pattern of 64 KiB: tests/rules/test_aare.py",
    "DA402": "65,535 states: tests/compile/test_table.py",
    "DA403": "65,535 permission entries: tests/compile/test_table.py",
    "DA404": "an automaton of the largest size: tests/compile/test_table.py",
    "DA406": "a blob of the largest size: tests/compile/test_pipeline.py",
    "DA407": "two automata of the largest size: tests/compile/test_compare.py",
    "DA408": "processes of `build`, not policy: tests/cli/test_build.py",
    "DA409": "an option of `build`, not policy: tests/cli/test_build.py",
    "DA429": "a count of what `check` leaves out of included files: tests/lint/test_examine.py",
    **{f"DA50{digit}": "blobs, not policy: tests/compile/test_blob.py" for digit in range(7)},
    "DA601": "loading, not policy: tests/cli/test_loading.py",
    **{f"DA70{digit}": "requests, not policy: tests/access/test_grammar.py" for digit in range(2, 10)},
    "DA710": "asking a policy: tests/ask/test_explain.py",
    "DA711": "a request of the caller's own kind: tests/ask/test_explain.py",
    **{f"DA80{digit}": "records, not policy: tests/audit/test_record.py" for digit in range(1, 6)},
    **{f"DA91{digit}": "hosts, not policy: tests/containers/test_doctor.py" for digit in range(10)},
    **{f"DA92{digit}": "hosts, not policy: tests/containers/test_doctor.py" for digit in range(6)},
    **{f"DA93{digit}": "hosts, not policy: tests/containers/test_doctor.py" for digit in range(10)},
    "DA940": "a name for a new profile: tests/cli/test_init.py",
    **{f"DA95{digit}": "configuration, not policy: tests/cli/test_check.py" for digit in range(3)},
}


def drawn(case: str, check: Callable[..., list[Diagnostic]]) -> str:
    text = (FOLDER / f"{case}.policy").read_text("latin-1")
    kernel = None
    named = re.match(r"# features: (\S+)\n", text)
    if named and (FOLDER / f"{named[1]}.features").exists():
        kernel = FeatureSet.parse(named[1], (FOLDER / f"{named[1]}.features").read_text("latin-1"))
    found = check(case, text, BASE, kernel)
    return "\n\n".join(map(render, found)).replace(BASE, "BASE") + "\n"


@pytest.mark.parametrize("case", CASES)
def test_golden(case: str, check_policy: Callable[..., list[Diagnostic]]) -> None:
    seen = drawn(case, check_policy)
    golden = FOLDER / f"{case}.txt"
    if os.environ.get("DOCKARMOR_GOLDEN") == "write":
        golden.write_text(seen, "utf-8")
    assert seen == golden.read_text("utf-8")


@pytest.mark.parametrize("code", LINTS)
def test_golden_lint(code: str, check_policy: Callable[..., list[Diagnostic]], base: str) -> None:
    """What a lint says of the bad example of its page."""
    example = next(one for one in page(code).examples if one.heading == "Example")
    found = [one for one in check_policy(code, example.text, base, lints=True) if one.code == code]
    seen = "\n\n".join(map(render, found)).replace(base, "BASE") + "\n"
    golden = OF_LINTS / f"{code}.txt"
    if os.environ.get("DOCKARMOR_GOLDEN") == "write":
        golden.write_text(seen, "utf-8")
    assert seen == golden.read_text("utf-8")


def test_no_golden_file_of_a_lint_is_left_over() -> None:
    assert {path.stem for path in OF_LINTS.glob("*.txt")} == set(LINTS)


def test_every_code_has_a_golden_file_or_a_reason(raised_codes: set[str]) -> None:
    shown: set[str] = set()
    for case in CASES:
        shown |= set(re.findall(r"\[(DA[0-9]{3})\]", (FOLDER / f"{case}.txt").read_text("utf-8")))
    assert sorted(raised_codes - shown - set(LINTS) - set(ELSEWHERE)) == []
    assert sorted(set(ELSEWHERE) & shown) == []
    assert sorted(set(ELSEWHERE) - raised_codes) == []


@pytest.mark.parametrize("code", ELSEWHERE)
def test_the_test_that_a_reason_names_is_there(code: str) -> None:
    named = re.search(r"tests/\S+\.py", ELSEWHERE[code])
    assert named, "each is tested somewhere"
    assert code[:4] in (FOLDER.parents[2] / named[0]).read_text("utf-8")


def test_there_are_enough_of_them() -> None:
    assert len(CASES) >= 150


def test_no_golden_file_is_left_over() -> None:
    assert {path.stem for path in FOLDER.glob("*.txt")} == set(CASES)
