"""Many policies at once: read with one library, taken from the cache where known, the rest compiled side by side."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

from dockarmor.compile.cache import Cache, Figures, Output, Place, Told, chosen, unpacked
from dockarmor.compile.pipeline import Built, Options, all_kinds, compile_policies, prepare
from dockarmor.compile.pool import Task, Uncollected, scattered
from dockarmor.compile.program import digest
from dockarmor.compile.recorder import Known, Recorder
from dockarmor.compile.sharing import Encodings
from dockarmor.policy.features import FeatureSet
from dockarmor.policy.includes import Library
from dockarmor.policy.profile import Policy
from dockarmor.policy.read import read_text, require
from dockarmor.policy.resolve import resolve
from dockarmor.text.diagnostic import Diagnostic, DiagnosticError
from dockarmor.text.render import printable
from dockarmor.text.source import Source
from dockarmor.value import field, frozen, replace

#: so many warnings of one policy are kept as text, with so much of the rule
MOST_TOLD = 10
_SHOWN = 80
#: what a worker gives back for a policy
_OUTPUT, _MISTAKES = b"o", b"m"
#: rules that are compiled together at most, which bounds memory
MAX_SHARE = 16_000


@frozen
class Job:
    """A policy to build: a file (`path`, latin-1 text of its bytes), or text at hand where no file of this name is.

    `request` is what the cache knows it by, None for what no later run can ask for again.
    """

    path: str
    source: Source | None = None
    request: bytes | None = None


@frozen
class Settings:
    """How all policies of a batch are compiled. `key`: all of it that decides on the blobs, for the cache.

    `policy_features`: what a policy without an ABI rule knows of; `pinned`: the same for all of them.
    """

    features: FeatureSet
    key: bytes
    options: Options = field(default_factory=Options)
    policy_features: FeatureSet | None = None
    pinned: FeatureSet | None = None


Result = Output | DiagnosticError


@frozen
class _Read:
    policy: Policy
    key: bytes
    places: list[Place]


class Batch:
    """Builds policies that are read with the same library.

    `processes`: how many compile at the same time.
    """

    def __init__(
        self,
        library: Library,
        settings: Settings,
        cache: Cache | None = None,
        processes: int = 1,
    ) -> None:
        self._library, self._settings, self._cache, self._processes = library, settings, cache, processes
        self._known, self._encodings, self._lines = Known(), Encodings(all_kinds()), Lines()
        self._program = digest() if cache else b""
        if cache:
            library.forget()  # a record tells how a file looked before it was read

    def build(self, jobs: Sequence[Job], done: Callable[[int], None] = lambda _: None) -> list[Result]:
        """The output of every job, or what is wrong with it. Bytes do not depend on the number of processes.

        `done` is told how many more are finished.
        """
        with Uncollected():
            return self._build(jobs, done)

    def _build(self, jobs: Sequence[Job], done: Callable[[int], None]) -> list[Result]:
        results: dict[int, Result] = {}
        policies: dict[int, _Read] = {}
        for number, job in enumerate(jobs):
            try:
                policies[number] = read = self._read(job)
            except DiagnosticError as error:
                results[number] = error
                done(1)
                continue
            known = unpacked(self._cache.built(read.key)) if self._cache else None
            if known is not None:
                results[number] = known
                done(1)
        for number, result in self._compile({at: one.policy for at, one in policies.items() if at not in results}):
            results[number] = result
            if self._cache and isinstance(result, Output):
                self._cache.keep(policies[number].key, result.packed())
            done(1)
        self._remember(jobs, policies, results)
        return [results[number] for number in range(len(jobs))]

    def _read(self, job: Job) -> _Read:
        if self._cache is None:
            return _Read(self._policy(job, self._library), b"", [])
        from hashlib import sha256  # here, since it takes as long as a small profile

        recorder = Recorder(self._library, self._known)
        policy = self._policy(job, recorder)
        total = sha256(self._program)
        for part in (self._settings.key, job.source.text.encode("latin-1") if job.source else b"", recorder.story()):
            total.update(sha256(part).digest())
        return _Read(policy, total.hexdigest().encode(), recorder.places())

    def _policy(self, job: Job, library: Library) -> Policy:
        if job.source is None:
            return require(resolve(library.read(job.path), library)).policy
        if isinstance(library, Recorder):
            library.missing(job.path)
        return require(read_text(job.source, library)).policy

    def _compile(self, policies: dict[int, Policy]) -> Iterator[tuple[int, Result]]:
        shares, settings = _shares(policies, self._processes), self._settings

        def work(share: int) -> list[Result]:
            return list(self._outputs([policies[number] for number in shares[share]]))

        if min(self._processes, len(policies)) <= 1:
            for numbers in shares:
                yield from zip(numbers, self._outputs([policies[number] for number in numbers]), strict=True)
            return
        prepare(self._pinned(policies.values()), settings.features, settings.policy_features, self._encodings)
        task = Task(work, _framed, _unframed)
        for share, results in scattered(task, range(len(shares)), self._processes):
            yield from zip(shares[share], results, strict=True)

    def _outputs(self, policies: Sequence[Policy]) -> Iterator[Result]:
        settings = self._settings
        features, also = settings.features, settings.policy_features
        pinned = self._pinned(policies)
        results = compile_policies(pinned, features, also, settings.options, known=self._encodings)
        for policy, built in zip(policies, results, strict=True):
            if isinstance(built, DiagnosticError):
                yield built
            else:
                yield output_of(built, self._lines, has_abi=policy.has_abi)

    def _pinned(self, policies: Iterable[Policy]) -> Iterable[Policy]:
        """The policies under the ABI that was asked for, if one was."""
        abi = self._settings.pinned
        return policies if abi is None else [replace(policy, abi=abi) for policy in policies]

    def _remember(self, jobs: Sequence[Job], policies: dict[int, _Read], results: dict[int, Result]) -> None:
        if self._cache is None:
            return
        for number, read in policies.items():
            request = jobs[number].request
            result = results[number]
            if request is not None and isinstance(result, Output) and result.profiles:
                self._cache.keep_request(request, read.key, read.places)
        self._cache.close()


def output_of(built: Built, lines: "Lines | None" = None, *, has_abi: bool = True) -> Output:
    """What is kept of a compiled policy. `lines` keeps what was said of others' rules."""
    figures = [Figures(size.name, size.bytes, size.file_states, size.policy_states) for size in built.sizes]
    warnings = {_place(one): one for one in built.diagnostics.bare()}  # a rule may be in several profiles
    found = list(warnings.values())
    codes = [one.code for one in found]
    told = [(lines or Lines()).line(found[at]) for at in chosen(codes, MOST_TOLD)]
    return Output(built.blob, figures, Counter(codes), told, has_abi=has_abi)


