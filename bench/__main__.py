"""`make bench`: docker-default and firefox against the reference parser, both sides in the same run.

Floors: docker-default in process at most 1/3 of the parser's CPU, firefox's file automaton at most 1/20 of its
whole run. A missed floor is printed as missed and is the exit status.
"""

import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from bench.measure import Cost, Pairing, in_process, pair, process
from dockarmor.compile.encoding import encode
from dockarmor.compile.pipeline import all_kinds, compile_policy
from dockarmor.compile.table import Form, build
from dockarmor.containers.default import PAGE_NAME, page
from dockarmor.policy.features import builtin, intersect
from dockarmor.policy.read import library, read_file, read_text, require
from dockarmor.text.source import Source

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
CACHE = Path(os.environ.get("DOCKARMOR_CACHE", Path.home() / ".cache" / "dockarmor"))
FEATURES = "kernel-6.12"


def main() -> int:
    parser = _reference_parser()
    if parser is None:
        print("bench: no reference parser here (it comes from the folder beside the project)")
        return 3
    met = [_docker_default(parser), _firefox(parser)]
    return 0 if all(met) else 1


def _reference_parser() -> Path | None:
    tool = SHARED / "tools" / "reference-parser"
    if not tool.exists():
        return None
    done = subprocess.run(
        ["bash", str(tool), str(CACHE / "reference-parser")], capture_output=True, text=True, check=False
    )
    return Path(done.stdout.strip()) if done.returncode == 0 else None


def _features() -> Path:
    return ROOT / "src" / "dockarmor" / "data" / "features" / FEATURES


def _docker_default(parser: Path) -> bool:
    base = parser.parent / "root-sid" / "etc" / "apparmor.d"
    source, kernel = Source(PAGE_NAME, page()), builtin(FEATURES)
    shared = library(str(base))

    def cold() -> object:
        return compile_policy(require(read_text(source, library(str(base)))).policy, kernel)

    def warm() -> object:
        return compile_policy(require(read_text(source, shared)).policy, kernel)

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "docker-default"
        file.write_text(page(), "latin-1")
        reference = process([parser, "-QTK", "-j1", "-M", _features(), "-b", base, "-o", "/dev/null", file])
        ours = process(
            [ROOT / ".venv/bin/dockarmor", "build", "--features", FEATURES, "--base", base, "-o", "/dev/null", file]
        )
        warmed = pair(in_process(warm), reference, 21)
        print(f"docker-default, features {FEATURES}, Debian's own base")
        _report("in process, includes read before", warmed)
        _report("in process, nothing read before", pair(in_process(cold), reference, 11))
        _report("as a fresh process", pair(ours, reference, 11))
    return _floor("docker-default in process", warmed, 3)


def _firefox(parser: Path) -> bool:
    archive = SHARED / "corpus" / "profiles-heavy.tar.xz"
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(archive) as tar:
            tar.extractall(folder, filter="data")
        base = Path(folder) / "heavy"
        resolved = require(read_file(str(base / "firefox"), library(str(base))))
        profile = next(iter(resolved.policy.profiles))
        kernel = builtin(FEATURES)
        entries = encode(profile, intersect(resolved.policy.abi, kernel), all_kinds()).file
        reference = process(
            [parser, "-QTK", "-j1", "-M", _features(), "-b", base, "-o", "/dev/null", base / "firefox"]
        )
        table = build("file", entries, Form())
        assert table is not None
        measured = pair(in_process(lambda: build("file", entries, Form())), reference, 7)
        size = f"{len(table.tables.base)} states, {len(table.tables.next)} slots"
        print(f"firefox, {len(entries)} entries of file rules, {size}, features {FEATURES}")
        _report("its file automaton (trie to packed tables), against the parser's whole run", measured)
        policy = resolved.policy
        _report(
            "whole compile from the resolved policy",
            pair(in_process(lambda: compile_policy(policy, kernel)), reference, 5),
        )
    return _floor("firefox's file automaton", measured, 20)


def _report(what: str, pairing: Pairing) -> None:
    print(f"  {what}: {pairing.ratio:.1f}x less CPU, median of {pairing.rounds} pairs")
    print(f"    dockarmor        {_cost(pairing.left)}")
    print(f"    apparmor_parser  {_cost(pairing.right)}")


def _cost(cost: Cost) -> str:
    return f"{cost.cpu * 1e3:8.1f} ms CPU  {cost.wall * 1e3:8.1f} ms wall"


def _floor(what: str, pairing: Pairing, floor: float) -> bool:
    met = pairing.ratio >= floor
    print(f"  floor: {what} at least {floor:.0f}x: {'met' if met else 'MISSED'}\n")
    return met


if __name__ == "__main__":
    sys.exit(main())
