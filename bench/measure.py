"""Paired timing: both sides alternate, so a disturbance meets both; the ratio is the median of paired ratios."""

import resource
import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds of CPU (user and system) and of wall time."""

    cpu: float
    wall: float


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


def process(arguments: Sequence[str | Path], stdin: bytes | None = None) -> Callable[[], Cost]:
    """A side that is a command; its CPU is what the kernel accounts to it and its children."""
    command = [str(part) for part in arguments]

    def once() -> Cost:
        before, wall = _children(), time.perf_counter()
        done = subprocess.run(command, input=stdin, capture_output=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{command[0]} failed: {done.stderr.decode(errors='replace')[-500:]}")
        elapsed = time.perf_counter() - wall
        return Cost(_children() - before, elapsed)

    return once


def _children() -> float:
    """CPU seconds of ended children; finer than the ticks of os.times."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


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
    return Cost(statistics.median(cost.cpu for cost in costs), statistics.median(cost.wall for cost in costs))
