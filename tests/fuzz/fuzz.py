"""Hostile policy text, for as long as it is given: no crash, nothing beyond 2 seconds of CPU or 512 MiB.

`make fuzz` runs it; FUZZ_SECONDS (1800) and FUZZ_SEED say how. It begins with the corpora where they are beside the
project, and with the grammar of tests/differential. Every text is read, resolved with its includes, compiled, linted,
and what is said of it is drawn. What breaks a bound or raises anything is written to build/fuzz, each kind once, and
makes the exit status 1.
"""

import mmap
import os
import resource
import signal
import sys
import tarfile
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from random import Random

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "differential"))

from generated import write_base  # noqa: E402
from mutations import mutate  # noqa: E402
from policy_grammar import Grammar  # noqa: E402

from dockarmor.lint.examine import examine  # noqa: E402
from dockarmor.policy.features import builtin  # noqa: E402
from dockarmor.policy.read import library  # noqa: E402
from dockarmor.text.render import render  # noqa: E402
from dockarmor.text.source import Source  # noqa: E402

SECONDS_EACH = 2
MEMORY = 512 << 20
#: seconds of the clock after which a worker that does not answer is ended: C code hears no signal
SILENCE = 60
LONGEST = 1 << 16
FINDINGS = ROOT / "build" / "fuzz"
_PIECES = (
    *(b"\x00", b"\xff", b"\r\n", b"\\", b'"', b"{", b"}", b"(", b")", b"[", b"]", b",", b"#", b"@{", b"${", b"^"),
    *(b"**", b"{a,b}", b"[^a]", b"->", b"include <x>\n", b"profile ", b"deny ", b"if ", b"else ", b" {\n", b"\n}\n"),
    *(
        b"@{V}+=@{V}",
        b"@{V}=@{W}\n",
        b"priority=",
        b"flags=(",
        b"peer=(",
        b"\\x00",
        b"\\377",
        b"\xef\xbb\xbf",
        b"/**",
    ),
)


class TooSlow(Exception):
    """An input took more than its time."""


def inputs(random: Random, seeds: tuple[bytes, ...]) -> Iterator[bytes]:
    """Texts without end: seeds and grammar, broken by words, by bytes, and spliced."""
    while True:
        if seeds and random.random() < 0.6:
            text = random.choice(seeds)
            if len(text) > 4000:
                start = random.randrange(len(text) - 2000)
                text = text[start : start + random.randrange(200, 4000)]
        else:
            text = Grammar(random, 0.05).policy().encode("latin-1", "replace")
        if random.random() < 0.5:
            text = mutate(text.decode("latin-1"), random, random.randrange(1, 5)).encode("latin-1", "replace")
        for _ in range(random.choice((0, 1, 1, 2, 4, 16))):
            text = _broken(text, random, seeds)
        yield text[:LONGEST]


def _broken(text: bytes, random: Random, seeds: tuple[bytes, ...]) -> bytes:
    """The text with one change of bytes."""
    at, size = random.randrange(len(text) + 1), random.choice((1, 1, 2, 8, 64))
    match random.randrange(7):
        case 0:
            return text[:at] + random.randbytes(size) + text[at:]
        case 1:
            return text[:at] + text[at + size :]
        case 2:
            return text[:at] + random.choice(_PIECES) + text[at:]
        case 3:
            return text[:at] + random.choice(_PIECES) * random.choice((2, 10, 100, 1000)) + text[at:]
        case 4:
            return text[:at] + text[at : at + 64] * random.choice((2, 4, 50)) + text[at:]
        case 5 if seeds:
            other = random.choice(seeds)
            cut = random.randrange(len(other) + 1)
            return text[:at] + other[cut : cut + 500]
        case _:
            return (
                text[:at] + bytes((text[at] ^ 1 << random.randrange(8),)) + text[at + 1 :] if at < len(text) else text
            )


def work(seed: int, seeds: tuple[bytes, ...], base: str, board: mmap.mmap, until: float) -> None:
    """One worker, in a process of its own. The board says what it is at: count, length, text."""
    features, includes = builtin("default"), library(base)
    examine(Source("warm", "profile a { /a r, }\n"), includes, features)  # imports are not the input's fault
    _limit_memory()

    def slow(*_: object) -> None:
        raise TooSlow

    signal.signal(signal.SIGPROF, slow)
    for count, text in enumerate(inputs(Random(seed), seeds), 1):
        board[:16] = count.to_bytes(8, "little") + len(text).to_bytes(8, "little")
        board[16 : 16 + len(text)] = text
        try:
            signal.setitimer(signal.ITIMER_PROF, SECONDS_EACH)
            for found in examine(_source(text, count, Path(base) / f"fuzz-{seed}"), includes, features)[:20]:
                render(found)
            signal.setitimer(signal.ITIMER_PROF, 0)
        except (Exception, RecursionError) as error:
            signal.setitimer(signal.ITIMER_PROF, 0)
            keep(text, error)
        if count % 200 == 0:
            includes = library(base)
            if time.monotonic() > until:
                return


