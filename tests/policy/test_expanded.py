"""Rules with variables replaced: what is shown means what was written."""

from pathlib import Path

import pytest

from dockarmor.cli.show import policy_lines
from dockarmor.compile.compare import compare
from dockarmor.compile.pipeline import compile_policy
from dockarmor.compile.reader import read_blob
from dockarmor.policy.expanded import expanded_rule
from dockarmor.policy.features import builtin
from dockarmor.policy.includes import Library
from dockarmor.policy.profile import Policy
from dockarmor.policy.read import library, read_text, require
from dockarmor.policy.variables import Variables
from dockarmor.rules.registry import write
from dockarmor.text.source import Source
from dockarmor.value import replace


def read(name: str, text: str, includes: Library) -> Policy:
    return require(read_text(Source(name, text), includes)).policy


@pytest.mark.parametrize(
    "rule, expanded",
    [
        ("/a@{V}b r,", "/a{x,y}b r,"),
        ("@{P}/f r,", "/{a,b/c}/f r,"),
        ("@{E}/f r,", "/{,a/}f r,"),
        ("signal peer=@{V},", "signal peer={x,y},"),
        ('dbus send bus=session peer=(label="@{V}"),', 'dbus send bus=session peer=(label="{x,y}"),'),
        ("mount fstype=@{V} @{P} -> @{P}/x,", "mount fstype={x,y} /{a,b/c} -> /{a,b/c}/x,"),
        ("/bin/x Px -> @{V},", "/bin/x Px -> {x,y},"),
        ("/plain r,", "/plain r,"),
    ],
)
def test_each_place_that_can_hold_a_variable(rule: str, expanded: str, tmp_path: Path) -> None:
    sets = {"V": ("x", "y"), "P": ("/a", "/b/c"), "E": ("/", "/a")}
    (placed,) = read("t", f"profile p {{ {rule} }}", library(str(tmp_path))).profiles[0].rules
    found = expanded_rule(placed.rule, Variables(sets))
    assert write(found) == expanded
    assert (found is placed.rule) == ("@{" not in rule)


@pytest.mark.shared
@pytest.mark.parametrize("folder", ["upstream/apparmor.d", "heavy"])
def test_what_show_prints_compiles_to_the_same_policy(corpus: Path, folder: str) -> None:
    includes = library(str(corpus / folder))
    kernel = builtin("kernel-6.12")
    count = 0
    for path in [path for path in sorted((corpus / folder).iterdir()) if path.is_file()][::8]:
        written = read(str(path), path.read_bytes().decode("latin-1"), includes)
        shown = read(str(path), "".join(line + "\n" for line in policy_lines(written)), includes)
        blobs = [compile_policy(replace(one, abi=written.abi), kernel).blob for one in (written, shown)]
        assert not compare(*map(read_blob, blobs)), path
        count += 1
    assert count >= 10
