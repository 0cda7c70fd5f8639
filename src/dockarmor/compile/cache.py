"""What was made of policy before, in a folder of the user's own: blobs by `build`, findings by `check`.

    index/NAME   for a request (a path and how to read it): every place that was looked at, how it looked, the key
    built/KEY    for what all of it said (content, features, options, program): what was made, as bytes
    new/         files that are being written; what a killed run left there goes with the next one

A hit costs one stat per place and imports nothing of the parser. A place that looks different is read and compared,
so touching a file or checking it out anew builds nothing. Each file has a checksum and is renamed into place: a
damaged or half-written one is the same as none.
"""

import os
import stat
import zlib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

#: changes when the files below mean something else
FORMAT = b"dockarmor cache 1 "
#: the largest file that is read back
MAX_BYTES = 64 << 20
#: beyond this many bytes the oldest quarter of what was built goes
MAX_TOTAL = 512 << 20
#: more digits than the length of an output's figures has
_LENGTH = 16
#: between the parts of a warning, which have no control characters
_BETWEEN = "\x1f"
#: Two changes of a file closer than this may have one time stamp (FAT counts in 2 s, others in ticks).
GRANULARITY = 2_000_000_000
#: after this long a file under new/ belongs to nobody
_ABANDONED = 3600_000_000_000

_ABSENT, _IRREGULAR, _FILE, _FOLDER = b"absent", b"irregular", b"file:", b"folder:"
#: a look that never matches: the place is compared by content
_DOUBTFUL = b"?"


class CacheError(Exception):
    """The folder cannot be used; the message says why."""


class Figures:
    """Figures of one profile that was built: what `build` says about it. `bytes` is 0 where it came as a blob."""

    __slots__ = ("bytes", "file_states", "name", "policy_states")

    def __init__(self, name: str, bytes: int, file_states: int, policy_states: int) -> None:
        self.name, self.bytes, self.file_states, self.policy_states = name, bytes, file_states, policy_states


class Told:
    """A warning: where, its code, what, and of which rule, without control characters. No place: `file` is empty."""

    __slots__ = ("code", "column", "file", "line", "message", "rule")

    def __init__(self, file: str, line: int, column: int, code: str, message: str, rule: str) -> None:
        self.file, self.line, self.column = file, line, column
        self.code, self.message, self.rule = code, message, rule

    def __str__(self) -> str:
        """In one line.

        >>> str(Told("web", 2, 3, "DA420", "dbus rules are not enforced", "dbus,"))
        'web:2:3: warning[DA420]: dbus rules are not enforced: `dbus,`'
        """
        if not self.file:
            return f"warning[{self.code}]: {self.message}"
        return f"{self.file}:{self.line}:{self.column}: warning[{self.code}]: {self.message}: `{self.rule}`"

    def item(self) -> "dict[str, str | int]":
        """As JSON data, named as in what `check` prints."""
        item: dict[str, str | int] = {"code": self.code, "message": self.message}
        place: dict[str, str | int] = {"file": self.file, "line": self.line, "column": self.column, "rule": self.rule}
        return item | place if self.file else item


def chosen(codes: "Sequence[str]", most: int) -> list[int]:
    """Which warnings are told where there are more: the first of each code, then the first of all; in their order.

    >>> chosen(["DA421", "DA421", "DA421", "DA420"], 3)
    [0, 1, 3]
    """
    first: dict[str, int] = {}
    for at, code in enumerate(codes):
        first.setdefault(code, at)
    others = (at for at, code in enumerate(codes) if first[code] != at)
    return sorted([*first.values(), *others][:most])


class Output:
    """What came out of one policy file: the blob, figures of its profiles, and its warnings.

    `warnings` is how many there were of each code; `told` are some of them. `has_abi`: the policy itself says for
    which features it is meant, or it came as a blob.
    """

    __slots__ = ("blob", "has_abi", "profiles", "told", "warnings")

    def __init__(
        self,
        blob: bytes,
        profiles: "Sequence[Figures]",
        warnings: "Mapping[str, int]",
        told: "Sequence[Told]" = (),
        *,
        has_abi: bool = True,
    ) -> None:
        self.blob, self.profiles, self.warnings, self.told = blob, tuple(profiles), dict(warnings), tuple(told)
        self.has_abi = has_abi

    def packed(self) -> bytes:
        """As bytes, for a file."""
        return b"".join(self.parts())

    def parts(self) -> "tuple[bytes, bytes]":
        """The same in two pieces, of which the second is the blob."""
        told = ((one.file, str(one.line), str(one.column), one.code, one.message, one.rule) for one in self.told)
        head = [
            b"%d" % self.has_abi,
            " ".join(f"{code} {count}" for code, count in self.warnings.items()).encode(),
            "\n".join(map(_BETWEEN.join, told)).encode(),
        ]
        for one in self.profiles:
            name = one.name.encode("latin-1")
            head += [name, b"%d" % one.bytes, b"%d" % one.file_states, b"%d" % one.policy_states]
        fields = b"\0".join(head)
        return b"%d\n" % len(fields) + fields, self.blob

    @classmethod
    def unpack(cls, data: "bytes | memoryview") -> "Output":
        """What `packed` gave. Raises ValueError for anything else."""
        size, _, _ = bytes(data[:_LENGTH]).partition(b"\n")
        start = len(size) + 1
        end = start + int(size)
        has_abi, warnings, lines, *fields = bytes(data[start:end]).split(b"\0")
        counts = warnings.decode().split()
        told = (line.split(_BETWEEN) for line in lines.decode().split("\n") if line)
        figures = zip(fields[0::4], *(map(int, fields[at::4]) for at in (1, 2, 3)), strict=True)
        profiles = [Figures(name.decode("latin-1"), *sizes) for name, *sizes in figures]
        return cls(
            bytes(data[end:]),
            profiles,
            {code: int(count) for code, count in zip(counts[0::2], counts[1::2], strict=True)},
            [Told(file, int(line), int(column), *words) for file, line, column, *words in told],
            has_abi=has_abi == b"1",
        )


