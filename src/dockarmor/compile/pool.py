"""Work spread over processes: forked, so that all that was read before serves each, and whoever is free goes on."""

import gc
import os
from collections.abc import Callable, Iterator, Sequence

#: bytes of a number; so many items are written at once (POSIX: up to PIPE_BUF bytes whole or not at all)
_NUMBER, _AT_ONCE = 8, 64


def processors() -> int:
    """How many processes can run at the same time here."""
    return len(os.sched_getaffinity(0))


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


def scattered(work: Callable[[int], bytes], items: Sequence[int], processes: int) -> Iterator[tuple[int, bytes]]:
    """`work` of every item, in the order in which it is done; begin with the largest.

    With one process nothing is forked. Raises RuntimeError where a worker ends before its time; the others end then.
    """
    processes = min(processes, len(items))
    if processes <= 1:
        for item in items:
            yield item, work(item)
        return
    from signal import SIGKILL  # what only workers need takes a thirtieth of a short run

    # All workers take from one pipe: a read of it is never shared between two of them, as one of a file would be.
    taking, giving = os.pipe()
    os.set_blocking(giving, False)
    gc.freeze()  # a collection in a worker would copy every page that it marks
    workers = [_start(work, taking, giving) for _ in range(processes)]
    queue = _Queue(giving, items)
    try:
        yield from _gather(dict(workers), queue)
    finally:
        gc.unfreeze()
        queue.close()
        os.close(taking)
        for stream, process in workers:
            os.close(stream)
            os.kill(process, SIGKILL)
            os.waitpid(process, 0)


class _Queue:
    """What the pipe to the workers does not hold yet."""

    def __init__(self, giving: int, items: Sequence[int]) -> None:
        self._giving: int | None = giving
        self._left = b"".join(map(_packed, items))
        self.expected = len(items)
        self.fill()

    def fill(self) -> None:
        """Write what fits, by whole items; after the last one the pipe ends."""
        while self._giving is not None and self._left:
            try:
                os.write(self._giving, self._left[: _NUMBER * _AT_ONCE])
            except BlockingIOError:
                return
            self._left = self._left[_NUMBER * _AT_ONCE :]
        self.close()

    def close(self) -> None:
        if self._giving is not None:
            os.close(self._giving)
            self._giving = None


def _gather(workers: dict[int, int], queue: _Queue) -> Iterator[tuple[int, bytes]]:
    """Frames from all workers: number, length, bytes."""
    import select

    poll = select.poll()
    buffers = {stream: bytearray() for stream in workers}
    for stream in workers:
        poll.register(stream, select.POLLIN)
    while queue.expected:
        for stream, _ in poll.poll():
            data = os.read(stream, 1 << 20)
            if not data:
                poll.unregister(stream)
                if buffers.pop(stream) or not buffers:
                    raise RuntimeError("a worker process ended before its work was done")
                continue
            buffer = buffers[stream]
            buffer += data
            while len(buffer) >= 2 * _NUMBER:
                end = 2 * _NUMBER + _unpacked(buffer[_NUMBER : 2 * _NUMBER])
                if len(buffer) < end:
                    break
                queue.expected -= 1
                yield _unpacked(buffer[:_NUMBER]), bytes(buffer[2 * _NUMBER : end])
                del buffer[:end]
            queue.fill()


def _start(work: Callable[[int], bytes], taking: int, giving: int) -> tuple[int, int]:
    reading, writing = os.pipe()
    process = os.fork()
    if process:
        os.close(writing)
        return reading, process
    status = 70
    try:
        os.close(reading)
        os.close(giving)
        with open(writing, "wb") as stream:
            while taken := os.read(taking, _NUMBER):
                done = work(_unpacked(taken))
                stream.write(taken + _packed(len(done)) + done)
                stream.flush()
        status = 0
    except (BrokenPipeError, KeyboardInterrupt):
        status = 0  # nobody wants to know any more
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        os._exit(status)


def _packed(number: int) -> bytes:
    return number.to_bytes(_NUMBER, "little")


def _unpacked(data: bytes | bytearray) -> int:
    return int.from_bytes(data, "little")
