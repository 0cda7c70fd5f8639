"""From arguments to compiled policy, as far as possible from the cache: a hit imports neither parser nor compiler."""

import os
import sys
import time

from dockarmor.cli.places import base_folder, cache_folder
from dockarmor.compile import BLOB_MAGIC, COMPRESSED_HEAD, is_compressed
from dockarmor.compile.cache import Cache, CacheError, Figures, Output, chosen, unpacked
from dockarmor.policy.builtin import KERNEL

#: so many warnings of a run are shown
MOST_SAID = 20

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from dockarmor.compile.batch import Job, Settings
    from dockarmor.compile.cache import Told
    from dockarmor.compile.compiled import CompiledTable
    from dockarmor.text.diagnostic import DiagnosticError
    from dockarmor.text.source import Source


class Built:
    """A policy argument and what came of it: an output, or an error.

    `source`: its text, where that cannot be read again (standard input).
    """

    __slots__ = ("error", "name", "output", "source")

    def __init__(
        self, name: str, output: "Output | None", error: "DiagnosticError | None", source: "Source | None" = None
    ) -> None:
        self.name, self.output, self.error, self.source = name, output, error, source


class Road:
    """How all policies of a run are read and compiled.

    `search`: where includes are found, the base last. `key`: all else that decides on a blob. `settings`: the same
    for the compiler, made when something is to be compiled.
    """

    def __init__(
        self,
        search: "Sequence[str]",
        key: bytes,
        settings: "Callable[[bytes], Settings]",
        cache: Cache | None,
        *,
        jobs: int = 1,
        output: str = "human",
    ) -> None:
        self.search, self.key, self.settings, self.cache = tuple(search), key, settings, cache
        self.jobs, self.output = jobs, output


def road_of(options: "Any") -> Road:
    """The road that a verb's options ask for."""

    def settings(key: bytes) -> "Settings":
        from dockarmor.cli.policy import features
        from dockarmor.compile.batch import Settings

        return Settings(features(options), key)

    search = (*options.include, base_folder(options.base))
    cache = None if options.no_cache else open_cache()
    return Road(search, features_key(options.features or KERNEL), settings, cache, jobs=options.jobs)


def policy_names(arguments: "Sequence[str]") -> list[str]:
    """The arguments, with the policy files of each folder among them in its place."""
    from dockarmor.policy.folder import policy_files

    names: list[str] = []
    for argument in arguments:
        if os.path.isdir(argument):
            names += map(os.fsdecode, policy_files(os.fsencode(argument)))
        else:
            names.append(argument)
    return names


def built(names: "Sequence[str]", road: Road) -> list[Built]:
    """Compile all of them; a file that cannot be read has that for its error."""
    requests = asked(names, road.search, road.key) if road.cache else [None] * len(names)
    found: list[Any] = [None] * len(names)
    if road.cache:
        find = road.cache.find
        found = [unpacked(find(request)) if request else None for request in requests]
    results = [Built(name, output, None) for name, output in zip(names, found, strict=True)]
    missing = [at for at, output in enumerate(found) if output is None]
    if missing:
        made = _build([(names[at], requests[at]) for at in missing], road)
        for at, one in zip(missing, made, strict=True):
            results[at] = one
    return results


def open_cache() -> Cache | None:
    """The user's cache; where it cannot be used that is said once, and nothing is cached."""
    try:
        return Cache(os.path.join(cache_folder(), "build"), time.time_ns())
    except CacheError as error:
        sys.stderr.write(f"dockarmor: nothing is cached: {error}\n")
        return None


def _build(wanted: "Sequence[tuple[str, bytes | None]]", road: Road) -> list[Built]:
    from dockarmor.cli.progress import shown_progress
    from dockarmor.compile.batch import Batch, Job
    from dockarmor.policy.read import library
    from dockarmor.text.diagnostic import DiagnosticError
    from dockarmor.text.latin import path_text

    *folders, base = map(path_text, road.search)
    reading = library(base, tuple(folders))
    batch = Batch(reading, road.settings(road.key), road.cache, road.jobs)
    ready: dict[int, Output | DiagnosticError] = {}
    jobs = {}
    with shown_progress(len(wanted), road.output) as done:
        for at, (name, request) in enumerate(wanted):
            try:
                given = _job_or_blob(name, request)
            except OSError as error:
                given = unreadable(name, error)
            if isinstance(given, Job):
                jobs[at] = given
            else:
                ready[at] = given
                done(1)
        ready |= zip(jobs, batch.build(list(jobs.values()), done), strict=True)
    sources = {at: job.source for at, job in jobs.items() if job.request is None}
    results = ((name, ready[at], sources.get(at)) for at, (name, _) in enumerate(wanted))
    return [
        Built(name, result, None, source) if isinstance(result, Output) else Built(name, None, result, source)
        for name, result, source in results
    ]


