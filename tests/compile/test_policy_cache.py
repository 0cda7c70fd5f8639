"""libapparmor's cache: its names, its times, and that only whole blobs stand under them."""

import os
import tracemalloc
from pathlib import Path

import pytest

from dockarmor.compile import version_word
from dockarmor.compile.policy_cache import PolicyCache, blob_version, folder_features, murmur3, purge
from dockarmor.policy.features import builtin, names

FEATURES = b"policy {versions {v7 {yes\n}\n}\n}\n"
BLOB = b"\x04\x08\x00version\x00\x02" + version_word(7).to_bytes(4, "little") + b"rest"


@pytest.fixture
def cache(tmp_path: Path) -> PolicyCache:
    made = PolicyCache(str(tmp_path / "cache"), FEATURES)
    made.make()
    return made


@pytest.mark.parametrize(
    "data, seed, value", [(b"", 0, 0), (b"", 1, 0x514E28B7), (b"\0\0\0\0", 0, 0x2362F9DE), (b"hello", 0, 0x248BFA47)]
)
def test_published_values_of_the_hash(data: bytes, seed: int, value: int) -> None:
    assert murmur3(data, seed) == value


def test_a_folder_for_each_set_of_features_also_where_hashes_are_equal(tmp_path: Path, cache: PolicyCache) -> None:
    other = Path(cache.folder)
    (other / ".features").write_bytes(b"another set\n")
    again = PolicyCache(str(tmp_path / "cache"), FEATURES)
    assert again.folder == cache.folder.removesuffix(".0") + ".1"
    assert not again.usable


def test_a_blob_is_as_old_as_its_newest_source(cache: PolicyCache) -> None:
    path = cache.write("/etc/apparmor.d/one", BLOB, 10**18)
    assert os.stat(path).st_mtime_ns == 10**18
    version = blob_version(FEATURES)
    assert cache.find("one", 10**18, 0, version) == BLOB
    assert cache.find("one", 10**18 + 1, 0, version) is None
    assert cache.find("one", 0, os.stat(path).st_ctime_ns + 1, version) is None
    assert cache.find("one", 0, 0, version_word(5)) is None
    assert cache.find("two", 0, 0, version) is None


def test_what_is_no_file_is_no_blob(cache: PolicyCache) -> None:
    os.mkfifo(cache.path("one"))
    os.mkdir(cache.path("two"))
    assert [cache.find(name, 0, 0, 5) for name in ("one", "two")] == [None, None]


@pytest.mark.parametrize("size", [20 << 20, 100 << 30])
def test_what_is_no_blob_is_refused_by_its_size_or_its_first_bytes(cache: PolicyCache, size: int) -> None:
    """A sparse file of any size takes no room on a disk, but would in memory."""
    version = blob_version(FEATURES)
    path = cache.write("one", BLOB, 0)
    os.truncate(path, size)
    if size < 1 << 30:
        Path(path).write_bytes(b"\0")
        os.truncate(path, size)
    tracemalloc.start()
    assert cache.find("one", 0, 0, version) is None
    assert tracemalloc.get_traced_memory()[1] < 1 << 20
    tracemalloc.stop()


def test_a_fifo_in_place_of_the_features_is_no_cache(tmp_path: Path, cache: PolicyCache) -> None:
    """Not waited for: nobody may ever write to it."""
    features = Path(cache.folder, ".features")
    features.unlink()
    os.mkfifo(features)
    assert not PolicyCache(str(tmp_path / "cache"), FEATURES).usable


def test_what_cannot_be_renamed_into_place_leaves_nothing(cache: PolicyCache) -> None:
    os.mkdir(cache.path("one"))
    with pytest.raises(OSError):
        cache.write("one", BLOB, 0)
    assert sorted(os.listdir(cache.folder)) == [".features", "one"]


def test_purging_removes_the_folders_of_features_and_nothing_else(tmp_path: Path, cache: PolicyCache) -> None:
    cache.write("one", BLOB, 0)
    for name in ("CACHEDIR.TAG", "policy"):
        (tmp_path / "cache" / name).write_text("stays")
    (tmp_path / "cache/deadbeef.x").mkdir()
    purge(str(tmp_path / "cache"))
    assert sorted(os.listdir(tmp_path / "cache")) == ["CACHEDIR.TAG", "deadbeef.x", "policy"]


def test_no_folder_above_the_location_is_made(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        PolicyCache(str(tmp_path / "no/cache"), FEATURES).make()


@pytest.mark.parametrize("name", [name for name in names() if name.startswith("kernel-")])
def test_the_version_is_the_compilers(name: str) -> None:
    features = builtin(name)
    abi = next((abi for abi in (7, 6) if features.has(f"policy/versions/v{abi}")), 5)
    assert blob_version(features.text().encode()) == version_word(abi)


def test_a_features_folder_without_end_is_refused(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(".")
    with pytest.raises(OSError):
        folder_features(str(tmp_path))
    (tmp_path / "loop").unlink()
    (tmp_path / "large").write_bytes(b"x" * (65 << 10))
    with pytest.raises(OSError):
        folder_features(str(tmp_path))
