"""Work in forked processes: all of it is done once, and a worker that dies is noticed."""

import gc
import os
from contextlib import suppress

import pytest

from dockarmor.compile.pool import Uncollected, scattered


@pytest.mark.parametrize("processes", [1, 2, 5])
@pytest.mark.parametrize("count", [1, 100, 20_000])
def test_every_item_is_done_once(processes: int, count: int) -> None:
    """Also where the items are more than a pipe holds, and so quick that workers ask at the same time."""
    done = list(scattered(lambda item: b"%d" % item, range(count), processes))
    assert sorted(done) == [(item, b"%d" % item) for item in range(count)]


def test_large_results_arrive_whole() -> None:
    done = dict(scattered(lambda item: bytes([item]) * 3_000_000, range(4), 2))
    assert all(done[item] == bytes([item]) * 3_000_000 for item in range(4))


def test_a_worker_that_dies_is_an_error_and_no_process_is_left() -> None:
    with pytest.raises(RuntimeError, match="ended before"):
        list(scattered(lambda item: os._exit(9), range(4), 2))  # type: ignore[arg-type, return-value]
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


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