def _source(text: bytes, count: int, included: Path) -> Source:
    """The text as a file of its own, and now and then as one that a preamble or a profile includes."""
    if count % 10 > 1:
        return Source("fuzz", text.decode("latin-1"))
    included.write_bytes(text)
    include = f"include <{included.name}>"
    return Source("fuzz", f"{include}\n" if count % 10 else f"profile fuzz {{\n{include}\n}}\n")


def _limit_memory() -> None:
    with open("/proc/self/statm") as file:
        now = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + MEMORY, now + MEMORY))


def keep(text: bytes, error: BaseException) -> None:
    """Write what broke, once for each place where it broke."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "dockarmor" in frame.filename] or frames
    place = f"{Path(ours[-1].filename).stem}-{ours[-1].lineno}" if ours else "nowhere"
    write(f"{type(error).__name__}-{place}", text, "".join(traceback.format_exception(error))[-4000:])


def write(name: str, text: bytes, said: str) -> None:
    FINDINGS.mkdir(parents=True, exist_ok=True)
    if not (FINDINGS / f"{name}.policy").exists():
        (FINDINGS / f"{name}.policy").write_bytes(text)
        (FINDINGS / f"{name}.txt").write_text(said, "utf-8")


def seeds_of(corpora: Path) -> tuple[bytes, ...]:
    """Policy texts to begin with; of large corpora every so manieth."""
    found = []
    for archive in sorted(corpora.glob("*.tar.xz")):
        with tarfile.open(archive) as tar:
            members = [one for one in tar if one.isfile() and one.size < 1 << 18]
            for one in members[:: max(1, len(members) // 1500)]:
                file = tar.extractfile(one)
                found.append(file.read() if file else b"")
    return tuple(found)


def watch(children: dict[int, mmap.mmap]) -> int:
    """Wait for the workers; end those that are silent. Answers how many died."""
    seen = {child: (0, time.monotonic()) for child in children}
    died = 0
    while seen:
        time.sleep(1)
        for child, (count, since) in list(seen.items()):
            gone, status = os.waitpid(child, os.WNOHANG)
            now = int.from_bytes(children[child][:8], "little")
            if not gone and now == count and time.monotonic() - since > SILENCE:
                os.kill(child, signal.SIGKILL)
                gone, status = os.waitpid(child, 0)
            if gone:
                del seen[child]
                if status:
                    died += 1
                    size = int.from_bytes(children[child][8:16], "little")
                    write(f"died-{status}-{child}", bytes(children[child][16 : 16 + size]), f"status {status}\n")
            elif now != count:
                seen[child] = (now, time.monotonic())
    return died


def main() -> int:
    seconds = float(os.environ.get("FUZZ_SECONDS", "1800"))
    seed = int(os.environ.get("FUZZ_SEED", str(int(time.time()))))
    seeds = seeds_of(ROOT.parent / "shared" / "corpus")
    before = set(FINDINGS.glob("*.policy")) if FINDINGS.is_dir() else set()
    base = ROOT / "build" / "fuzz-base"
    write_base(base, None)
    os.chdir(base)
    until = time.monotonic() + seconds
    children: dict[int, mmap.mmap] = {}
    for number in range(os.cpu_count() or 1):
        board = mmap.mmap(-1, 16 + LONGEST)
        child = os.fork()
        if child == 0:
            try:
                work(seed + number, seeds, str(base), board, until)
            finally:
                os._exit(0 if time.monotonic() > until else 1)
        children[child] = board
    died = watch(children)
    count = sum(int.from_bytes(board[:8], "little") for board in children.values())
    found = sorted(set(FINDINGS.glob("*.policy")) - before) if FINDINGS.is_dir() else []
    print(
        f"seed {seed}: {count} inputs in {seconds:.0f} s from {len(seeds)} seeds; {len(found)} findings, {died} died"
    )
    for path in found:
        print(f"  {path}")
    return 1 if found or died else 0


if __name__ == "__main__":
    sys.exit(main())
