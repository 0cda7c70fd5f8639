"""The cache: a hit is what the same text gives, and nothing that is damaged, changed or half-written is ever one."""

import os
import random
import signal
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path

import pytest

from dockarmor.compile.batch import Batch, Job, Settings
from dockarmor.compile.cache import Cache, CacheError, Figures, Output, Told, unpacked
from dockarmor.policy.features import builtin
from dockarmor.policy.read import library

HOUR = 3_600_000_000_000
POLICY = """include <tunables/global>
profile p {
  include <abstractions/mine>
  include if exists <local/p>
  /etc/p r,
}
"""
REQUEST = b"the request"


class Place:
    """A base folder with a policy, and a cache in which it was built by `build`."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.cache = folder, folder / "cache"
        for name, text in {
            "p": POLICY,
            "tunables/global": "@{A}=/a /b\n",
            "abstractions/mine/one": "@{A}/one r,\n",
        }.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            os.utime(path)

    def open(self, later: int = HOUR) -> Cache:
        return Cache(str(self.cache), time.time_ns() + later)

    def build(self, cache: Cache | None = None, processes: int = 1, copies: int = 1) -> list[Output]:
        settings = Settings(builtin("kernel-6.12"), b"kernel-6.12")
        batch = Batch(library(str(self.folder)), settings, cache, processes)
        built = batch.build([Job(str(self.folder / "p"), None, REQUEST)] * copies)
        assert all(isinstance(one, Output) for one in built)
        return [one for one in built if isinstance(one, Output)]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place(tmp_path)
    made.build(made.open())
    return made


def test_hit_gives_the_same_blob_and_figures(place: Place) -> None:
    (fresh,) = place.build()
    hit = unpacked(place.open().find(REQUEST))
    assert hit is not None
    assert hit.packed() == fresh.packed()
    assert place.open().find(b"another request") is None


@pytest.mark.parametrize(
    "change",
    [
        lambda base: (base / "p").write_text(POLICY.replace("/etc/p", "/etc/q")),
        lambda base: (base / "tunables/global").write_text("@{A}=/a /c\n"),
        lambda base: (base / "abstractions/mine/one").write_text("@{A}/two r,\n"),
        lambda base: (base / "abstractions/mine/two").write_text("/two r,\n"),
        lambda base: (base / "abstractions/mine/one").unlink(),
        lambda base: ((base / "local").mkdir(), (base / "local/p").write_text("/local r,\n")),
        lambda base: (base / "p").unlink(),
        lambda base: ((base / "p").unlink(), os.mkfifo(base / "p")),
    ],
)
def test_any_change_of_what_was_read_or_missing_is_a_miss(place: Place, change: object) -> None:
    change(place.folder)  # type: ignore[operator]
    assert place.open().find(REQUEST) is None


def test_touched_and_rewritten_files_still_hit_and_are_known_by_stat_afterwards(place: Place) -> None:
    path = place.folder / "p"
    path.unlink()
    path.write_text(POLICY)
    assert place.open().find(REQUEST) is not None
    index = next((place.cache / "index").iterdir()).read_bytes()
    assert place.open().find(REQUEST) is not None
    assert next((place.cache / "index").iterdir()).read_bytes() == index


def test_change_within_the_same_tick_and_size_is_seen(place: Place) -> None:
    """A file that changed just before the run may change again unseen: it is compared by content."""
    place.build(place.open(0))
    path = place.folder / "p"
    before = path.stat()
    path.write_text(POLICY.replace("/etc/p", "/etc/q"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert place.open(0).find(REQUEST) is None


def test_same_content_elsewhere_is_not_compiled_again(place: Place, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = Place(tmp_path_factory.mktemp("other"))
    other.cache = place.cache
    other.build(other.open())
    assert len(list((place.cache / "built").iterdir())) == 1


@pytest.mark.parametrize("folder", ["index", "built"])
def test_damage_is_a_miss_and_is_rebuilt(place: Place, folder: str) -> None:
    (entry,) = (place.cache / folder).iterdir()
    whole = entry.read_bytes()
    for at in range(0, len(whole), 37):
        entry.write_bytes(whole[:at] + bytes((whole[at] ^ 0x40,)) + whole[at + 1 :])
        assert place.open().find(REQUEST) is None
        entry.write_bytes(whole[:at])
        assert place.open().find(REQUEST) is None
    place.build(place.open())
    assert place.open().find(REQUEST) is not None


@pytest.mark.parametrize("folder", ["index", "built"])
@pytest.mark.parametrize("what", ["a FIFO", "more than any entry has"])
def test_what_stands_in_place_of_an_entry_is_not_read(place: Place, folder: str, what: str) -> None:
    (entry,) = (place.cache / folder).iterdir()
    if what == "a FIFO":
        entry.unlink()
        os.mkfifo(entry)
    else:
        os.truncate(entry, 300 << 30)
    tracemalloc.start()
    assert place.open().find(REQUEST) is None
    assert tracemalloc.get_traced_memory()[1] < 16 << 20
    tracemalloc.stop()
    place.build(place.open())
    assert place.open().find(REQUEST) is not None


def test_folder_is_private_and_others_folders_are_refused(place: Place, tmp_path: Path) -> None:
    assert place.cache.stat().st_mode & 0o777 == 0o700
    assert all(path.stat().st_mode & 0o077 == 0 for path in place.cache.rglob("*"))
    place.cache.chmod(0o777)
    with pytest.raises(CacheError, match="written to by others"):
        place.open()
    link = tmp_path / "link"
    link.symlink_to(place.folder)
    with pytest.raises(CacheError, match="not a folder of this user's own"):
        Cache(str(link), 0)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_folder_of_another_user_is_refused(place: Place) -> None:
    os.chown(place.cache, 12345, 12345)
    with pytest.raises(CacheError, match="own"):
        place.open()


def test_number_of_processes_changes_no_byte(place: Place) -> None:
    assert [one.blob for one in place.build(copies=5)] == [one.blob for one in place.build(processes=3, copies=5)]


def test_output_survives_packing() -> None:
    told = [Told("a b", 1, 2, "DA1", "é", "/x r,"), Told("", 0, 0, "DA2", "no place", "")]
    made = Output(
        b"\0blob\n", [Figures("a//b \xff", 1, 2, 3), Figures("c", 4, 5, 6)], {"DA1": 7}, told, has_abi=False
    )
    again = Output.unpack(made.packed())
    assert (again.blob, again.warnings, again.has_abi) == (made.blob, {"DA1": 7}, False)
    assert [str(one) for one in again.told] == ["a b:1:2: warning[DA1]: é: `/x r,`", "warning[DA2]: no place"]
    assert [(one.name, one.bytes, one.file_states, one.policy_states) for one in again.profiles] == [
        ("a//b \xff", 1, 2, 3),
        ("c", 4, 5, 6),
    ]


def test_fifty_runs_killed_at_random_leave_nothing_half_written(tmp_path: Path) -> None:
    """kill -9 while entries are written: every later look finds all of an entry or none, and the next run builds."""
    work = f"""
from dockarmor.compile.cache import Cache, Figures, Output
cache = Cache({str(tmp_path / "cache")!r}, 0)
output = Output(bytes(range(256)) * 4000, [Figures("p", 1, 2, 3)], dict())
print("ready", flush=True)
while True:
    for at in range(8):
        cache.keep(b"%d" % at, output.packed())
        cache.keep_request(b"request %d" % at, b"%d" % at, [])
"""
    chance = random.Random(4)
    for _ in range(50):
        run = subprocess.Popen([sys.executable, "-c", work], stdout=subprocess.PIPE)
        assert run.stdout is not None
        run.stdout.readline()
        time.sleep(chance.random() * 0.02)
        run.send_signal(signal.SIGKILL)
        run.wait()
        cache = Cache(str(tmp_path / "cache"), HOUR * 10**6)
        for at in range(8):
            found = unpacked(cache.find(b"request %d" % at))
            assert found is None or found.blob == bytes(range(256)) * 4000
    cache.keep(b"0", b"")
    cache.close()
    assert not list((tmp_path / "cache/new").iterdir())
