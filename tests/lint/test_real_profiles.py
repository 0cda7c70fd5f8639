"""The lints over real profiles: no crash, no long wait, and what DA350 calls dead can go."""

from pathlib import Path
from time import process_time

import pytest

from dockarmor.compile.compare import compare_profiles
from dockarmor.compile.pipeline import compile_policy
from dockarmor.lint.coverage import coverage
from dockarmor.lint.lint import Examined
from dockarmor.lint.registry import findings
from dockarmor.lint.removal import removal
from dockarmor.policy.features import builtin, intersect
from dockarmor.policy.includes import Library
from dockarmor.policy.read import grammar, library
from dockarmor.policy.resolve import resolve
from dockarmor.syntax.structure import parse
from dockarmor.text.edit import Edit, apply
from dockarmor.text.source import Source

KERNEL = builtin("kernel-6.12")
#: seconds of CPU for all lints: of one file, and in the mean. A lint that is beyond its bounds gives up.
LONGEST, MEAN = 3.0, 0.3


def examined(path: Path, includes: Library) -> Examined | None:
    parsed = parse(Source.from_bytes(str(path), path.read_bytes()), grammar())
    resolved = resolve(parsed, includes)
    policy = resolved.policy
    return None if resolved.failed else Examined(parsed.file, policy, includes, intersect(policy.abi, KERNEL))


def assert_dead_rules_can_go(one: Examined) -> int:
    """Without them every profile means the same. How many there were."""
    dead = [found for profile in one.profiles() for found in coverage(one, profile).dead]
    cuts = [
        removal(found.placed.rule.span, safe=True).span for found in dead if not found.letters and not found.names
    ]
    if not cuts:
        return 0
    source = one.file.source
    after = resolve(
        parse(Source(source.name, apply(source, [Edit(cut, "") for cut in cuts])), grammar()), one.library
    )
    assert not after.failed
    before = compile_policy(one.policy, KERNEL).records
    for left, right in zip(before, compile_policy(after.policy, KERNEL).records, strict=True):
        assert list(compare_profiles(left.profile, right.profile)) == []
    return len(cuts)


@pytest.mark.slow
@pytest.mark.shared
@pytest.mark.parametrize("folder", ["heavy", "upstream/apparmor.d"])
def test_real_profiles(corpus: Path, folder: str) -> None:
    base = corpus / folder
    includes = library(str(base))
    times = []
    cut = 0
    for path in sorted(one for one in base.iterdir() if one.is_file()):
        one = examined(path, includes)
        if one is not None:
            start = process_time()
            list(findings(one))
            times.append(process_time() - start)
            cut += assert_dead_rules_can_go(one)
    assert len(times) > 80
    assert cut > 10
    assert max(times) < LONGEST
    assert sum(times) / len(times) < MEAN
