"""Where includes are found, and every included file read once."""

import os
import stat
from collections.abc import Callable, Hashable, Sequence

from dockarmor.policy.features import FeatureSet
from dockarmor.policy.folder import policy_files
from dockarmor.policy.row import Row, in_rows
from dockarmor.syntax import MAX_BYTES
from dockarmor.syntax.structure import MAX_DIAGNOSTICS, MAX_STATEMENTS, Grammar, Parsed, parse
from dockarmor.syntax.tree import Node
from dockarmor.text.diagnostic import Diagnostic, DiagnosticError
from dockarmor.text.source import Source, Span

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

#: how many look-ups are remembered, and how much that was worked out
MAX_FOUND = 100_000
MAX_ONCE = 256


class _Kept:
    """What was found and read so far, and what was worked out from it."""

    def __init__(self) -> None:
        self.files: dict[str, Parsed] = {}
        self.abis: dict[str, tuple[FeatureSet, str]] = {}
        self.found: dict[tuple[str, bool], str | None] = {}
        self.folders: dict[str, tuple[str, ...]] = {}
        self.included: dict[tuple[str, bool], Sequence[tuple[str, Parsed]] | None] = {}
        self.rows: dict[int, tuple[tuple[Node, ...], tuple[Row | Node, ...]]] = {}
        self.once: dict[Hashable, Any] = {}

    def forget(self) -> None:
        kept = self.files, self.abis, self.found, self.folders, self.included, self.rows, self.once
        for known in kept:
            known.clear()


class Library:
    """Files of includes along a search path, as they are when they are first asked for.

    `base` is searched last, after `folders` in their order (apparmor_parser -b and -I). All policies that are read
    with one library see the same text; `forget` where files may have changed.
    """

    def __init__(
        self, grammar: Grammar, base: str, folders: Sequence[str] = (), *, same_as: "Library | None" = None
    ) -> None:
        """`same_as`: a library with the same search path, to share what was read with."""
        self.grammar = grammar
        self.search = (*folders, base)
        self._kept: _Kept = _Kept() if same_as is None else same_as._kept

    def forget(self) -> None:
        """Look at every file again."""
        self._kept.forget()

    def once(self, key: Hashable, make: "Callable[[Library], Any]") -> "Any":
        """What `make` works out from these files and the key alone, kept until they are forgotten."""
        known = self._kept.once
        if key not in known:
            if len(known) >= MAX_ONCE:
                known.clear()
            known[key] = make(self)
        return known[key]

    def rows(self, nodes: tuple[Node, ...]) -> tuple[Row | Node, ...]:
        """`in_rows`, once, for nodes of a file that was read here: so that policies have the very same rows."""
        known = self._kept.rows.get(id(nodes))
        if known is None:
            # with the nodes, so that their id stays theirs
            known = self._kept.rows[id(nodes)] = nodes, in_rows(nodes, shared=True)
        return known[1]

    def included(self, path: str, magic: bool) -> Sequence[tuple[str, Parsed]] | None:
        """The files that an include reads, and what is in them; None where one cannot be read, or none is there."""
        known = self._kept.included
        if (path, magic) not in known:
            known[path, magic] = self._included(path, magic)
        return known[path, magic]

    def _included(self, path: str, magic: bool) -> Sequence[tuple[str, Parsed]] | None:
        found = self.locate(path, magic)
        if found is None:
            return None
        read: list[tuple[str, Parsed]] = []
        size = statements = mistakes = 0
        try:
            for file in self.files(found):
                parsed = self.read(file)
                read.append((file, parsed))
                size += len(parsed.file.source.text)
                statements += parsed.statements
                mistakes += len(parsed.diagnostics)
                if size > MAX_BYTES or statements > MAX_STATEMENTS or mistakes > MAX_DIAGNOSTICS:
                    return None
        except DiagnosticError:  # it is said where it is asked for by its name
            return None
        return tuple(read)

    def locate(self, path: str, magic: bool) -> str | None:
        """The file or folder that an include means, None where there is none."""
        known = self._kept.found
        asked = path, magic
        if asked in known:
            return known[asked]
        if len(known) >= MAX_FOUND:
            known.clear()
            self._kept.included.clear()
        found = known[asked] = next(filter(_exists, self.candidates(path, magic)), None)
        return found

    def candidates(self, path: str, magic: bool) -> list[str]:
        """Where `locate` looks."""
        return [f"{folder.rstrip('/')}/{path}" for folder in self.search] if magic else [path]

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

    def files(self, path: str, span: Span | None = None) -> Sequence[str]:
        """The file itself, or the regular files of a folder, last name first, as upstream reads them."""
        known = self._kept.folders.get(path)
        if known is None:
            known = self._kept.folders[path] = tuple(_files(path, span))
        return known

    def read(self, path: str, span: Span | None = None) -> Parsed:
        """Parse a file, or give what was parsed before. Raises DiagnosticError (DA102, DA103)."""
        known = self._kept.files.get(path)
        if known is None:
            known = self._kept.files[path] = parse(load(path, span), self.grammar)
        return known

    def abi(self, path: str, span: Span) -> FeatureSet:
        """Read an ABI file, once. Raises DiagnosticError (DA102, DA103, DA190, DA191)."""
        return self._abi(path, span)[0]

    def _abi(self, path: str, span: Span) -> tuple[FeatureSet, str]:
        """The features, and the text that says so."""
        known = self._kept.abis.get(path)
        if known is None:
            text = load(path, span).text
            known = self._kept.abis[path] = FeatureSet.parse(path, text), text
        return known