def _place(warning: Diagnostic) -> tuple[int, int, str]:
    """Where something is said, and what; the id of a source holds as long as the warning does."""
    span = warning.span
    return (0, 0, warning.message) if span is None else (id(span.source), span.start, warning.message)


class Lines:
    """Warnings as they are told: where, what, and of which rule. Profiles share most of theirs."""

    def __init__(self) -> None:
        #: by source, place and message; with the source, so that its id stays its
        self._known: dict[tuple[int, int, str], tuple[Told, Source]] = {}

    def line(self, warning: Diagnostic) -> Told:
        span = warning.span
        if span is None:
            return Told("", 0, 0, warning.code, printable(warning.message), "")
        key = _place(warning)
        known = self._known.get(key)
        if known is None:
            rule = span.text[:_SHOWN].partition("\n")[0].strip()
            texts = warning.code, printable(warning.message), printable(rule)
            known = self._known[key] = Told(printable(span.source.name), *span.position, *texts), span.source
        return known[0]


def _shares(policies: dict[int, Policy], processes: int) -> list[list[int]]:
    """The policies that are compiled together, which is faster: a share or more for each process, the largest first.

    Policies of one size stand together, since they are those that have most in common.
    """
    weights = {number: _weight(policy) for number, policy in policies.items()}
    most = min(MAX_SHARE, -(-sum(weights.values()) // max(processes, 1)))
    shares: list[list[int]] = []
    left = 0
    for number in sorted(policies, key=lambda number: (-weights[number], number)):
        if not shares or weights[number] > left:
            shares.append([])
            left = most
        shares[-1].append(number)
        left -= weights[number]
    return shares


def _framed(results: Iterable[Result]) -> Iterator[bytes]:
    """Results as bytes, each behind its kind and its length. What is wrong takes the texts along that it shows."""
    for result in results:
        parts: tuple[bytes, ...]
        if isinstance(result, Output):
            kind, parts = _OUTPUT, result.parts()
        else:
            import pickle

            kind, parts = _MISTAKES, (pickle.dumps(result.diagnostics),)
        yield kind + sum(map(len, parts)).to_bytes(8, "little")
        yield from parts


def _unframed(data: bytes) -> list[Result]:
    results: list[Result] = []
    end = 0
    while end < len(data):
        kind, at = data[end : end + 1], end + 9
        end = at + int.from_bytes(data[at - 8 : at], "little")
        if kind == _OUTPUT:
            results.append(Output.unpack(memoryview(data)[at:end]))
        else:
            import pickle  # the bytes are a process's that was forked from this one

            results.append(DiagnosticError(pickle.loads(data[at:end])))
    return results


def _weight(policy: Policy) -> int:
    return sum(len(profile.rules) for top in policy.profiles for profile in top.family())
