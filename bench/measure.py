"""Paired timing: both sides alternate, so a disturbance meets both; the ratio is the median of paired ratios."""

import os
import resource
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds of CPU (user and system) and of wall time.

    `peak`: the largest resident memory of a command in KiB; 0 where it is below our own, which the kernel counts in.
    """

    cpu: float
    wall: float
    peak: int = 0


@dataclass(frozen=True, slots=True)
class Pairing:
    """Medians of both sides and the median of the paired CPU ratios (right over left: how much faster left is)."""

    left: Cost
    right: Cost
    ratio: float
    rounds: int


def in_process(work: Callable[[], object]) -> Callable[[], Cost]:
    """A side that runs here."""

    def once() -> Cost:
        cpu, wall = time.process_time(), time.perf_counter()
        work()
        return Cost(time.process_time() - cpu, time.perf_counter() - wall)

    return once


def process(arguments: Sequence[str | Path]) -> Callable[[], Cost]:
    """A side that is a command; what the kernel accounts to it and the children it waited for."""
    command = [str(part) for part in arguments]

    def once() -> Cost:
        with tempfile.TemporaryFile() as said:
            wall = time.perf_counter()
            child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=said)
            _, status, used = os.wait4(child.pid, 0)
            elapsed = time.perf_counter() - wall
            child.returncode = os.waitstatus_to_exitcode(status)
            if child.returncode:
                said.seek(0)
                raise RuntimeError(f"{command[0]} failed: {said.read()[-500:].decode(errors='replace')}")
        own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return Cost(used.ru_utime + used.ru_stime, elapsed, used.ru_maxrss if used.ru_maxrss > own else 0)

    return once


def pair(left: Callable[[], Cost], right: Callable[[], Cost], rounds: int) -> Pairing:
    """Run A B A B, `rounds` times each, after one unmeasured round of both."""
    left(), right()
    measured = [(left(), right()) for _ in range(rounds)]
    lefts, rights = [a for a, _ in measured], [b for _, b in measured]
    return Pairing(
        _median(lefts),
        _median(rights),
        statistics.median(b.cpu / max(a.cpu, 1e-9) for a, b in measured),
        rounds,
    )


def _median(costs: Sequence[Cost]) -> Cost:
    return Cost(
        statistics.median(cost.cpu for cost in costs),
        statistics.median(cost.wall for cost in costs),
        max(cost.peak for cost in costs),
    )