def unpacked(made: "bytes | None") -> "Output | None":
    """The output that a cache kept, if it kept one; a checksum may fit by chance."""
    try:
        return None if made is None else Output.unpack(made)
    except ValueError:
        return None


class Place:
    """A path, how it looked before it was read, and what was found (`said`)."""

    __slots__ = ("look", "path", "said")

    def __init__(self, path: bytes, look: bytes, said: bytes) -> None:
        self.path, self.look, self.said = path, look, said


def look(path: bytes) -> bytes:
    """How a place looks from outside: kind, size, times of change, inode; of the target behind a link."""
    try:
        state = os.stat(path)
    except (OSError, ValueError):
        return b"-"
    kind = stat.S_IFMT(state.st_mode)
    return b"%o %d %d %d %d" % (kind, state.st_size, state.st_mtime_ns, state.st_ctime_ns, state.st_ino)


def absent(path: bytes) -> Place:
    return Place(path, b"-", _ABSENT)


def irregular(path: bytes) -> Place:
    """Something in a folder that is no regular file, and so no policy."""
    return Place(path, look(path), _IRREGULAR)


def file_said(content: bytes) -> bytes:
    """What a file says: its size and SHA-256."""
    from hashlib import sha256

    return _FILE + b"%d:" % len(content) + sha256(content).hexdigest().encode()


def folder_said(names: "Iterable[bytes]") -> bytes:
    """What a folder says: which names it has."""
    from hashlib import sha256

    return _FOLDER + sha256(b"\0".join(sorted(names))).hexdigest().encode()


