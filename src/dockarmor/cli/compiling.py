"""From arguments to compiled policy, as far as possible from the cache: a hit imports neither parser nor compiler."""

import os
import sys
import time

from dockarmor.cli.places import cache_folder
from dockarmor.compile.cache import Cache, CacheError, Figures, Output

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from dockarmor.compile.batch import Job
    from dockarmor.compile.compiled import CompiledTable
    from dockarmor.text.diagnostic import DiagnosticError

#: how every blob begins: the tag `version`
BLOB_MAGIC = b"\x04\x08\x00version\x00\x02"


class Built:
    """A policy argument and what came of it: an output, or an error."""

    __slots__ = ("error", "name", "output")

    def __init__(self, name: str, output: "Output | None", error: "DiagnosticError | None") -> None:
        self.name, self.output, self.error = name, output, error


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


def built(names: "Sequence[str]", options: "Any") -> list[Built]:
    """Compile all of them. `options` has the attributes that cli/build.py describes; only OSErrors are raised."""
    cache = None if options.no_cache else open_cache()
    key = _settings_key(options)
    requests = _requests(names, key, options) if cache else [None] * len(names)
    found: list[Output | None] = [None] * len(names)
    if cache:
        found = [cache.find(request) if request else None for request in requests]
    missing = [at for at, output in enumerate(found) if output is None]
    results: list[Any] = list(found)
    if missing:
        from dockarmor.cli.progress import shown_progress

        with shown_progress(len(missing), options) as done:
            built = _build([(names[at], requests[at]) for at in missing], key, options, cache, done)
        for at, result in zip(missing, built, strict=True):
            results[at] = result
    return [
        Built(name, result, None) if isinstance(result, Output) else Built(name, None, result)
        for name, result in zip(names, results, strict=True)
    ]


def open_cache() -> Cache | None:
    """The user's cache of compiled policy; where it cannot be used that is said once, and nothing is cached."""
    try:
        return Cache(os.path.join(cache_folder(), "build"), time.time_ns())
    except CacheError as error:
        sys.stderr.write(f"dockarmor: nothing is cached: {error}\n")
        return None


def _build(
    wanted: "Sequence[tuple[str, bytes | None]]", key: bytes, options: "Any", cache: Cache | None, done: "Any"
) -> "list[Output | DiagnosticError]":
    from dockarmor.cli.policy import features, includes
    from dockarmor.compile.batch import Batch, Settings

    batch = Batch(includes(options), Settings(features(options), key), cache, options.jobs)
    ready: dict[int, Output | DiagnosticError] = {}
    jobs: dict[int, Job] = {}
    for at, (name, request) in enumerate(wanted):
        given = _job_or_blob(name, request)
        if isinstance(given, bytes):
            ready[at] = _blob(given)
            done(1)
        else:
            jobs[at] = given
    ready |= zip(jobs, batch.build(list(jobs.values()), done), strict=True)
    return [ready[at] for at in range(len(wanted))]


def _job_or_blob(name: str, request: bytes | None) -> "Job | bytes":
    from dockarmor.cli.policy import read_argument, shown
    from dockarmor.compile.batch import Job
    from dockarmor.text.source import Source

    if request is not None and os.path.isfile(name):
        with open(name, "rb") as file:
            if file.read(len(BLOB_MAGIC)) != BLOB_MAGIC:
                return Job(shown(name), None, request)
    data = read_argument(name)
    return data if data.startswith(BLOB_MAGIC) else Job(shown(name), Source.from_bytes(shown(name), data), request)


def _blob(data: bytes) -> "Output | DiagnosticError":
    from dockarmor.compile.reader import read_blob
    from dockarmor.text.diagnostic import DiagnosticError

    try:
        profiles = read_blob(data).profiles
    except DiagnosticError as error:
        return error
    tables = [(one.name, one.file_table, one.policy) for one in profiles]
    return Output(data, [Figures(name, 0, _states(file), _states(policy)) for name, file, policy in tables], 0)


def _states(table: "CompiledTable | None") -> int:
    return len(table.tables.base) if table else 0


def _settings_key(options: "Any") -> bytes:
    """All of the options that decides on a blob, but for where includes are found."""
    name = options.features or "kernel-6.12"
    if os.sep in name or os.path.exists(name):
        with open(name, "rb") as file:
            return _strings((b"file", file.read(1 << 17)))
    return _strings((b"own", os.fsencode(name)))


def _requests(names: "Sequence[str]", key: bytes, options: "Any") -> list[bytes | None]:
    """What the index knows these policies by; None for what cannot be asked for again."""
    from dockarmor.cli.places import base_folder
    from dockarmor.compile.program import stamp

    search = [os.fsencode(folder) for folder in (*options.include, base_folder(options.base))]
    common = _strings((stamp(), key, _strings(search), os.fsencode(os.getcwd())))
    again = (name != "-" and (os.path.isfile(name) or not os.path.exists(name)) for name in names)
    return [common + os.fsencode(name) if yes else None for name, yes in zip(names, again, strict=True)]


def _strings(parts: "Sequence[bytes]") -> bytes:
    """Strings in a row, so that no two rows are the same bytes."""
    return b"".join(b"%d:%s," % (len(part), part) for part in parts)