def _exists(path: str) -> bool:
    return os.path.exists(_decoded(path))


def _files(path: str, span: Span | None) -> list[str]:
    if not os.path.isdir(_decoded(path)):
        return [path]
    try:
        found = policy_files(os.fsencode(_decoded(path)))
    except OSError as error:
        raise _unreadable(path, error.strerror or "unreadable", span) from None
    # `<d/>` reads `d//f`, which is another file than `d/f` where each is included once (upstream tidies no names)
    return [f"{path}/{os.path.basename(file).decode('latin-1')}" for file in reversed(found)]


def load(path: str, span: Span | None) -> Source:
    """A regular file's text. Raises DiagnosticError: DA102 (unreadable), DA103 (too large)."""
    try:
        # A device or a FIFO would block, never end, or do something when it is opened.
        if not stat.S_ISREG(os.stat(_decoded(path)).st_mode):
            raise _unreadable(path, "not a regular file", span)
        descriptor = os.open(_decoded(path), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
        try:
            state = os.fstat(descriptor)
            if not stat.S_ISREG(state.st_mode):  # it may be another file by now
                raise _unreadable(path, "not a regular file", span)
            data = _read(descriptor, state.st_size)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise _unreadable(path, error.strerror or "unreadable", span) from None
    if len(data) > MAX_BYTES:
        raise DiagnosticError([Diagnostic("DA103", f"{path} has more than {MAX_BYTES >> 20} MiB", span)])
    return Source.from_bytes(path, data)


def _read(descriptor: int, size: int) -> bytes:
    """All of a file, or the first byte too many and some more. `size` is what it says of itself."""
    parts = [os.read(descriptor, min(size, MAX_BYTES) + 1)]
    length = len(parts[0])
    while parts[-1] and length <= MAX_BYTES and length != size:
        parts.append(os.read(descriptor, MAX_BYTES + 1 - length))
        length += len(parts[-1])
    return b"".join(parts)


def _unreadable(path: str, reason: str, span: Span | None) -> DiagnosticError:
    return DiagnosticError([Diagnostic("DA102", f"cannot read {path}: {reason}", span)])


def _decoded(path: str) -> str:
    """Policy text is latin-1; the file system wants the bytes behind it. A NUL ends no path here."""
    return os.fsdecode(path.encode("latin-1", "replace").replace(b"\0", b"\xff"))
