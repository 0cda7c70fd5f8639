"""What reading a policy looked at: every place, and what it said."""

import os
from hashlib import sha256

from dockarmor.compile.cache import Place, absent, file_said, folder_said, irregular, look
from dockarmor.policy.features import FeatureSet
from dockarmor.policy.includes import Library
from dockarmor.syntax.structure import Parsed
from dockarmor.text.source import Span


class Recorder(Library):
    """A library's files, for reading one policy, with a record of every look-up.

    `library` keeps what was read; `known` is kept by the caller for all recorders of a library, so that a file is
    hashed once.
    """

    def __init__(self, library: Library, known: dict[str, tuple[object, Place]]) -> None:
        super().__init__(library.grammar, library.search[-1], library.search[:-1])
        self._files, self._found, self._abis = library._files, library._found, library._abis
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

    def locate(self, path: str, magic: bool) -> str | None:
        found = super().locate(path, magic)
        for candidate in (f"{folder.rstrip('/')}/{path}" for folder in self.search) if magic else (path,):
            if candidate == found:
                break
            self._add(absent(_bytes(candidate)))
        self._story.update(b"absent " if found is None else b"found ")
        return found

    def files(self, path: str, span: Span) -> list[str]:
        before = look(_bytes(path))
        found = super().files(path, span)
        if found != [path]:
            names = os.listdir(_bytes(path))
            self._add(Place(_bytes(path), before, folder_said(names)))
            for name in names:
                place = os.path.join(_bytes(path), name)
                if not os.path.isfile(place):
                    self._add(irregular(place))
        self._story.update(b"%d files " % len(found))
        return found

    def read(self, path: str, span: Span | None = None) -> Parsed:
        before = self._before(path)
        parsed = super().read(path, span)
        self._file(path, before, parsed, parsed.file.source.text)
        return parsed

    def abi(self, path: str, span: Span) -> FeatureSet:
        before = self._before(path)
        features = super().abi(path, span)
        self._file(path, before, features, self._abis[path].text)
        return features

    def _before(self, path: str) -> bytes:
        """A look at a file that is not known yet; what changes while it is read looks different later."""
        return b"" if path in self._known else look(_bytes(path))

    def _file(self, path: str, before: bytes, content: object, text: str) -> None:
        known = self._known.get(path)
        if known is None or known[0] is not content:
            place = Place(_bytes(path), before or look(_bytes(path)), file_said(text.encode("latin-1")))
            known = self._known[path] = (content, place)
        self._add(known[1])
        self._story.update(known[1].said)

    def _add(self, place: Place) -> None:
        self._places[place.path] = place


def _bytes(path: str) -> bytes:
    """Paths are latin-1 text of their bytes; a NUL ends no path (policy/includes.py)."""
    return path.encode("latin-1", "replace").replace(b"\0", b"\xff")
