"""The cache that apparmor_parser and libapparmor share: where compiled profiles lie, and when one may be loaded.

    LOCATION/HASH.N/.features     the kernel's features as one text
    LOCATION/HASH.N/NAME          the blob of the policy file NAME, as old as the newest file it was made from

HASH is the features' MurmurHash3; N tells apart feature sets with the same hash (libapparmor policy_cache.c).
"""

import os
import stat
from errno import ELOOP, ENOBUFS, ENOTDIR
from sys import byteorder

from dockarmor.compile import BLOB_MAGIC, version_word
from dockarmor.policy import MAX_FEATURES
from dockarmor.text.bounded import read_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import IO

#: a larger blob is compiled anew; real ones have up to some megabytes
_MAX_BYTES = 64 << 20
#: how deep a feature set nests; real ones have four levels
_MAX_DEPTH = 16
_MAX_SETS = 1000
_SEED = 5381
_DECIMAL, _HEX = "0123456789", "0123456789abcdef"
_MASK = 0xFFFFFFFF


class PolicyCache:
    """The folder for one set of features below `location`.

    >>> PolicyCache("/var/cache/apparmor", b"policy {versions {v5 {yes\\n}\\n}\\n}\\n").folder
    '/var/cache/apparmor/64098dfb.0'
    """

    def __init__(self, location: str, features: bytes) -> None:
        self.location, self._features = location, features
        #: whether the folder is there
        self.usable = False
        name = f"{murmur3(features, _SEED):08x}"
        for number in range(_MAX_SETS):
            self.folder = os.path.join(location, f"{name}.{number}")
            try:
                known = read_file(os.path.join(self.folder, ".features"), len(features) + 1)
            except OSError:
                return
            if known == features:
                self.usable = True
                return

    def path(self, name: str) -> str:
        """Where the blob of the policy file `name` is or would be."""
        return os.path.join(self.folder, os.path.basename(name))

    def find(self, name: str, newest: int, features: int, version: int) -> bytes | None:
        """The blob of a policy file, if it has this version word and its sources have not changed since.

        `newest`, `features`: when the policy's text, and the feature sets that it names, changed last (nanoseconds).
        The first is a blob's own time; the original does not look at the second, so the time of writing counts.
        """
        head = _head(version)
        try:
            with self._open(name) as file:
                state = os.fstat(file.fileno())
                if not stat.S_ISREG(state.st_mode) or state.st_mtime_ns < newest or state.st_ctime_ns < features:
                    return None
                if state.st_size > _MAX_BYTES or file.read(len(head)) != head:
                    return None
                return head + file.read(max(0, state.st_size - len(head)))
        except OSError:
            return None

    def is_bad(self, name: str, version: int) -> bool:
        """Is something there for a policy file that is no blob of this version, whatever its age?"""
        try:
            with self._open(name) as file:
                return file.read(len(_head(version))) != _head(version)
        except OSError as error:
            return isinstance(error, IsADirectoryError)

    def _open(self, name: str) -> "IO[bytes]":
        return open(os.open(self.path(name), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb")

    def write(self, name: str, blob: bytes, newest: int) -> str:
        """Keep a blob, beside and renamed, with the time of its newest source. Gives its path. Raises OSError."""
        path = self.path(name)
        _put(path, blob, 0o600, newest)
        return path

    def make(self) -> None:
        """Make the folder, and the location, but no folder above it. Raises OSError."""
        for folder in (self.location, self.folder):
            try:
                os.mkdir(folder, 0o700)
            except FileExistsError:
                if not stat.S_ISDIR(os.stat(folder).st_mode):
                    raise NotADirectoryError(ENOTDIR, os.strerror(ENOTDIR), folder) from None
        path = os.path.join(self.folder, ".features")
        _put(path, self._features, 0o644)
        self.usable = True


def _put(path: str, data: bytes, mode: int, changed: int | None = None) -> None:
    """Write beside, then rename; `changed` is the file's time in nanoseconds. Raises OSError, leaves nothing then."""
    # No policy file has such a name, so what a killed run leaves here is never taken for a blob. In two containers
    # that share a cache processes have the same numbers.
    beside = os.path.join(os.path.dirname(path), f".dockarmor-{os.urandom(8).hex()}.new")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        with open(os.open(beside, flags, mode), "wb") as file:
            file.write(data)
        if changed is not None:
            os.utime(beside, ns=(changed, changed))
        os.replace(beside, path)
    except BaseException:
        if os.path.exists(beside):
            os.unlink(beside)
        raise


def purge(location: str) -> None:
    """Remove the folders of all feature sets, whatever is in them, and nothing else; links are not followed.

    Raises OSError, when all is removed that can be.
    """
    from shutil import rmtree  # here, since only this needs it

    failure = None
    for entry in os.scandir(location):
        hash, dot, number = entry.name.partition(".")
        if dot and _is_number(number, _DECIMAL) and len(hash) == 8 and _is_number(hash, _HEX):
            try:
                if entry.is_dir(follow_symlinks=False):
                    rmtree(entry.path)
            except OSError as error:
                failure = error
            except RecursionError:
                failure = OSError(ELOOP, os.strerror(ELOOP))
    if failure is not None:
        raise failure


def _is_number(text: str, digits: str) -> bool:
    return text != "" and not text.strip(digits)


def features_text(place: str) -> bytes:
    """A feature set's text: of a file, or of a folder as a kernel shows it. Raises OSError.

    Of a file that is too large the first byte too many is the last.
    """
    return folder_features(place) if os.path.isdir(place) else read_file(place, MAX_FEATURES + 1)


def folder_features(folder: str, depth: int = 0) -> bytes:
    """A kernel's features folder as the one text that `.features` holds. Raises OSError."""
    parts = []
    for name in sorted(os.listdir(os.fsencode(folder))):
        path = os.path.join(os.fsencode(folder), name)
        if name.startswith(b"."):
            continue
        if os.path.isdir(path):
            if depth >= _MAX_DEPTH:
                raise OSError(ELOOP, os.strerror(ELOOP))
            inside = folder_features(os.fsdecode(path), depth + 1)
        else:
            with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb", buffering=0) as file:
                inside = file.read(MAX_FEATURES + 1)
        parts.append(name + b" {" + inside + b"}\n")
        if sum(map(len, parts)) > MAX_FEATURES:
            raise OSError(ENOBUFS, os.strerror(ENOBUFS))
    return b"".join(parts)


def _head(version: int) -> bytes:
    """How a blob with this version word begins."""
    return BLOB_MAGIC + version.to_bytes(4, "little")


def blob_version(features: bytes) -> int:
    """The version word of blobs for a kernel with these features.

    >>> hex(blob_version(b"policy {versions {v5 {yes\\n}\\nv7 {yes\\n}\\n}\\n}\\n"))
    '0x202007'
    """
    for abi in (7, 6):
        if b"\nv%d {" % abi in features or b"{v%d {" % abi in features:
            return version_word(abi)
    return version_word(5)


def murmur3(data: bytes, seed: int) -> int:
    """MurmurHash3_x86_32.

    >>> hex(murmur3(b"hello", 0))
    '0x248bfa47'
    """
    state = seed
    whole = len(data) & ~3
    for word in memoryview(data[:whole]).cast("I") if byteorder == "little" else _words(data[:whole]):
        word = (word * 0xCC9E2D51) & _MASK
        state ^= (((word << 15) | (word >> 17)) * 0x1B873593) & _MASK
        state = (((state << 13) | (state >> 19)) * 5 + 0xE6546B64) & _MASK
    word = (int.from_bytes(data[whole:], "little") * 0xCC9E2D51) & _MASK
    state ^= ((((word << 15) | (word >> 17)) * 0x1B873593) & _MASK) ^ len(data)
    state = ((state ^ (state >> 16)) * 0x85EBCA6B) & _MASK
    state = ((state ^ (state >> 13)) * 0xC2B2AE35) & _MASK
    return state ^ (state >> 16)


def _words(data: bytes) -> list[int]:
    return [int.from_bytes(data[at : at + 4], "little") for at in range(0, len(data), 4)]
