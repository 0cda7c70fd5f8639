"""libapparmor's cache: its names, its times, and that only whole blobs stand under them."""

import os
import shutil
import subprocess
import tracemalloc
from contextlib import suppress
from errno import EACCES
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


def test_processes_of_one_number_are_not_in_each_others_way(
    cache: PolicyCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Containers may share a cache: while one writes, another with its number does, too."""
    replace, whole = os.replace, BLOB * 1000

    def other_first(beside: str, path: str) -> None:
        monkeypatch.setattr(os, "replace", replace)
        cache.write("two", BLOB, 0)
        cache.write("one", BLOB, 0)
        replace(beside, path)

    monkeypatch.setattr(os, "replace", other_first)
    assert Path(cache.write("one", whole, 0)).read_bytes() == whole


def test_the_longest_name_that_a_policy_file_can_have_is_kept(cache: PolicyCache) -> None:
    assert Path(cache.write("n" * 255, BLOB, 0)).read_bytes() == BLOB


def test_a_cache_that_cannot_be_made_leaves_nothing(tmp_path: Path, cache: PolicyCache) -> None:
    (Path(cache.folder) / ".features").unlink()
    (Path(cache.folder) / ".features").mkdir()
    with pytest.raises(IsADirectoryError):
        PolicyCache(str(tmp_path / "cache"), FEATURES).make()
    assert os.listdir(cache.folder) == [".features"]


def test_what_cannot_be_renamed_into_place_leaves_nothing(cache: PolicyCache) -> None:
    os.mkdir(cache.path("one"))
    with pytest.raises(OSError):
        cache.write("one", BLOB, 0)
    assert sorted(os.listdir(cache.folder)) == [".features", "one"]


def test_purging_removes_the_folders_of_features_and_nothing_else(tmp_path: Path, cache: PolicyCache) -> None:
    """The original removes all that is there, and what links lead to."""
    cache.write("one", BLOB, 0)
    for name in ("CACHEDIR.TAG", "policy", "deadbeef.2"):
        (tmp_path / "cache" / name).write_text("stays")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/file").write_text("stays")
    (tmp_path / "cache/deadbeef.0").symlink_to("../elsewhere")
    stay = ("deadbeef.x", "deadbeef", "DEADBEEF.0", "deadbee.0", "deadbeef.0.1", "deadbeef.\u0663", "somename.0")
    for name in stay:
        (tmp_path / "cache" / name).mkdir()
        (tmp_path / "cache" / name / "file").write_text("stays")
    folder = Path(cache.folder)
    (folder / "link").symlink_to("../../elsewhere")
    (folder / "file").symlink_to("../../elsewhere/file")
    (folder / "inner/deep").mkdir(parents=True)
    (folder / "inner/deep/file").write_text("goes")
    os.mkfifo(folder / "fifo")
    purge(str(tmp_path / "cache"))
    expected = ["CACHEDIR.TAG", "policy", "deadbeef.0", "deadbeef.2", *stay]
    assert sorted(os.listdir(tmp_path / "cache")) == sorted(expected)
    assert all((tmp_path / "cache" / name / "file").read_text() == "stays" for name in stay)
    assert (tmp_path / "elsewhere/file").read_text() == "stays"


def test_what_cannot_be_purged_keeps_no_other(
    tmp_path: Path, cache: PolicyCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.write("one", BLOB, 0)
    rmtree = shutil.rmtree

    def refused(path: str) -> None:
        if path.endswith(("00000000.0", "ffffffff.0")):
            raise PermissionError(EACCES, os.strerror(EACCES), path)
        rmtree(path)

    monkeypatch.setattr(shutil, "rmtree", refused)
    for name in ("00000000.0", "ffffffff.0"):
        (tmp_path / "cache" / name).mkdir()
    with pytest.raises(PermissionError):
        purge(str(tmp_path / "cache"))
    assert sorted(os.listdir(tmp_path / "cache")) == ["00000000.0", "ffffffff.0"]


def test_folders_nested_deeper_than_any_can_be_are_purged_or_said(tmp_path: Path, cache: PolicyCache) -> None:
    make = "mkdir d && cd d && " * 50 + "true"
    subprocess.run(["sh", "-c", f"for i in $(seq 30); do {make}; done"], cwd=cache.folder, check=True)
    with suppress(OSError):
        purge(str(tmp_path / "cache"))
    subprocess.run(["rm", "-rf", "cache"], cwd=tmp_path, check=True)


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
