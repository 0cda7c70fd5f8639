"""Where includes are found, and every included file read once."""

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass

from dockarmor.syntax.structure import MAX_BYTES, Grammar, Parsed, parse
from dockarmor.text.diagnostic import Diagnostic, DiagnosticError
from dockarmor.text.source import Source, Span

_SKIPPED_ENDINGS = (
    *(".dpkg-new", ".dpkg-old", ".dpkg-dist", ".dpkg-bak", ".dpkg-remove", ".pacsave", ".pacnew"),
    *(".rpmnew", ".rpmsave", ".orig", ".rej", "~"),
)


@dataclass(frozen=True, slots=True)
class _Cached:
    stamp: tuple[int, int, int]
    parsed: Parsed


class Library:
    """Files of includes along a search path, each parsed once as long as it does not change.

    `base` is searched last, after `folders` in their order (apparmor_parser -b and -I).
    """

    def __init__(self, grammar: Grammar, base: str, folders: Sequence[str] = ()) -> None:
        self.grammar = grammar
        self.search = (*folders, base)
        self._files: dict[str, _Cached] = {}
        self._found: dict[str, str] = {}

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

    def files(self, path: str, span: Span) -> list[str]:
        """The file itself, or the regular files of a folder, last name first, as upstream reads them."""
        if not os.path.isdir(_decoded(path)):
            return [path]
        names = sorted(os.listdir(os.fsencode(_decoded(path))), reverse=True)
        found = []
        for name in names:
            text = name.decode("latin-1")
            if text.startswith(".") or text == "README" or text.endswith(_SKIPPED_ENDINGS):
                continue
            full = f"{path.rstrip('/')}/{text}"
            if os.path.isfile(_decoded(full)):
                found.append(full)
        return found

    def read(self, path: str, span: Span | None = None) -> Parsed:
        """Parse a file, or give what was parsed before. Raises DiagnosticError (DA102, DA103)."""
        try:
            state = os.stat(_decoded(path))
        except OSError as error:
            raise _unreadable(path, error.strerror or "unreadable", span) from None
        stamp = (state.st_mtime_ns, state.st_size, state.st_ino)
        cached = self._files.get(path)
        if cached is not None and cached.stamp == stamp:
            return cached.parsed
        parsed = parse(_load(path, state, span), self.grammar)
        self._files[path] = _Cached(stamp, parsed)
        return parsed


def _load(path: str, state: os.stat_result, span: Span | None) -> Source:
    # A device or a FIFO would block or never end.
    if not stat.S_ISREG(state.st_mode):
        raise _unreadable(path, "not a regular file", span)
    if state.st_size > MAX_BYTES:
        raise DiagnosticError([Diagnostic("DA103", f"{path} has more than {MAX_BYTES >> 20} MiB", span)])
    try:
        with open(_decoded(path), "rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise _unreadable(path, error.strerror or "unreadable", span) from None
    return Source.from_bytes(path, data)


def _unreadable(path: str, reason: str, span: Span | None) -> DiagnosticError:
    return DiagnosticError([Diagnostic("DA102", f"cannot read {path}: {reason}", span)])


def _decoded(path: str) -> str:
    """Policy text is latin-1; the file system wants the bytes behind it. A NUL ends no path here."""
    return os.fsdecode(path.encode("latin-1", "replace").replace(b"\0", b"\xff"))