class Cache:
    """Opens the folder, making it when it is not there.

    `now`: nanoseconds since 1970 when this run began; a file changed at about that time may change again unseen, so
    it is always compared by content. Raises CacheError for a folder that is another user's, or open to others.
    """

    def __init__(self, folder: str, now: int) -> None:
        self._folder, self._now = os.fsencode(folder), now
        self._looks: dict[bytes, bytes] = {}
        self._written = 0
        _own(self._folder)

    def find(self, request: bytes) -> "bytes | None":
        """What the request gave, if every place that it looked at still says the same."""
        entry = self._index(request)
        if entry is None:
            return None
        key, places = entry
        changed = False
        for at, place in enumerate(places):
            now = self._looks.get(place.path) or self._looks.setdefault(place.path, look(place.path))
            if now == place.look:
                continue
            if not _says(place, now):
                return None
            trusted = self._trusted(now)
            if trusted != place.look:
                places[at] = Place(place.path, trusted, place.said)
                changed = True
        found = self.built(key)
        if found is not None and changed:
            self._write(self._index_path(request), _index_body(request, key, places))
        return found

    def built(self, key: bytes) -> "bytes | None":
        """What was made of this content."""
        return _read(self._built_path(key))

    def keep(self, key: bytes, made: bytes) -> None:
        """Remember what was made. A folder that is full or gone is no error: the next run makes it again."""
        self._write(self._built_path(key), made)

    def keep_request(self, request: bytes, key: bytes, places: "Iterable[Place]") -> None:
        """Remember what a request looked at, and the key of what came of it."""
        trusted = [Place(place.path, self._trusted(place.look), place.said) for place in places]
        self._write(self._index_path(request), _index_body(request, key, trusted))

    def close(self) -> None:
        """Room for what comes: abandoned and, beyond the bound, old files go. To be called after a run that wrote."""
        if self._written:
            _sweep(os.path.join(self._folder, b"new"), lambda state: state.st_mtime_ns < self._now - _ABANDONED)
            _trim(os.path.join(self._folder, b"built"), MAX_TOTAL)
            _trim(os.path.join(self._folder, b"index"), MAX_TOTAL // 4)

    def _trusted(self, seen: bytes) -> bytes:
        """The look, or doubt where the place changed so lately that it may change again with the same look."""
        if seen == b"-":
            return seen
        changed = max(map(int, seen.split(b" ")[2:4]))
        return seen if changed < self._now - GRANULARITY else _DOUBTFUL

    def _index(self, request: bytes) -> "tuple[bytes, list[Place]] | None":
        body = _read(self._index_path(request))
        prefix = b"%d:" % len(request) + request
        if body is None or not body.startswith(prefix):
            return None  # nothing, or another request with the same name
        key, *fields = body[len(prefix) :].split(b"\0")
        return key, list(map(Place, fields[0::3], fields[1::3], fields[2::3]))

    def _index_path(self, request: bytes) -> bytes:
        name = b"%08x%08x" % (zlib.crc32(request), zlib.adler32(request))
        return os.path.join(self._folder, b"index", name)

    def _built_path(self, key: bytes) -> bytes:
        return os.path.join(self._folder, b"built", key)

    def _write(self, path: bytes, body: bytes) -> None:
        self._written += 1
        beside = os.path.join(self._folder, b"new", b"%d-%d-%d" % (os.getpid(), self._now, self._written))
        for folder in (os.path.dirname(beside), os.path.dirname(path)):
            if not os.path.isdir(folder):
                try:
                    os.mkdir(folder, 0o700)
                except OSError:
                    if not os.path.isdir(folder):
                        return
        try:
            with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:
                file.write(FORMAT + b"%08x\n" % zlib.crc32(body))
                file.write(body)
            os.replace(beside, path)
        except OSError:
            _remove(beside)


def _own(folder: bytes) -> None:
    """The folder is there, ours, and nobody else can write to it."""
    try:
        if not os.path.isdir(folder):
            os.makedirs(folder, 0o700, exist_ok=True)
        state = os.lstat(folder)
    except OSError as error:
        raise CacheError(f"{os.fsdecode(folder)}: {error.strerror}") from None
    if not stat.S_ISDIR(state.st_mode) or state.st_uid != os.geteuid():
        raise CacheError(f"{os.fsdecode(folder)} is not a folder of this user's own")
    if state.st_mode & 0o022:
        raise CacheError(f"{os.fsdecode(folder)} can be written to by others (mode {state.st_mode & 0o777:o})")


def _says(place: Place, now: bytes) -> bool:
    """Does a place that looks different still say the same?"""
    if place.said == _ABSENT:
        return now == b"-"
    if place.said == _IRREGULAR:
        return not os.path.isfile(place.path)
    if now == b"-":
        return False
    try:
        if place.said.startswith(_FOLDER):
            return folder_said(os.listdir(place.path)) == place.said
        if not now.startswith(b"%o " % stat.S_IFREG) or now.split(b" ")[1] != place.said.split(b":")[1]:
            return False
        content = _content(place.path, os.O_NOCTTY)
    except OSError:
        return False
    return content is not None and file_said(content) == place.said


def _index_body(request: bytes, key: bytes, places: "Iterable[Place]") -> bytes:
    fields = [key]
    for place in places:
        fields += [place.path, place.look, place.said]
    return b"%d:" % len(request) + request + b"\0".join(fields)


def _content(path: bytes, flags: int) -> "bytes | None":
    """The bytes of a regular file that is not too large. Raises OSError.

    To read with the limit alone would set aside that much.
    """
    with open(os.open(path, flags | os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        state = os.fstat(file.fileno())
        return file.read(state.st_size) if stat.S_ISREG(state.st_mode) and state.st_size <= MAX_BYTES else None


def _read(path: bytes) -> "bytes | None":
    """The body of one of our files, if it is whole."""
    try:
        data = _content(path, os.O_NOFOLLOW)
    except OSError:
        return None
    if data is None:
        return None
    start = len(FORMAT) + 9
    body = data[start:]
    return body if data[:start] == FORMAT + b"%08x\n" % zlib.crc32(body) else None


def _trim(folder: bytes, limit: int) -> None:
    """Above `limit` bytes the oldest files go, until a quarter is free."""
    try:
        there = [(entry.stat(follow_symlinks=False), entry.path) for entry in os.scandir(folder)]
    except OSError:
        return
    total = sum(state.st_size for state, _ in there)
    if total <= limit:
        return
    for state, path in sorted(there, key=lambda one: max(one[0].st_mtime_ns, one[0].st_atime_ns)):
        if total <= limit * 3 // 4:
            return
        _remove(path)
        total -= state.st_size


def _sweep(folder: bytes, gone: "Callable[[os.stat_result], bool]") -> None:
    try:
        for entry in os.scandir(folder):
            if gone(entry.stat(follow_symlinks=False)):
                _remove(entry.path)
    except OSError:
        return


def _remove(path: bytes) -> None:
    try:
        os.unlink(path)
    except OSError:
        return
