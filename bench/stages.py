"""One small and one large profile, stage by stage."""

import tempfile
from pathlib import Path

from bench.measure import in_process, pair, process
from bench.reference import FEATURES, FEATURES_FILE, OURS, base_of, unpack
from bench.report import floor, report
from dockarmor.compile.encoding import encode
from dockarmor.compile.pipeline import all_kinds, compile_policy
from dockarmor.compile.table import Form, build
from dockarmor.containers.default import PAGE_NAME, page
from dockarmor.policy.features import builtin, intersect
from dockarmor.policy.read import library, read_file, read_text, require
from dockarmor.text.source import Source


def docker_default(parser: Path) -> bool:
    base = base_of(parser)
    source, kernel = Source(PAGE_NAME, page()), builtin(FEATURES)
    shared = library(str(base))

    def cold() -> object:
        return compile_policy(require(read_text(source, library(str(base)))).policy, kernel)

    def warm() -> object:
        return compile_policy(require(read_text(source, shared)).policy, kernel)

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "docker-default"
        file.write_text(page(), "latin-1")
        reference = process([parser, "-QTK", "-j1", "-M", FEATURES_FILE, "-b", base, "-o", "/dev/null", file])
        ours = process([OURS, "build", "--features", FEATURES, "--base", base, "--no-cache", "-o", "/dev/null", file])
        warmed = pair(in_process(warm), reference, 21)
        print(f"docker-default, features {FEATURES}, Debian's own base")
        report("in process, includes read before", warmed)
        report("in process, nothing read before", pair(in_process(cold), reference, 11))
        report("as a fresh process", pair(ours, reference, 11))
    return floor("docker-default in process", warmed.ratio, 3)


def firefox(parser: Path) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        unpack("profiles-heavy.tar.xz", Path(folder))
        base = Path(folder) / "heavy"
        resolved = require(read_file(str(base / "firefox"), library(str(base))))
        profile = next(iter(resolved.policy.profiles))
        kernel = builtin(FEATURES)
        entries = encode(profile, intersect(resolved.policy.abi, kernel), all_kinds()).file
        reference = process(
            [parser, "-QTK", "-j1", "-M", FEATURES_FILE, "-b", base, "-o", "/dev/null", base / "firefox"]
        )
        table = build("file", entries, Form())
        assert table is not None
        measured = pair(in_process(lambda: build("file", entries, Form())), reference, 7)
        size = f"{len(table.tables.base)} states, {len(table.tables.next)} slots"
        print(f"firefox, {len(entries)} entries of file rules, {size}, features {FEATURES}")
        report("its file automaton (trie to packed tables), against the parser's whole run", measured)
        policy = resolved.policy
        report(
            "whole compile from the resolved policy",
            pair(in_process(lambda: compile_policy(policy, kernel)), reference, 5),
        )
    return floor("firefox's file automaton", measured.ratio, 20)
