"""The state folder: the old policy or the new one, never neither, never half of one."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from dockarmor.kernel.embedded.store import MAX_EVENTS, Entry, Index, Store, digest_of, serial_of
from dockarmor.kernel.protocol import KernelError

# Two policies that share nothing but one blob; a reader must see one of them, whole.
BLOBS = {digest_of(data): data for data in (bytes([n]) * 50_000 for n in range(5))}
ONE, TWO, SHARED, FOUR, FIVE = BLOBS
POLICIES = (
    (Entry("a", ONE, 0), Entry("a//child", ONE, 1), Entry("shared", SHARED, 0)),
    (Entry("b", TWO, 0), Entry("shared", SHARED, 0), Entry("c", FOUR, 0), Entry("d", FIVE, 0)),
)
CHANGE_FOR_EVER = """
import sys
sys.path[:0] = sys.argv[2:]
from test_store_policies import BLOBS, POLICIES
from dockarmor.kernel.embedded.store import Store
store = Store(sys.argv[1])
print(flush=True)
while True:
    for policy in POLICIES:
        store.change(lambda old: policy, {entry.blob: BLOBS[entry.blob] for entry in policy})
"""


def load(store: Store, policy: tuple[Entry, ...]) -> None:
    store.change(lambda _: policy, {entry.blob: BLOBS[entry.blob] for entry in policy})


def test_a_folder_that_is_not_there_is_empty(tmp_path: Path) -> None:
    store = Store(str(tmp_path / "new"))
    assert store.index() == Index()
    assert store.events() == []
    assert not (tmp_path / "new").exists()


def test_what_is_changed_is_what_the_next_process_sees(tmp_path: Path) -> None:
    load(Store(str(tmp_path)), POLICIES[0])
    store = Store(str(tmp_path))
    assert store.index() == Index(1, POLICIES[0])
    assert store.blob(ONE) == BLOBS[ONE]


def test_blobs_that_nothing_names_go(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    load(store, POLICIES[0])
    load(store, POLICIES[1])
    assert sorted(os.listdir(tmp_path / "blobs")) == sorted([TWO, SHARED, FOUR, FIVE])


def test_a_change_that_fails_changes_nothing(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    load(store, POLICIES[0])

    def refuse(index: Index) -> tuple[Entry, ...]:
        raise KernelError("profile already exists", 17)

    with pytest.raises(KernelError, match="profile already exists"):
        store.change(refuse, {TWO: BLOBS[TWO]})
    assert store.index() == Index(1, POLICIES[0])
    assert sorted(os.listdir(tmp_path / "blobs")) == sorted([ONE, SHARED])


@pytest.mark.slow
def test_a_process_that_is_killed_leaves_the_old_policy_or_the_new_one(tmp_path: Path) -> None:
    rng = random.Random(20250)
    script = tmp_path / "script"
    script.mkdir()
    table = f"from {Entry.__module__} import Entry\nBLOBS = {BLOBS!r}\nPOLICIES = {POLICIES!r}\n"
    (script / "test_store_policies.py").write_text(table)
    state = tmp_path / "state"
    seen = set()
    for _ in range(120):
        command = [sys.executable, "-c", CHANGE_FOR_EVER, str(state), str(script), *sys.path]
        process = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(rng.uniform(0.0, 0.1))
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
        store = Store(str(state))
        index = store.index()
        assert index.entries in ((), *POLICIES)
        for entry in index.entries:
            assert store.blob(entry.blob) == BLOBS[entry.blob]
        seen.add(index.entries)
    assert set(POLICIES) <= seen


def test_processes_that_change_at_the_same_time_lose_nothing(tmp_path: Path) -> None:
    def add(prefix: str) -> None:
        store = Store(str(tmp_path))
        for number in range(25):
            entry = Entry(f"{prefix}{number}", ONE, number)
            store.change(lambda old, entry=entry: (*old.entries, entry), {ONE: BLOBS[ONE]})
            store.append(lambda serial: [f"audit(1.000:{serial}): x"])

    threads = [threading.Thread(target=add, args=(prefix,)) for prefix in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    index = Store(str(tmp_path)).index()
    assert index.revision == 100
    assert len({entry.name for entry in index.entries}) == 100
    assert [serial_of(line) for line in Store(str(tmp_path)).events()] == list(range(1, 101))


def test_a_damaged_blob_is_said_and_the_rest_stays_usable(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    load(store, POLICIES[1])
    (tmp_path / "blobs" / TWO).write_bytes(b"else")
    (tmp_path / "blobs" / FOUR).unlink()
    with pytest.raises(KernelError, match="is damaged; load its profiles again"):
        store.blob(TWO)
    with pytest.raises(KernelError, match="is gone; load its profiles again"):
        store.blob(FOUR)
    assert store.blob(FIVE) == BLOBS[FIVE]
    assert len(store.index().entries) == 4
    load(store, POLICIES[1])
    assert store.blob(TWO) == BLOBS[TWO]


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b"\xff", b"[" * 99_999, b'{"sha256":"","body":"{}"}'])
def test_a_damaged_index_is_said_and_nothing_is_loaded_over_it(tmp_path: Path, data: bytes) -> None:
    store = Store(str(tmp_path))
    load(store, POLICIES[0])
    (tmp_path / "index.json").write_bytes(data)
    for attempt in (store.index, lambda: load(store, POLICIES[1])):
        with pytest.raises(KernelError, match=r"index.json is damaged, so what is loaded is not known"):
            attempt()
    assert (tmp_path / "index.json").read_bytes() == data


def test_an_index_that_points_out_of_the_folder_is_damaged(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    load(store, POLICIES[0])
    document = json.loads((tmp_path / "index.json").read_bytes())
    document["body"] = document["body"].replace(ONE, "../../etc/passwd")
    document["sha256"] = digest_of(document["body"].encode())
    (tmp_path / "index.json").write_text(json.dumps(document))
    with pytest.raises(KernelError, match="damaged"):
        store.index()


def test_events_are_a_ring_with_serials_that_go_on(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    filler = "x" * 10_000
    for _ in range(3 * MAX_EVENTS // 10_000):
        store.append(lambda serial: [f"audit(1.000:{serial}): {filler}"])
    serials = [serial_of(line) for line in store.events()]
    assert serials == list(range(serials[0], 3 * MAX_EVENTS // 10_000 + 1))
    assert serials[0] > 1
    assert (tmp_path / "events").stat().st_size <= MAX_EVENTS


def test_a_record_that_was_not_finished_is_dropped(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    store.append(lambda serial: [f"audit(1.000:{serial}): one"])
    with (tmp_path / "events").open("ab") as file:
        file.write(b"audit(1.000:2): tw")
    assert store.events() == ["audit(1.000:1): one"]
    store.append(lambda serial: [f"audit(1.000:{serial}): two"])
    assert store.events() == ["audit(1.000:1): one", "audit(1.000:2): two"]


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(KernelError, match="Not a directory"):
        load(Store(str(tmp_path / "file" / "state")), POLICIES[0])
