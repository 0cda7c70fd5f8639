"""What reading a policy looked at: every place, and what it said."""

import os
from collections.abc import Callable, Hashable, Sequence

from dockarmor.compile.cache import Place, absent, file_said, folder_said, irregular, look
from dockarmor.policy.features import FeatureSet
from dockarmor.policy.includes import Library
from dockarmor.syntax.structure import Parsed
from dockarmor.text.source import Span

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Known:
    """Kept for all recorders of a library, so that what they look at is hashed once.

    `files`: a file's content as it was given out, and what it said. `folders`: the files of a folder, and all places
    in it that were looked at. `once`: what was worked out once, and the record of it.
    """

    def __init__(self) -> None:
        self.files: dict[str, tuple[object, Place]] = {}
        self.folders: dict[str, tuple[Sequence[str], Sequence[Place]]] = {}
        self.once: dict[Hashable, tuple[Recorder, Any]] = {}


class Recorder(Library):
    """A library's files, for reading one policy, with a record of every look-up."""

    def __init__(self, library: Library, known: Known) -> None:
        super().__init__(library.grammar, library.search[-1], library.search[:-1], same_as=library)
        from hashlib import sha256

        self._known = known
        self._story = sha256()
        self._places: dict[bytes, Place] = {}

    def places(self) -> list[Place]:
        """All places that were looked at, once each."""
        return list(self._places.values())

    def story(self) -> bytes:
        """What they said, in the order of the looks, without their paths.

        Reading the same text once more gives the same policy where nothing of it differs.
        """
        return self._story.digest()

    def missing(self, path: str) -> None:
        """The caller himself looked there, and nothing was there."""
        self._add(absent(_bytes(path)))

    def given(self, path: str, before: bytes, content: bytes) -> None:
        """The caller himself read a file, which looked like `before` when he began."""
        self._add(Place(_bytes(path), before, file_said(content)))

    def similar(self, path: str) -> str | None:
        folder = path.rpartition("/")[0]
        for root in self.search:
            place = _bytes(f"{root}/{folder}")
            before = look(place)
            try:
                self._add(Place(place, before, folder_said(os.listdir(place))))
            except OSError:
                self._add(absent(place) if before == b"-" else irregular(place))
        return super().similar(path)

    def once(self, key: Hashable, make: "Callable[[Library], Any]") -> "Any":
        known = self._known.once.get(key)
        if known is None:
            record = Recorder(self, self._known)
            known = self._known.once[key] = record, make(record)
        record, made = known
        self._places |= record._places
        self._story.update(record.story())
        return made

    def included(self, path: str, magic: bool) -> Sequence[tuple[str, Parsed]] | None:
        """Never: every look-up is to be seen."""
        return None

    def locate(self, path: str, magic: bool) -> str | None:
        found = super().locate(path, magic)
        for candidate in self.candidates(path, magic):
            if candidate == found:
                break
            self._add(absent(_bytes(candidate)))
        self._story.update(b"absent " if found is None else b"found ")
        return found

    def files(self, path: str, span: Span | None = None) -> Sequence[str]:
        known = self._known.folders.get(path)
        if known is None:
            before = look(_bytes(path))
            files = super().files(path, span)
            known = self._known.folders[path] = files, _listing(path, before) if list(files) != [path] else ()
        files, places = known
        for place in places:
            self._add(place)
        self._story.update(b"%d files " % len(files))
        return files

    def read(self, path: str, span: Span | None = None) -> Parsed:
        before = self._before(path)
        parsed = super().read(path, span)
        self._file(path, before, parsed, parsed.file.source.text)
        return parsed

    def abi(self, path: str, span: Span) -> FeatureSet:
        before = self._before(path)
        features = super().abi(path, span)
        self._file(path, before, features, self._abi(path, span)[1])
        return features

    def _before(self, path: str) -> bytes:
        """A look at a file that is not known yet; what changes while it is read looks different later."""
        return b"" if path in self._known.files else look(_bytes(path))

    def _file(self, path: str, before: bytes, content: object, text: str) -> None:
        known = self._known.files.get(path)
        if known is None or known[0] is not content:
            place = Place(_bytes(path), before or look(_bytes(path)), file_said(text.encode("latin-1")))
            known = self._known.files[path] = (content, place)
        self._add(known[1])
        self._story.update(known[1].said)

    def _add(self, place: Place) -> None:
        self._places[place.path] = place


def _listing(path: str, before: bytes) -> list[Place]:
    """A folder, and what in it is no policy whatever its name."""
    folder = _bytes(path)
    names = os.listdir(folder)
    places = (os.path.join(folder, name) for name in names)
    return [Place(folder, before, folder_said(names)), *(irregular(one) for one in places if not os.path.isfile(one))]


def _bytes(path: str) -> bytes:
    """Paths are latin-1 text of their bytes; a NUL ends no path (policy/includes.py)."""
    return path.encode("latin-1", "replace").replace(b"\0", b"\xff")
