"""libapparmor's cache as apparmor_parser uses it: what is taken from it, what is written, what is said."""

import os
from errno import ENOBUFS

from dockarmor.cli.faces.parser_options import CACHE, Stop, Wanted, say, show
from dockarmor.compile.policy_cache import MAX_FEATURES, PolicyCache, blob_version, folder_features, purge

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def cacheable(asked: Wanted) -> bool:
    """Is there anything that a cache could be asked for, or be given?

    A blob in it has the mode and the namespace that its text says, so options that say others keep away from it.
    """
    if asked.flags & {"skip-cache", "complain", "binary"} or "namespace" in asked.values:
        return False
    return asked.action not in ("names", "remove", "preprocess") and ("write-cache" in asked.flags or _reads(asked))


def about_cache(asked: Wanted, features: bytes | None) -> int:
    """--purge-cache, --print-cache-dir."""
    if "print-cache-dir" in asked.flags:
        for location in _locations(asked):
            print(PolicyCache(location, features or b"").folder)
    if "purge-cache" in asked.flags:
        location = _locations(asked)[0]
        try:
            purge(location)
        except OSError as error:
            say(f"Failed to clear cache files ({location}): {error.strerror}")
            return 1
    return 0


def not_kept(asked: Wanted, name: str) -> None:
    """Say that a blob in complain mode, whatever its text says, is no blob for the cache."""
    if "write-cache" in asked.flags and asked.warns("cache"):
        try:
            with open(name, "rb") as file:
                line = file.read().count(b"\n") + 1
        except OSError:
            line = 1
        short = os.path.basename(name)
        say(f"Warning from {name} ({name} line {line}): Caching disabled for: '{short}' due to force complain")


def kernel_features(asked: Wanted) -> bytes | None:
    """What the kernel can do, as libapparmor's one text; None, and a word on the cache, where nothing says it."""
    given = asked.values.get("kernel-features")
    if given is not None:
        return features_text(given, "features" if "features-file" in asked.values else "kernel features")
    from dockarmor.kernel.host.support import securityfs

    mount = securityfs()
    if mount is not None:
        try:
            return folder_features(f"{mount}/apparmor/features")
        except OSError:
            pass
    reads = "skip-read-cache" not in asked.flags and asked.action not in ("stdout", "ofile", "preprocess")
    if reads or "write-cache" in asked.flags:
        say("Cache read/write disabled: interface file missing. (Kernel needs AppArmor 2.4 compatibility patch.)")
    return None


def features_text(place: str, what: str = "features") -> bytes:
    """A feature set as one text, from a file, or from a folder as the kernel shows it. Raises Stop."""
    try:
        if os.path.isdir(place):
            return folder_features(place)
        with open(place, "rb") as file:
            text = file.read(MAX_FEATURES + 1)
        if len(text) > MAX_FEATURES:
            raise OSError(ENOBUFS, os.strerror(ENOBUFS))
        return text
    except OSError as error:
        say(f"Failed to load {what} from '{place}': {error.strerror}")
        raise Stop(1) from None


class Caches:
    """The cache that is written and read, and those that are only read. Raises Stop where the first cannot be."""

    def __init__(self, asked: Wanted, features: bytes, search: "Sequence[str]") -> None:
        self._asked, self._search = asked, search
        self._version = blob_version(features)
        self._newest: dict[str, tuple[int, int] | None] = {}
        self._caches: list[PolicyCache] = []
        first, *others = _locations(asked)
        if self._open(first, features):
            for location in others:
                self._open_too(location, features)
        if self._caches:
            from dockarmor.cli.faces.parser_sources import Sources

            self._sources = Sources(search)

    def find(self, name: str) -> tuple[str, bytes] | None:
        """The path and the blob of a policy file, where none of its sources is newer."""
        if not self._caches:
            return None
        newest = self._newest[name] = self._sources.newest(name)
        if newest is None or not _reads(self._asked):
            return None
        for cache in self._caches:
            blob = cache.find(name, *newest, self._version)
            if blob is not None:
                return os.path.realpath(cache.path(name)), blob
        return None

    def keep(self, name: str, blob: bytes) -> None:
        """Write what was just compiled, if that is wanted."""
        newest = self._newest.get(name)
        if "write-cache" not in self._asked.flags or newest is None:
            return
        path = os.path.realpath(self._caches[0].path(name))
        try:
            self._caches[0].write(name, blob, newest[0])
        except OSError:
            if self._asked.warns("cache"):
                say(f"Warning from {name} ({name} line 1): Failed to write cache: {path}")
        else:
            show(self._asked, f"Wrote cache: {path}")

    def _open(self, location: str, features: bytes) -> bool:
        cache = PolicyCache(location, features)
        if not cache.usable and "write-cache" in self._asked.flags and "skip-bad-cache" not in self._asked.flags:
            try:
                cache.make()
            except (FileExistsError, NotADirectoryError):
                say(f"Failed setting up policy cache ({location}): Not a directory")
                raise Stop(1) from None
            except OSError as error:
                show(self._asked, f"Cache write disabled: Cannot create cache '{location}': {error.strerror}")
                return False
        if not cache.usable:
            show(self._asked, f"Cache read/write disabled: Policy cache is invalid: {os.strerror(2)}")
            return False
        show(self._asked, f"Cache: added primary location '{location}'")
        self._caches.append(cache)
        return True

    def _open_too(self, location: str, features: bytes) -> None:
        cache = PolicyCache(location, features)
        words = f"added readonly location '{location}'"
        if cache.usable:
            self._caches.append(cache)
        else:
            words = f"failed to add read only location '{location}', does not contain valid cache directory for the"
            words += " specified feature set"
        if self._asked.warns("cache"):
            say(f"Warning from stdin (line 1): Cache: {words}")


def _locations(asked: Wanted) -> list[str]:
    return list(filter(None, asked.values.get("cache-loc", "").split(","))) or [CACHE]


def _reads(asked: Wanted) -> bool:
    return asked.action in ("add", "replace") and "skip-read-cache" not in asked.flags
