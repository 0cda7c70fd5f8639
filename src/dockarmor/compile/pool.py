"""Work spread over processes: forked, so that all that was read before serves each, and whoever is free goes on."""

import gc
import os
import select
from collections.abc import Callable, Iterator, Sequence
from signal import SIGKILL

_NUMBER = 8


def scattered(work: Callable[[int], bytes], items: Sequence[int], processes: int) -> Iterator[tuple[int, bytes]]:
    """`work` of every item, in the order in which it is done; begin with the largest.

    With one process nothing is forked. Raises RuntimeError where a worker ends before its time; the others end then.
    """
    processes = min(processes, len(items))
    if processes <= 1:
        for item in items:
            yield item, work(item)
        return
    # The place in a regular file is shared by all who inherit it: a read takes the next item from it.
    queue = os.memfd_create("items")
    os.write(queue, b"".join(map(_packed, items)))
    os.lseek(queue, 0, os.SEEK_SET)
    gc.freeze()  # a collection in a worker would copy every page that it marks
    workers = [_start(work, queue) for _ in range(processes)]
    try:
        yield from _gather(dict(workers), len(items))
    finally:
        gc.unfreeze()
        os.close(queue)
        for stream, process in workers:
            os.close(stream)
            os.kill(process, SIGKILL)
            os.waitpid(process, 0)


def _gather(workers: dict[int, int], expected: int) -> Iterator[tuple[int, bytes]]:
    """Frames from all workers: number, length, bytes."""
    poll = select.poll()
    buffers = {stream: bytearray() for stream in workers}
    for stream in workers:
        poll.register(stream, select.POLLIN)
    while expected:
        for stream, _ in poll.poll():
            data = os.read(stream, 1 << 20)
            if not data:
                poll.unregister(stream)
                del buffers[stream]
                if not buffers:
                    raise RuntimeError("a worker process ended before its work was done")
                continue
            buffer = buffers[stream]
            buffer += data
            while len(buffer) >= 2 * _NUMBER:
                end = 2 * _NUMBER + _unpacked(buffer[_NUMBER : 2 * _NUMBER])
                if len(buffer) < end:
                    break
                expected -= 1
                yield _unpacked(buffer[:_NUMBER]), bytes(buffer[2 * _NUMBER : end])
                del buffer[:end]


def _start(work: Callable[[int], bytes], queue: int) -> tuple[int, int]:
    reading, writing = os.pipe()
    process = os.fork()
    if process:
        os.close(writing)
        return reading, process
    status = 70
    try:
        os.close(reading)
        with open(writing, "wb") as stream:
            while taken := os.read(queue, _NUMBER):
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
