"""Where includes are found, and every included file read once."""

import os
import stat
from collections.abc import Sequence

from dockarmor.policy.features import FeatureSet
from dockarmor.policy.folder import policy_files
from dockarmor.syntax.structure import MAX_BYTES, Grammar, Parsed, parse
from dockarmor.text.diagnostic import Diagnostic, DiagnosticError
from dockarmor.text.source import Source, Span
from dockarmor.value import frozen


@frozen
class _Cached:
    stamp: tuple[int, int, int]
    parsed: Parsed


@frozen
class _CachedAbi:
    stamp: tuple[int, int, int]
    text: str
    features: FeatureSet


class Library:
    """Files of includes along a search path, each parsed once as long as it does not change.

    `base` is searched last, after `folders` in their order (apparmor_parser -b and -I).
    """

    def __init__(self, grammar: Grammar, base: str, folders: Sequence[str] = ()) -> None:
        self.grammar = grammar
        self.search = (*folders, base)
        self._files: dict[str, _Cached] = {}
        self._found: dict[str, str] = {}
        self._abis: dict[str, _CachedAbi] = {}

    def locate(self, path: str, magic: bool) -> str | None:
        """The file or folder that an include means, None where there is none."""
        if not magic:
            return path if os.path.exists(_decoded(path)) else None
        known = self._found.get(path)
        if known is not None and os.path.exists(_decoded(known)):
            return known
        for folder in self.search:
            candidate = f"{folder.rstrip('/')}/{path}"
            if os.path.exists(_decoded(candidate)):
                self._found[path] = candidate
                return candidate
        return None

    def similar(self, path: str) -> str | None:
        """A file beside the one that is missing, with a name much like its."""
        import difflib

        folder, _, name = path[:200].rpartition("/")
        for root in self.search:
            try:
                there = os.listdir(os.fsencode(_decoded(f"{root}/{folder}")))
            except OSError:
                continue
            names = [found.decode("latin-1") for found in there[:1000]]
            near = difflib.get_close_matches(name, names, 1)
            if near:
                return f"{folder}/{near[0]}" if folder else near[0]
        return None

    def files(self, path: str, span: Span) -> list[str]:
        """The file itself, or the regular files of a folder, last name first, as upstream reads them."""
        if not os.path.isdir(_decoded(path)):
            return [path]
        try:
            found = policy_files(os.fsencode(_decoded(path)))
        except OSError as error:
            raise _unreadable(path, error.strerror or "unreadable", span) from None
        return [file.decode("latin-1") for file in reversed(found)]

    def read(self, path: str, span: Span | None = None) -> Parsed:
        """Parse a file, or give what was parsed before. Raises DiagnosticError (DA102, DA103)."""
        stamp = _stamp(path, span)
        cached = self._files.get(path)
        if cached is not None and cached.stamp == stamp:
            return cached.parsed
        parsed = parse(load(path, span), self.grammar)
        self._files[path] = _Cached(stamp, parsed)
        return parsed

    def abi(self, path: str, span: Span) -> FeatureSet:
        """Read an ABI file, once. Raises DiagnosticError (DA102, DA103, DA190, DA191)."""
        stamp = _stamp(path, span)
        cached = self._abis.get(path)
        if cached is None or cached.stamp != stamp:
            text = load(path, span).text
            cached = self._abis[path] = _CachedAbi(stamp, text, FeatureSet.parse(path, text))
        return cached.features


def _stamp(path: str, span: Span | None) -> tuple[int, int, int]:
    try:
        state = os.stat(_decoded(path))
    except OSError as error:
        raise _unreadable(path, error.strerror or "unreadable", span) from None
    return state.st_mtime_ns, state.st_size, state.st_ino


def load(path: str, span: Span | None) -> Source:
    """A regular file's text. Raises DiagnosticError: DA102 (unreadable), DA103 (too large)."""
    try:
        # A device or a FIFO would block, never end, or do something when it is opened.
        if not stat.S_ISREG(os.stat(_decoded(path)).st_mode):
            raise _unreadable(path, "not a regular file", span)
        descriptor = os.open(_decoded(path), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
        with open(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):  # it may be another file by now
                raise _unreadable(path, "not a regular file", span)
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise _unreadable(path, error.strerror or "unreadable", span) from None
    if len(data) > MAX_BYTES:
        raise DiagnosticError([Diagnostic("DA103", f"{path} has more than {MAX_BYTES >> 20} MiB", span)])
    return Source.from_bytes(path, data)


def _unreadable(path: str, reason: str, span: Span | None) -> DiagnosticError:
    return DiagnosticError([Diagnostic("DA102", f"cannot read {path}: {reason}", span)])


def _decoded(path: str) -> str:
    """Policy text is latin-1; the file system wants the bytes behind it. A NUL ends no path here."""
    return os.fsdecode(path.encode("latin-1", "replace").replace(b"\0", b"\xff"))
