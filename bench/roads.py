"""Whole roads as users run them: from files to blobs, each side as its own process, nothing cached unless said."""

import os
import tempfile
import time
from pathlib import Path

from bench.measure import Pairing, pair, process
from bench.reference import FEATURES_FILE, OURS, base_of, policy_files, unpack
from bench.report import floor, report
from dockarmor.compile.cache import GRANULARITY

SMALL = """abi <abi/4.0>,
include <tunables/global>
profile p{0} /usr/bin/p{0} {{
  include <abstractions/base>
  /etc/p{0}/** r,
  /usr/bin/p{0} mr,
  owner @{{HOME}}/.p{0} rw,
}}
"""
TINY = "profile tiny {\n  /etc/tiny r,\n}\n"


class Sides:
    """Command lines of both sides for the same work. `cache`: where both may keep what they built."""

    def __init__(self, parser: Path, base: Path, cache: Path) -> None:
        self.parser, self.base, self.cache = parser, base, cache

    def pair(self, paths: list[Path], rounds: int, *, jobs: int = 1, cached: bool = False) -> Pairing:
        ours = [OURS, "build", "--features", FEATURES_FILE, "--base", self.base, "-j", str(jobs), "-o", "/dev/null"]
        theirs = [self.parser, "-Q", f"-j{jobs}", "-M", FEATURES_FILE, "-b", self.base]
        ours += [] if cached else ["--no-cache"]
        theirs += ["-W", "-L", self.cache / "theirs"] if cached else ["-TK", "-o", "/dev/null"]
        return pair(process([*ours, *paths]), process([*theirs, *paths]), rounds)


def heavy(parser: Path) -> bool:
    """The large profiles in one run; then each alone, where start-up counts for us."""
    with tempfile.TemporaryDirectory() as folder:
        unpack("profiles-heavy.tar.xz", Path(folder))
        base = Path(folder) / "heavy"
        files, sides = policy_files(base), Sides(parser, base, Path(folder))
        print(f"{len(files)} large profiles")
        sums = {jobs: sides.pair(files, 3, jobs=jobs) for jobs in (1, 2)}
        for jobs, pairing in sums.items():
            report(f"-j{jobs}, one run for all", pairing)
        alone = sorted((sides.pair([file], 1).ratio, file.name) for file in files)
        print(f"  each alone, as a fresh process: {alone[0][0]:.2f}x ({alone[0][1]}) to {alone[-1][0]:.1f}x")
    met = floor("large profiles in sum", sums[1].ratio, 25)
    met &= floor("the slowest large profile alone", alone[0][0], 1)
    return floor("peak memory, theirs over ours", sums[1].right.peak / sums[1].left.peak, 1) and met


def small(parser: Path) -> bool:
    """A tiny profile as a fresh process, and a folder of 200 that include abstractions/base, anew and cached."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["DOCKARMOR_CACHE"] = str(folder / "ours")
        sides = Sides(parser, base_of(parser), folder)
        (folder / "tiny").write_text(TINY)
        profiles = folder / "small"
        profiles.mkdir()
        for at in range(200):
            (profiles / f"p{at}").write_text(SMALL.format(at))
        print("small profiles")
        tiny = sides.pair([folder / "tiny"], 11)
        report("one tiny profile, a fresh process", tiny)
        time.sleep(GRANULARITY / 1e9)  # younger files are read again: they may have changed unseen
        report("the same, cached", sides.pair([folder / "tiny"], 11, cached=True))
        many = {jobs: sides.pair([profiles], 3, jobs=jobs) for jobs in (1, 2)}
        for jobs, pairing in many.items():
            report(f"200 profiles, -j{jobs}", pairing)
        again = sides.pair([profiles], 5, cached=True)
        report("200 profiles, both cached", again)
    met = floor("a tiny profile", tiny.ratio, 1 / 1.3)
    met &= floor("200 small profiles", many[1].ratio, 5)
    return floor("200 small profiles, cached", again.ratio, 1) and met
