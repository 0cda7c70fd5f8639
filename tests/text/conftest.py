"""Policy text as `check` reads it, and the codes that the source can raise."""

import os
import re
from pathlib import Path

import pytest

from dockarmor.lint.examine import Depth, examine
from dockarmor.policy.builtin import builtin_base
from dockarmor.policy.features import FeatureSet, builtin
from dockarmor.policy.read import library
from dockarmor.text.diagnostic import Diagnostic
from dockarmor.text.source import Source

ROOT = Path(__file__).resolve().parent.parent.parent
SOURCE = ROOT / "src" / "dockarmor"

#: Codes of rules/conditions.py that no rule of the family can bring about.
IMPOSSIBLE = {
    "DA251": "rules of the mount family have no permission words",
    "DA238": "only mount rules mean operations",
    "DA248": "only mount rules mean operations",
    "DA268": "only mount rules mean operations",
    "DA278": "only mount rules mean operations",
    "DA267": "signal and ptrace conditions all go together",
}

_FEATURES = re.compile(r"# features: (\S+)\n")


def raised() -> set[str]:
    """Every code that stands in the source. A family, `DA26`, stands for its ten codes (rules/conditions.py)."""
    found: set[str] = set()
    for path in SOURCE.rglob("*.py"):
        text = path.read_text("utf-8")
        found |= set(re.findall(r'"(DA[0-9]{3})"', text))
        families = set(re.findall(r'"(DA[0-9]{2})"', text))
        found |= {f"{family}{digit}" for family in families for digit in range(10)}
    return found - set(IMPOSSIBLE)


def checked(
    name: str, text: str, base: str, kernel: FeatureSet | None = None, *, lints: bool = False
) -> list[Diagnostic]:
    """What `dockarmor check` says of a policy. A first line `# features: NAME` names the kernel."""
    wanted = _FEATURES.match(text)
    features = kernel or builtin(wanted[1] if wanted else "kernel-6.12")
    return list(examine(Source(name, text), library(base), features, Depth(lint=lints, each=True)))


@pytest.fixture(scope="session")
def raised_codes() -> set[str]:
    return raised()


@pytest.fixture(scope="session")
def check_policy():  # type: ignore[no-untyped-def]
    return checked


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The package's own includes, and an ABI file beside them as systems have it."""
    folder = tmp_path_factory.mktemp("base")
    for part in ("abstractions", "tunables"):
        (folder / part).symlink_to(os.path.join(builtin_base(), part))
    (folder / "abi").mkdir()
    (folder / "abi" / "4.0").write_text(builtin("kernel-6.12").text())
    return str(folder)
