"""Bytes of blobs against the parser's with its default options."""

import subprocess
import tempfile
from pathlib import Path

from bench.reference import ROOT, policy_files, unpack
from bench.report import floor
from dockarmor.compile.pipeline import compile_policy
from dockarmor.policy.features import builtin
from dockarmor.policy.read import library, read_file, require
from dockarmor.text.diagnostic import DiagnosticError

CORPORA = (("profiles-heavy.tar.xz", "heavy"), ("profiles-upstream.tar.xz", "upstream/apparmor.d"))
KERNELS = ("kernel-6.1", "kernel-6.12", "kernel-6.17")


def sizes(parser: Path) -> bool:
    """All profiles of both corpora that both sides take."""
    met = True
    with tempfile.TemporaryDirectory() as name:
        for corpus, within in CORPORA:
            unpack(corpus, Path(name))
            base = Path(name) / within
            for kernel in KERNELS:
                pairs = [found for file in policy_files(base) if (found := _bytes(parser, base, file, kernel))]
                ours, theirs = (sum(side) for side in zip(*pairs, strict=True))
                print(f"{within}, {len(pairs)} files, {kernel}: {ours:,} bytes, apparmor_parser {theirs:,}")
                met &= floor("smaller by a quarter, theirs over ours", theirs / ours, 4 / 3)
    return met


def _bytes(parser: Path, base: Path, file: Path, kernel: str) -> tuple[int, int] | None:
    features = ROOT / "src" / "dockarmor" / "data" / "features" / kernel
    out = base / "blob-of-the-reference"
    done = subprocess.run(
        [parser, "-QTK", "-M", features, "-b", base, "-o", out, file], capture_output=True, check=False
    )
    try:
        blob = compile_policy(require(read_file(str(file), library(str(base)))).policy, builtin(kernel)).blob
    except DiagnosticError:
        return None
    if done.returncode:
        return None
    theirs = out.stat().st_size
    out.unlink()
    return len(blob), theirs
