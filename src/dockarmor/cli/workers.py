"""Work spread over processes, results in order: forked, so that what is read before serves all of them."""

import marshal
import os
from collections.abc import Callable, Iterator, Sequence
from typing import IO, Any, TypeVar

#: how many items one process takes in a row
CHUNK = 16

T = TypeVar("T")


def processors() -> int:
    """How many processes can run at the same time here."""
    return len(os.sched_getaffinity(0))


def in_order(work: Callable[[T], Any], items: Sequence[T], jobs: int) -> Iterator[Any]:
    """`work` of each item, in their order. With more than one job results must be what marshal can write.

    Raises RuntimeError where a worker ends before its time.
    """
    jobs = min(jobs, (len(items) + CHUNK - 1) // CHUNK)
    if jobs <= 1:
        yield from map(work, items)
        return
    pipes = [_start(work, items, jobs, number) for number in range(jobs)]
    try:
        for first in range(0, len(items), CHUNK):
            _, stream = pipes[first // CHUNK % jobs]
            for _ in items[first : first + CHUNK]:
                yield _read(stream)
    finally:
        for process, stream in pipes:
            stream.close()
            _end(process)


def _start(work: Callable[[T], Any], items: Sequence[T], jobs: int, number: int) -> tuple[int, IO[bytes]]:
    reading, writing = os.pipe()
    process = os.fork()
    if process:
        os.close(writing)
        return process, open(reading, "rb", buffering=1 << 16)
    os.close(reading)
    status = 70
    try:
        with open(writing, "wb", buffering=1 << 16) as stream:
            for first in range(number * CHUNK, len(items), jobs * CHUNK):
                for item in items[first : first + CHUNK]:
                    marshal.dump(work(item), stream)
        status = 0
    except BrokenPipeError:
        status = 0  # nobody wants to know any more
    except Exception:
        import traceback

        traceback.print_exc()
    finally:
        os._exit(status)


def _read(stream: IO[bytes]) -> Any:
    try:
        return marshal.load(stream)
    except EOFError:
        raise RuntimeError("a worker process ended before its work was done") from None


def _end(process: int) -> None:
    import signal

    try:
        if os.waitpid(process, os.WNOHANG)[0] == 0:
            os.kill(process, signal.SIGTERM)
            os.waitpid(process, 0)
    except ChildProcessError:
        pass