def unreadable(name: str, error: OSError) -> "DiagnosticError":
    """A policy argument that cannot be read, as the error of what it names."""
    from dockarmor.cli.policy import shown
    from dockarmor.text.diagnostic import Diagnostic, DiagnosticError

    return DiagnosticError([Diagnostic("DA102", f"cannot read {shown(name)}: {error.strerror or error}")])


def _job_or_blob(name: str, request: bytes | None) -> "Job | Output | DiagnosticError":
    """Text to compile, or what a file of compiled policy holds, or what is wrong with it."""
    from dockarmor.cli.policy import read_argument, shown
    from dockarmor.compile.batch import Job
    from dockarmor.text.diagnostic import DiagnosticError
    from dockarmor.text.source import Source

    if request is not None and os.path.isfile(name) and not is_blob(name):
        return Job(shown(name), None, request)
    try:
        data = read_argument(name)
        if data.startswith(BLOB_MAGIC):
            return _blob(name, data)
    except DiagnosticError as error:
        return error
    return Job(shown(name), Source.from_bytes(shown(name), data), request)


def is_blob(path: str) -> bool:
    """Does this file hold compiled policy? Raises OSError."""
    with open(path, "rb") as file:
        head = file.read(max(len(BLOB_MAGIC), COMPRESSED_HEAD))
    return head.startswith(BLOB_MAGIC) or is_compressed(head)


def say_warnings(results: "Sequence[Built]") -> None:
    """On standard error: rules of which these features, or all kernels, do less than they say. A line for each; where
    there are many for some of each code, and for the rest how many there are."""
    every = warnings_of(results)
    told = [every[at] for at in chosen([one.code for one in every], MOST_SAID)]
    if not told:
        return
    for one in told:
        sys.stderr.write(f"{one}\n")
    more = left_out(results, told)
    rest = ", ".join(f"{count} of {code}" for code, count in more.items())
    count = f"{sum(more.values())} more warning(s), {rest}; " if more else ""
    sys.stderr.write(f"{count}`dockarmor check --verbose --features …` shows all, with what to do\n")


def warnings_of(results: "Sequence[Built]") -> "list[Told]":
    """What was kept of the warnings, each once: files include the same rules."""
    kept = (one for built in results if built.output for one in built.output.told)
    return list({str(one): one for one in kept}.values())


def left_out(results: "Sequence[Built]", told: "Sequence[Told]") -> dict[str, int]:
    """How many warnings of each code there are beside these."""
    counts: dict[str, int] = {}
    for built in results:
        for code, count in built.output.warnings.items() if built.output else ():
            counts[code] = counts.get(code, 0) + count
    for one in told:
        counts[one.code] -= 1
    return {code: counts[code] for code in sorted(counts) if counts[code]}


def _blob(name: str, data: bytes) -> Output:
    """Raises DiagnosticError."""
    from dockarmor.cli.policy import of_file
    from dockarmor.compile.reader import read_blob
    from dockarmor.text.diagnostic import DiagnosticError

    try:
        profiles = read_blob(data).profiles
    except DiagnosticError as error:
        raise of_file(name, error) from None
    tables = [(one.name, one.file_table, one.policy) for one in profiles]
    return Output(data, [Figures(name, 0, _states(file), _states(policy)) for name, file, policy in tables], {})


def _states(table: "CompiledTable | None") -> int:
    return len(table.tables.base) if table else 0


def features_key(name: str) -> bytes:
    """The part of a key that says for which features: a file's or folder's content, or one of our own sets."""
    if os.sep in name or os.path.exists(name):
        from dockarmor.compile.policy_cache import features_text

        return strings((b"file", features_text(name)))
    return strings((b"own", os.fsencode(name)))


def asked(names: "Sequence[str]", search: "Sequence[str]", key: bytes) -> list[bytes | None]:
    """What a cache's index knows these policies by; None for what cannot be asked for again.

    `search`, `key`: as in Road.
    """
    from dockarmor.compile.program import stamp

    common = strings((stamp(), key, strings(list(map(os.fsencode, search))), os.fsencode(os.getcwd())))
    again = (name != "-" and (os.path.isfile(name) or not os.path.exists(name)) for name in names)
    return [common + os.fsencode(name) if yes else None for name, yes in zip(names, again, strict=True)]


def strings(parts: "Sequence[bytes]") -> bytes:
    """Strings in a row, so that no two rows are the same bytes."""
    return b"".join(b"%d:%s," % (len(part), part) for part in parts)
