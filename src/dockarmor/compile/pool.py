"""Work spread over processes: forked, so that all that was read before serves each, and whoever is free goes on."""

import gc
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Generic, TypeVar

from dockarmor.value import frozen

T = TypeVar("T")

#: exit statuses of a worker: this host has no more memory; a bug of ours, whose traceback it has printed
_NO_MEMORY, _BUG = 3, 70
#: bytes of a number; so many items are written at once (POSIX: up to PIPE_BUF bytes whole or not at all)
_NUMBER, _AT_ONCE = 8, 64


def processors() -> int:
    """How many processes can run at the same time here."""
    return len(os.sched_getaffinity(0))


class WorkerKilled(Exception):
    """A worker process was ended by a signal, which is not its fault: a kernel that is out of memory does so."""

    def __init__(self, signal: int) -> None:
        super().__init__(f"a worker process was killed by signal {signal}")
        self.signal = signal


class Uncollected:
    """A stretch in which nothing looks for reference cycles.

    Where all that is read is needed to the end, that would be a look through all of it again and again.
    """

    def __enter__(self) -> None:
        self._before = gc.isenabled()
        gc.disable()

    def __exit__(self, *_: object) -> None:
        if self._before:
            gc.enable()


@frozen
class Task(Generic[T]):
    """What is done with an item, and how what comes of it is carried from one process to another."""

    work: Callable[[int], T]
    packed: Callable[[T], Iterable[bytes]]
    unpacked: Callable[[bytes], T]


def scattered(task: Task[T], items: Sequence[int], processes: int) -> Iterator[tuple[int, T]]:
    """What comes of every item, in the order in which it is done; begin with the largest.

    This process is one of them, since each that is forked copies what it touches. Where another ends before its time
    all do: raises WorkerKilled, MemoryError where it had no memory, RuntimeError for our own bugs, OSError where no
    process can be made.
    """
    processes = min(processes, len(items))
    if processes <= 1:
        for item in items:
            yield item, task.work(item)
        return
    # All take from one pipe: a read of it is never shared between two of them, as one of a file would be.
    taking, giving = os.pipe()
    os.set_blocking(giving, False)
    queue = _Queue(taking, giving, items)
    gc.freeze()  # a collection in a worker would copy every page that it marks
    workers: list[_Worker] = []
    try:
        for _ in range(processes - 1):
            workers.append(_start(task, queue))
        yield from _gather(task, workers, queue)
    finally:
        gc.unfreeze()
        queue.close()
        os.close(taking)
        for worker in workers:
            worker.close()


class _Queue:
    """Items that nobody has taken: in the pipe, and what the pipe does not hold yet."""

    def __init__(self, taking: int, giving: int, items: Sequence[int]) -> None:
        self.taking = taking
        self.giving: int | None = giving
        self._left = b"".join(map(_packed, items))
        self.expected = len(items)
        self.fill()

    def fill(self) -> None:
        """Write what fits, by whole items; after the last one the pipe ends."""
        while self.giving is not None and self._left:
            try:
                os.write(self.giving, self._left[: _NUMBER * _AT_ONCE])
            except BlockingIOError:
                return
            self._left = self._left[_NUMBER * _AT_ONCE :]
        self.close()

    def take(self) -> int | None:
        """The next item; None where there is none, or to read could be to wait: the pipe has not ended."""
        item = os.read(self.taking, _NUMBER) if self.giving is None else b""
        return _unpacked(item) if item else None

    def close(self) -> None:
        if self.giving is not None:
            os.close(self.giving)
            self.giving = None


class _Worker:
    """A forked process: what it makes is in the file `store`, where in it `stream` tells: number, place, length."""

    def __init__(self, process: int, stream: int, store: int) -> None:
        self.process, self.stream, self.store = process, stream, store
        #: how it ended, once it has
        self.status: int | None = None

    def close(self) -> None:
        """It ends, if it has not."""
        from signal import SIGKILL  # what only workers need takes a thirtieth of a short run

        os.close(self.stream)
        os.close(self.store)
        if self.status is None:
            os.kill(self.process, SIGKILL)
            os.waitpid(self.process, 0)

    def check(self) -> None:
        """Raises what `scattered` raises for a worker that ended so; a status below 0 is a signal's number."""
        status = self.status or 0
        if status < 0:
            raise WorkerKilled(-status)
        if status == _NO_MEMORY:
            raise MemoryError("a worker process has no memory left")
        if status:
            raise RuntimeError("a worker process ended before its work was done")

    def done(self) -> list[tuple[int, bytes]] | None:
        """The items that it has told of since, and their bytes; None where it has ended."""
        told = os.read(self.stream, 3 * _NUMBER * _AT_ONCE)
        if not told:
            self.status = os.waitstatus_to_exitcode(os.waitpid(self.process, 0)[1])
            return None
        numbers = [_unpacked(told[at : at + _NUMBER]) for at in range(0, len(told), _NUMBER)]
        frames = zip(numbers[0::3], numbers[1::3], numbers[2::3], strict=True)
        return [(item, os.pread(self.store, length, place)) for item, place, length in frames]


def _gather(task: Task[T], workers: Sequence[_Worker], queue: _Queue) -> Iterator[tuple[int, T]]:
    """What the workers have made, and between two looks at them one item of our own."""
    import select

    poll = select.poll()
    running = {worker.stream: worker for worker in workers}
    for stream in running:
        poll.register(stream, select.POLLIN)
    while queue.expected:
        own = queue.take()
        if own is not None:
            queue.expected -= 1
            yield own, task.work(own)
        for stream, _ in poll.poll(0 if own is not None else None):
            done = running[stream].done()
            if done is None:
                poll.unregister(stream)
                running[stream].check()
                continue
            for item, made in done:
                queue.expected -= 1
                yield item, task.unpacked(made)
        queue.fill()


def _start(task: Task[T], queue: _Queue) -> _Worker:
    # A pipe would be full after 64 KiB, and the worker idle until we look.
    store = os.memfd_create("dockarmor")
    reading, writing = os.pipe()
    try:
        process = os.fork()
    except OSError:
        for descriptor in (store, reading, writing):
            os.close(descriptor)
        raise
    if process:
        os.close(writing)
        return _Worker(process, reading, store)
    status = _BUG
    try:
        os.close(reading)
        if queue.giving is not None:
            os.close(queue.giving)
        place = 0
        while taken := os.read(queue.taking, _NUMBER):
            begin = place
            for part in task.packed(task.work(_unpacked(taken))):
                place += _write(store, part, place)
            os.write(writing, taken + _packed(begin) + _packed(place - begin))
        status = 0
    except (BrokenPipeError, KeyboardInterrupt):
        pass  # nobody wants to know any more
    except MemoryError:
        status = _NO_MEMORY
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        os._exit(status)


def _write(store: int, part: bytes, place: int) -> int:
    written = os.pwrite(store, part, place)
    while written < len(part):  # the kernel takes 2 GiB at once
        written += os.pwrite(store, memoryview(part)[written:], place + written)
    return written


def _packed(number: int) -> bytes:
    return number.to_bytes(_NUMBER, "little")


def _unpacked(data: bytes) -> int:
    return int.from_bytes(data, "little")
