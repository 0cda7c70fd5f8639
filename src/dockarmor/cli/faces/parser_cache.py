"""libapparmor's cache as apparmor_parser uses it: what is taken from it, what is written, what is said."""

import os
from errno import EDQUOT, EEXIST, EISDIR, ENOBUFS, ENOENT, ENOSPC, EROFS

from dockarmor.cli.faces.parser_options import CACHE, Stop, Wanted, say, show, warn
from dockarmor.compile import policy_cache
from dockarmor.compile.policy_cache import PolicyCache, blob_version, purge
from dockarmor.policy import MAX_FEATURES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from dockarmor.cli.faces.parser_files import PolicyFile

#: without a cache for these reasons all is done as without one; for others nothing is
_NO_CACHE = (EDQUOT, EEXIST, EISDIR, ENOENT, ENOSPC, EROFS)


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


def not_kept(asked: Wanted, file: "PolicyFile") -> bool:
    """Say that a blob in complain mode, whatever its text says, is no blob for the cache. Is that an error?"""
    message = f"Caching disabled for: '{os.path.basename(file.path)}' due to force complain"
    return "write-cache" in asked.flags and warn(asked, "cache", _end(file), message)


def _end(file: "PolicyFile") -> str:
    """The place that the original names by the time it has read a file."""
    try:
        with open(file.path, "rb") as text:
            line = text.read().count(b"\n") + 1
    except OSError:
        line = 1
    return f"{file.argument} ({file.path} line {line})"


def kernel_features(asked: Wanted) -> bytes | None:
    """What the kernel can do, as libapparmor's one text; None, and a word on the cache, where nothing says it."""
    given = asked.values.get("kernel-features")
    if given is not None:
        return features_text(given, "features" if "features-file" in asked.values else "kernel features")
    from dockarmor.kernel.host.support import securityfs

    mount = securityfs()
    if mount is not None:
        try:
            return policy_cache.folder_features(f"{mount}/apparmor/features")
        except OSError:
            pass
    reads = "skip-read-cache" not in asked.flags and asked.action not in ("stdout", "ofile", "preprocess")
    if reads or "write-cache" in asked.flags:
        say("Cache read/write disabled: interface file missing. (Kernel needs AppArmor 2.4 compatibility patch.)")
    return None


def features_text(place: str, what: str = "features") -> bytes:
    """A feature set as one text, from a file, or from a folder as the kernel shows it. Raises Stop."""
    try:
        text = b"" if place == os.devnull else policy_cache.features_text(place)
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
                return _shown(cache, name), blob
        return None

    def keep(self, file: "PolicyFile", blob: bytes) -> bool:
        """Write what was just compiled, if that is wanted. Is there an error?"""
        newest = self._newest.get(file.path)
        if "write-cache" not in self._asked.flags or newest is None:
            return False
        path = _shown(self._caches[0], file.path)
        looked = {"skip-bad-cache", "skip-read-cache"} & self._asked.flags == {"skip-bad-cache"}
        if looked and self._caches[0].is_bad(file.path, self._version):
            return False
        try:
            self._caches[0].write(file.path, blob, newest[0])
        except IsADirectoryError:
            return warn(self._asked, "cache", _end(file), f"Failed to write cache: {path}")
        except OSError as error:
            message = f"Cache write disabled: Cannot create setup tmp cache file '{path}': {error.strerror}"
            return warn(self._asked, "cache", _end(file), message)
        show(self._asked, f"Wrote cache: {path}")
        return False

    def _open(self, location: str, features: bytes) -> bool:
        cache = PolicyCache(location, features)
        if not cache.usable:
            try:
                os.stat(os.path.join(cache.folder, ".features"))
            except OSError as error:
                if error.errno not in _NO_CACHE:
                    raise _unusable(location, error) from None
        if not cache.usable and "write-cache" in self._asked.flags and "skip-bad-cache" not in self._asked.flags:
            try:
                cache.make()
            except OSError as error:
                if error.errno not in _NO_CACHE:
                    raise _unusable(location, error) from None
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
            if "show-cache" not in self._asked.flags:
                return
        else:
            words = f"failed to add read only location '{location}', does not contain valid cache directory for the"
            words += " specified feature set"
        if warn(self._asked, "cache", "stdin (line 1)", f"Cache: {words}"):
            raise Stop(1)


def _unusable(location: str, error: OSError) -> Stop:
    say(f"Failed setting up policy cache ({location}): {error.strerror}")
    return Stop(1)


def _shown(cache: PolicyCache, name: str) -> str:
    """The path of a blob as messages give it: links of the folder are followed, one in the blob's place is not."""
    return os.path.join(os.path.realpath(cache.folder), os.path.basename(name))


def _locations(asked: Wanted) -> list[str]:
    return list(filter(None, asked.values.get("cache-loc", "").split(","))) or [CACHE]


def _reads(asked: Wanted) -> bool:
    return asked.action in ("add", "replace") and "skip-read-cache" not in asked.flags
