"""From names of policy files to what `check` says of each, by several processes, as far as possible from the cache.

A run that finds everything in the cache imports neither parser nor lints.
"""

import marshal
import os
import sys
from itertools import chain

from dockarmor.cli.compiling import asked, features_key, open_cache, strings, unreadable
from dockarmor.cli.places import base_folder
from dockarmor.policy.builtin import KERNEL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from dockarmor.cli.reports import Checked
    from dockarmor.compile.cache import Cache, Place
    from dockarmor.lint.examine import Depth
    from dockarmor.text.diagnostic import Diagnostic

    #: a name and what the cache knows it by, to the findings as bytes
    Work = Callable[[str, bytes | None], bytes]

#: how many findings of one code are told of one file
MOST_OF_A_CODE = 100
#: with fewer files than this one process is quicker than several
_WORTH_WORKERS = 64
#: without lints, less text that includes less is read again as fast as it is found in the cache
_WORTH_BYTES, _WORTH_PLACES = 2048, 8


def checked(names: "Sequence[str]", options: "Namespace", ignored: "Sequence[str]") -> "Iterator[Checked]":
    """The findings of every file, in their order. `ignored`: codes that the configuration allows everywhere."""
    from dockarmor.cli.output import color_wanted

    human = options.output == "human"
    color = human and color_wanted(sys.stdout)
    cache = None if options.no_cache else open_cache()
    requests: Sequence[bytes | None] = [None] * len(names)
    if cache:
        switches = bytes((marshal.version, options.no_lint, options.no_compile, options.verbose, human, color))
        codes = strings([code.encode() for code in ignored])
        key = strings((b"check", features_key(options.features or KERNEL), switches, codes))
        requests = asked(names, (*options.include, base_folder(options.base)), key)
    found = (cache.find(request) if cache and request else None for request in requests)
    known = {at: body for at, body in enumerate(found) if body is not None}
    missing = [at for at in range(len(names)) if at not in known]
    made: Iterable[tuple[int, bytes]] = ()
    if missing:
        work = _work(options, depth_of(options, ignored), human, color, cache)
        made = _spread(lambda at: work(names[at], requests[at]), missing, options.jobs)
    for body in _in_order(known, made):
        yield marshal.loads(body)
    if cache and missing:
        cache.close()


def depth_of(options: "Namespace", ignored: "Sequence[str]") -> "Depth":
    """How far the options of `check` look."""
    from dockarmor.lint.examine import Depth

    lint = not (options.no_lint or options.no_compile)
    return Depth(compile=not options.no_compile, lint=lint, each=options.verbose, ignored=tuple(ignored))


def _spread(work: "Callable[[int], bytes]", missing: "Sequence[int]", jobs: int) -> "Iterator[tuple[int, bytes]]":
    """What `work` finds, as it comes, by so many processes (0: as many as help)."""
    from dockarmor.compile.pool import Task, processors, scattered

    task = Task(work, lambda body: (body,), bytes)
    return scattered(task, missing, jobs or (processors() if len(missing) >= _WORTH_WORKERS else 1))


def _in_order(known: dict[int, bytes], made: "Iterable[tuple[int, bytes]]") -> "Iterator[bytes]":
    """What is known of each file, and what is found as it comes, in the order of the files."""
    at = 0
    for number, body in chain(made, [(-1, b"")]):  # once more behind the last, for what is known there
        known[number] = body
        while at in known:
            yield known.pop(at)
            at += 1


def _work(options: "Namespace", depth: "Depth", human: bool, color: bool, cache: "Cache | None") -> "Work":
    from dockarmor.cli.output import diagnostic_item
    from dockarmor.cli.policy import features, includes, read_argument, shown
    from dockarmor.compile.cache import look
    from dockarmor.compile.recorder import Known, Recorder
    from dockarmor.lint.examine import examine
    from dockarmor.text.diagnostic import DiagnosticError
    from dockarmor.text.render import render
    from dockarmor.text.source import Source

    library, kernel = includes(options), features(options)
    looked = Known()

    def body_of(name: str, found: "Sequence[Diagnostic]") -> bytes:
        found = _bounded(found)
        ok = not any(one.severity.value == "error" for one in found)
        item = {"path": name, "ok": ok, "diagnostics": [diagnostic_item(one) for one in found]}
        text = "".join(render(one, color=color) + "\n\n" for one in found) if human else ""
        return marshal.dumps((item, text))

    def work(name: str, request: bytes | None) -> bytes:
        before = look(os.fsencode(name))
        try:
            data = read_argument(name)
        except OSError as error:
            return body_of(name, unreadable(name, error).diagnostics)
        except DiagnosticError as error:
            return body_of(name, error.diagnostics)
        source = Source.from_bytes(shown(name), data)
        if cache is None or request is None:
            return body_of(name, examine(source, library, kernel, depth))
        recorder = Recorder(library, looked)
        recorder.given(shown(name), before, data)
        body = body_of(name, examine(source, recorder, kernel, depth))
        places = recorder.places()
        if depth.lint or len(data) > _WORTH_BYTES or len(places) > _WORTH_PLACES:
            _keep(cache, request, places, body)
        return body

    return work


def _bounded(found: "Sequence[Diagnostic]") -> "Sequence[Diagnostic]":
    """The first of each code, and how many more there are; a file of mistakes is bounded by the parser."""
    if len(found) <= MOST_OF_A_CODE:
        return found
    from collections import Counter

    from dockarmor.text.diagnostic import Diagnostic, Severity

    count: Counter[str] = Counter()
    told = []
    for one in found:
        count[one.code] += 1
        if count[one.code] <= MOST_OF_A_CODE:
            told.append(one)
    for code, number in count.items():
        if number > MOST_OF_A_CODE:
            message = f"{number - MOST_OF_A_CODE:,} more findings like this are left out"
            told.append(Diagnostic(code, message, severity=Severity.NOTE))
    return told


def _keep(cache: "Cache", request: bytes, places: "Sequence[Place]", body: bytes) -> None:
    from hashlib import sha256

    total = sha256(request)
    for place in places:
        total.update(strings((place.path, place.said)))
    key = total.hexdigest().encode()
    cache.keep(key, body)
    cache.keep_request(request, key, places)
