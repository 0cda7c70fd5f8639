"""Every case of the language's own corpus that is right means to us what it means to the reference parser."""

import os
import re
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dockarmor.compile.compare import compare
from dockarmor.compile.compiled import CompiledPolicy
from dockarmor.compile.pipeline import compile_policy
from dockarmor.compile.reader import read_blob
from dockarmor.compile.records import by_namespace
from dockarmor.policy.features import FeatureSet
from dockarmor.policy.read import library, read_text, require
from dockarmor.text.source import Source
from dockarmor.value import replace

CACHE = Path(os.environ.get("DOCKARMOR_CACHE", Path.home() / ".cache" / "dockarmor"))
_PASSES = re.compile(r"^#=EXRESULT\s+PASS", re.MULTILINE)
_LEFT_OUT = re.compile(r"^#=(?:DISABLED|TODO)", re.MULTILINE)
#: so many reference parsers at a time
AT_ONCE = 2

#: cases that mean something else to us, and the page that says why
EVERYWHERE = {
    "conditional/ok_26.sd": "0002, `defined $x` asks for the boolean",
    "conditional/ok_28.sd": "0002, `defined $x` asks for the boolean",
    "profile/flags/flags_ok19.sd": "0005, the flag `debug`",
    "all/ok_04.sd": "0003, `deny all,` denies everybody",
}
KILL_SIGNAL = "0005, kill.signal is written where the kernel reads it"
UNIX = "0004, a network rule grants on unix sockets what it says"
NEWER = {
    **{f"profile/flags/flags_ok{number}.sd": KILL_SIGNAL for number in (40, 41, 43, 49)},
    **{f"network/perms/ok_{name}.sd": UNIX for name in ("accept_1", "attr_3", "bind_2", "connect_1", "create_1")},
    **{f"network/perms/ok_{name}.sd": UNIX for name in ("create_2", "listen_1", "opt_1", "opt_3", "shutdown_1")},
    **{f"network/perms/ok_msg_{number}.sd": UNIX for number in (3, 4, 5, 6, 12, 13, 15, 17, 18, 19)},
    **{f"network/skb/ok_label_peer_{number}.sd": UNIX for number in (1, 2)},
}
DIFFERENT = {
    "kernel-6.1": EVERYWHERE,
    "kernel-6.12": EVERYWHERE,
    "kernel-6.17": EVERYWHERE | NEWER,
    "kernel-7.2": EVERYWHERE | NEWER,
}


#: of apparmor_parser 4.1: how the difference reads (ours / theirs), in which cases; docs/decisions/0005-blob.md
OLDER = [
    (r"file .*allow=0x201 exec_index=(\S+).* / allow=0x10201 exec_index=\1", r"^(generated_x/exact|xtrans)-?"),
    (r"policy b'.x0e.x00.x..//': allow=0x[0-9a-f]+ / nothing", r"^network/"),
    (r"policy b'.x15': allow=0x4 quiet=0x8 / allow=0x4 audit=0x8", r"^namespaces/ok_userns_07"),
    (r"file .*: allow=0x200 / allow=", r"^vars/"),
    (r"", rf"^({'|'.join(EVERYWHERE)})$"),
]


@pytest.fixture(scope="module")
def older_parser(shared: Path) -> Path:
    tool = [*("bash", str(shared / "tools" / "reference-parser")), str(CACHE / "reference-parser"), "trixie"]
    done = subprocess.run(tool, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"no apparmor_parser 4.1 here: {done.stderr.strip()[-200:]}")
    return Path(done.stdout.strip())


@pytest.fixture
def root(corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cases. Some include `../tst/simple_tests/…`, relative to where upstream's driver runs."""
    (tmp_path / "tst").mkdir()
    (tmp_path / "tst" / "simple_tests").symlink_to(corpus / "simple_tests")
    monkeypatch.chdir(tmp_path / "tst")
    return corpus / "simple_tests"


@pytest.mark.slow
@pytest.mark.reference
@pytest.mark.parametrize("kernel", DIFFERENT)
def test_right_cases_mean_the_same(
    kernel: str, reference_parser: Path, shared: Path, root: Path, tmp_path: Path
) -> None:
    found, refused = {}, []
    for name, ours, theirs in compiled(reference_parser, shared / "features" / kernel, root, tmp_path):
        if theirs is None:
            refused.append(name)
        elif said := differences(ours, theirs):
            found[name] = said
    assert {name: said for name, said in found.items() if name not in DIFFERENT[kernel]} == {}
    assert found.keys() == DIFFERENT[kernel].keys()
    assert not refused


@pytest.mark.slow
@pytest.mark.reference
def test_the_older_parser_differs_only_where_the_newer_was_mended(
    older_parser: Path, shared: Path, root: Path, tmp_path: Path
) -> None:
    unknown, refused = [], 0
    for name, ours, theirs in compiled(older_parser, shared / "features" / "kernel-6.12", root, tmp_path):
        if theirs is None:
            refused += 1
            continue
        for said in differences(ours, theirs, literal_names=False):
            if not any(re.search(how, said) and re.search(where, name) for how, where in OLDER):
                unknown.append(f"{name}: {said}")
    assert unknown == []
    assert refused < 230  # what came into the language later


def compiled(parser: Path, features: Path, root: Path, out: Path) -> Iterator[tuple[str, bytes, bytes | None]]:
    """Each right case's name, our blob, and theirs, None where they refuse it."""
    command = [str(parser), "-QTKq", "-M", str(features), "-b", str(root)]
    ours, includes = FeatureSet.parse(features.name, features.read_text()), library(str(root))

    def theirs(case: tuple[str, str]) -> bytes | None:
        blob = out / f"{case[0].replace('/', '-')}.out"
        done = subprocess.run([*command, "-o", str(blob), str(root / case[0])], capture_output=True, timeout=60)
        data = blob.read_bytes() if blob.exists() else b""
        blob.unlink(missing_ok=True)
        return None if done.returncode else data

    cases = list(right_cases(root))
    assert len(cases) > 8000
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for (name, text), blob in zip(cases, pool.map(theirs, cases), strict=True):
            yield name, compile_policy(require(read_text(Source(name, text), includes)).policy, ours).blob, blob


def right_cases(root: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(root.rglob("*.sd")):
        text = path.read_text("latin-1")
        if _PASSES.search(text) and not _LEFT_OUT.search(text):
            yield str(path.relative_to(root)), text


def differences(ours: bytes, theirs: bytes, *, literal_names: bool = True) -> list[str]:
    """Namespace by namespace; a file without a profile has no blob.

    `literal_names` off: a profile may also attach to a path by its name alone, without a table.
    """
    left, right = by_namespace(ours), by_namespace(theirs)
    if left.keys() != right.keys():
        return [f"namespaces {sorted(left)} / {sorted(right)}"]
    found = []
    for namespace, blob in left.items():
        if blob or right[namespace]:
            one, other = read_blob(blob), read_blob(right[namespace])
            found += compare(one if literal_names else by_name(one, other), other)
    return [str(one) for one in found]


def by_name(policy: CompiledPolicy, other: CompiledPolicy) -> CompiledPolicy:
    """Without the tables of profiles that have none in the other policy and are named by a path without a glob."""
    without = {one.name for one in other.profiles if one.attachment_table is None and one.name.startswith("/")}
    return replace(
        policy,
        profiles=tuple(
            replace(one, attachment_table=None, attachment_length=0)
            if one.name in without and not re.search(r"[][*?{}^\\]", one.name)
            else one
            for one in policy.profiles
        ),
    )
