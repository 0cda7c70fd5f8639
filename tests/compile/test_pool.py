"""Work in forked processes: all of it is done once, and a worker that dies is noticed."""

import gc
import os
import select
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from errno import EAGAIN
from signal import SIGKILL

import pytest

from dockarmor.compile.pool import Task, Uncollected, WorkerKilled, scattered


def done(work: Callable[[int], bytes], count: int, processes: int) -> Iterator[tuple[int, bytes]]:
    return scattered(Task(work, lambda made: (made[:2], made[2:]), bytes), range(count), processes)


@pytest.mark.parametrize("processes", [1, 2, 5])
@pytest.mark.parametrize("count", [1, 100, 20_000])
def test_every_item_is_done_once(processes: int, count: int) -> None:
    """Also where the items are more than a pipe holds, and so quick that workers ask at the same time."""
    made = list(done(lambda item: b"%d" % item, count, processes))
    assert sorted(made) == [(item, b"%d" % item) for item in range(count)]


def test_large_results_arrive_whole_from_every_process() -> None:
    def work(item: int) -> bytes:
        time.sleep(0.05)
        return b"%20d " % os.getpid() + bytes([item]) * 3_000_000

    made = dict(done(work, 6, 3))
    assert all(made[item].endswith(bytes([item]) * 3_000_000) for item in range(6))
    assert all(len(made[item]) == len(made[0]) for item in range(6))
    assert len({text[:20] for text in made.values()}) == 3


def test_nobody_waits_for_results_to_be_looked_at() -> None:
    """While this process is at an item of its own, another finishes all the rest."""
    own = os.getpid()
    hearing, telling = os.pipe()

    def work(item: int) -> bytes:
        if os.getpid() != own:
            os.write(telling, b"x")
        else:
            for _ in range(19):
                assert select.select([hearing], [], [], 60)[0]
                os.read(hearing, 1)
        return b"x" * 300_000

    assert len(list(done(work, 20, 2))) == 20
    os.close(hearing)
    os.close(telling)


def _ends() -> None:
    os._exit(9)


def _is_killed() -> None:
    os.kill(os.getpid(), SIGKILL)


def _has_no_memory() -> None:
    raise MemoryError


@pytest.mark.parametrize(
    ("dies", "error", "words"),
    [
        (_ends, RuntimeError, "ended before"),
        (_is_killed, WorkerKilled, "killed by signal 9"),
        (_has_no_memory, MemoryError, "no memory"),
    ],
)
def test_a_worker_that_dies_is_an_error_and_no_process_is_left(
    dies: Callable[[], None], error: type[Exception], words: str
) -> None:
    own, before = os.getpid(), os.listdir("/proc/self/fd")

    def work(item: int) -> bytes:
        if os.getpid() != own:
            dies()
        time.sleep(0.2)
        return b""

    with pytest.raises(error, match=words):
        list(done(work, 40, 3))
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)
    assert os.listdir("/proc/self/fd") == before


def test_where_no_process_can_be_made_none_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    forks = iter([os.fork])

    def fork() -> int:
        for made in forks:
            return made()
        raise BlockingIOError(EAGAIN, os.strerror(EAGAIN))

    monkeypatch.setattr("os.fork", fork)
    before = os.listdir("/proc/self/fd")
    with pytest.raises(BlockingIOError):
        list(done(lambda item: b"", 4, 3))
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)
    assert os.listdir("/proc/self/fd") == before


@pytest.mark.parametrize("collecting", [True, False])
def test_cycles_are_looked_for_again_afterwards_where_they_were_before(collecting: bool) -> None:
    before = gc.isenabled()
    (gc.enable if collecting else gc.disable)()
    try:
        with suppress(KeyError), Uncollected():
            assert not gc.isenabled()
            raise KeyError
        assert gc.isenabled() == collecting
    finally:
        (gc.enable if before else gc.disable)()
