"""What the embedded kernel has loaded, kept in a folder so that nothing is ever half there.

    lock            held shared to read, exclusively to change (flock)
    index.json      the loaded profiles and where their bytes are; replaced whole, by rename
    blobs/DIGEST    blobs as they were loaded, named by their SHA-256
    events          audit records, one a line, a ring of bounded size

A change writes its blobs beside, syncs and renames them, then does the same with the index: whenever the
process dies, the index is the old one or the new one, and all that it names is there. Blobs that no index
names any longer go last.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from errno import EFBIG, EIO, ENOSPC

from dockarmor.compile import MAX_BLOB
from dockarmor.kernel.protocol import KernelError
from dockarmor.text.bounded import read_file
from dockarmor.text.regex import regex
from dockarmor.value import asdict, frozen

FORMAT = 1
#: the largest index that is read
MAX_INDEX = 64 << 20
#: the ring of audit records: beyond this many bytes its older half goes
MAX_EVENTS = 1 << 20

_DIGEST = regex(r"[0-9a-f]{64}")


@frozen
class Entry:
    """A loaded profile: its name as the kernel shows it, and where its bytes are.

    `blob` is the digest of the blob that brought it, `position` its place in that blob, counted from 0. Mode
    and hash are the profile's own, kept here so that listing reads no blob.
    """

    name: str
    blob: str
    position: int
    mode: str = "enforce"
    hash: str = ""


@frozen
class Index:
    """What is loaded, in the order in which it came, and how often that has changed."""

    revision: int = 0
    entries: tuple[Entry, ...] = ()


class Store:
    """The folder. Any number of processes may use it at once; a folder that is not there yet is empty."""

    __slots__ = ("folder",)

    def __init__(self, folder: str) -> None:
        self.folder = folder

    # -- reading ------------------------------------------------------------------------------------------

    def index(self) -> Index:
        """What is loaded now. Raises KernelError (EIO) for an index that cannot be read."""
        with self._locked(fcntl.LOCK_SH):
            return self._index()

    def _index(self) -> Index:
        path = self._path("index.json")
        data = _read(path, MAX_INDEX)
        if data is None:
            return Index()
        try:
            return _decode_index(data)
        except (ValueError, KeyError, TypeError, RecursionError):
            raise KernelError(
                f"{path} is damaged, so what is loaded is not known; "
                f"move {self.folder} away and load the profiles again",
                EIO,
            ) from None

    def blob(self, digest: str) -> bytes:
        """The bytes of a blob. Raises KernelError (EIO) if they are gone or not what was loaded."""
        path = self._path("blobs", digest)
        data = _read(path, MAX_BLOB)
        if data is None:
            raise KernelError(f"{path} is gone; load its profiles again", EIO)
        if digest_of(data) != digest:
            raise KernelError(f"{path} is damaged; load its profiles again", EIO)
        return data

    # -- changing -----------------------------------------------------------------------------------------

    def change(self, change: Callable[[Index], Sequence[Entry]], blobs: Mapping[str, bytes]) -> None:
        """Make the index what `change` makes of it, all or nothing; an exception from `change` is nothing.

        `blobs` are what the new entries point at, by digest.
        """
        with self._locked(fcntl.LOCK_EX):
            old = self._index()
            new = Index(old.revision + 1, tuple(change(old)))
            self._writable(("blobs",))
            try:
                for digest, data in blobs.items():
                    self._write(data, "blobs", digest)
                self._write(_encode_index(new), "index.json")
            except KernelError:
                with suppress(OSError):  # on a full disk what was written so far would be in everybody's way
                    self._drop({entry.blob for entry in old.entries})
                raise
            self._drop({entry.blob for entry in new.entries})

    def _drop(self, used: set[str]) -> None:
        """Remove what no entry points at, and what an interrupted change left."""
        for folder, keep in (("blobs", used), ("", {"index.json", "lock", "events", "blobs"})):
            for name in os.listdir(self._path(folder)):
                if name not in keep and (folder or name.endswith(".new")):
                    os.unlink(self._path(folder, name))

    # -- audit records ------------------------------------------------------------------------------------

    def append(self, lines: Callable[[int], Sequence[str]]) -> None:
        """Add records; `lines` is given the first free serial number."""
        with self._locked(fcntl.LOCK_EX):
            old = self._events()
            new = list(lines(serial_of(old[-1]) + 1 if old else 1))
            data = "".join(line + "\n" for line in new).encode("latin-1")
            path = self._path("events")
            size = os.path.getsize(path) if old else 0
            if not old or size + len(data) > MAX_EVENTS:
                keep = old[len(old) // 2 :]
                self._write("".join(line + "\n" for line in keep).encode("latin-1") + data, "events")
                return
            with open(path, "r+b") as file:
                file.truncate(sum(len(line) + 1 for line in old))
                file.seek(0, os.SEEK_END)
                file.write(data)

    def events(self) -> list[str]:
        """The records in the ring, oldest first."""
        with self._locked(fcntl.LOCK_SH):
            return self._events()

    def _events(self) -> list[str]:
        data = _read(self._path("events"), 2 * MAX_EVENTS) or b""
        # What stands after the last newline is a record that a dying process did not finish.
        return data.decode("latin-1").split("\n")[:-1]

    # -- files --------------------------------------------------------------------------------------------

    def _path(self, *parts: str) -> str:
        return os.path.join(self.folder, *(part for part in parts if part))

    def _writable(self, folders: Sequence[str]) -> None:
        for folder in ("", *folders):
            os.makedirs(self._path(folder), mode=0o700, exist_ok=True)

    @contextmanager
    def _locked(self, how: int) -> Iterator[None]:
        change = how == fcntl.LOCK_EX
        flags = os.O_RDWR | os.O_CREAT if change else os.O_RDONLY
        try:
            if change:
                self._writable(())
            lock = os.open(self._path("lock"), flags | os.O_NONBLOCK, 0o600)
        except FileNotFoundError:
            yield  # nobody ever changed anything here
            return
        except OSError as error:
            raise KernelError(f"{self.folder}: {error.strerror}", error.errno or EIO) from None
        try:
            fcntl.flock(lock, how)
            yield
        finally:
            os.close(lock)

    def _write(self, data: bytes, *parts: str) -> None:
        """Put a file in its place, whole: written beside, synced, renamed, and the folder synced."""
        path = self._path(*parts)
        try:
            with open(path + ".new", "wb", opener=_private) as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(path + ".new", path)
            folder = os.open(os.path.dirname(path), os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as error:
            raise KernelError(f"{path}: {error.strerror}; nothing changed", error.errno or ENOSPC) from None


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _read(path: str, limit: int) -> bytes | None:
    """A file's bytes, None where there is none."""
    try:
        data = read_file(path, limit + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise KernelError(f"{path}: {error.strerror}", error.errno or EIO) from None
    if len(data) > limit:
        raise KernelError(f"{path} is larger than {limit} bytes", EFBIG)
    return data


def digest_of(blob: bytes) -> str:
    """The name under which a blob is kept."""
    return hashlib.sha256(blob).hexdigest()


def serial_of(line: str) -> int:
    """The serial number in `audit(SEC.MS:SERIAL): …`, 0 where none is.

    >>> serial_of('audit(1.000:7): apparmor="DENIED"')
    7
    """
    head, _, _ = line.partition("): ")
    digits = head.rpartition(":")[2]
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 20 else 0


def _encode_index(index: Index) -> bytes:
    entries = [asdict(entry) for entry in index.entries]
    body = json.dumps({"format": FORMAT, "revision": index.revision, "profiles": entries})
    return json.dumps({"sha256": digest_of(body.encode()), "body": body}).encode()


def _decode_index(data: bytes) -> Index:
    outer = json.loads(data)
    body = outer["body"]
    if outer["sha256"] != digest_of(body.encode()):
        raise ValueError("damaged")
    document = json.loads(body)
    if document["format"] != FORMAT:
        raise KernelError(f"the state folder is of format {document['format']}, this is format {FORMAT}", EIO)
    return Index(int(document["revision"]), tuple(_decode_entry(item) for item in document["profiles"]))


def _decode_entry(item: Mapping[str, object]) -> Entry:
    match item:
        case {"name": str(), "blob": str(blob), "position": int(), "mode": str(), "hash": str()} if len(
            item
        ) == 5 and _DIGEST.fullmatch(blob):
            return Entry(**item)  # type: ignore[arg-type]  # just matched
    raise ValueError("damaged")
