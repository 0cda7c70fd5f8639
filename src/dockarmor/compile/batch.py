"""Many policies at once: read with one library, taken from the cache where known, the rest compiled side by side."""

from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256

from dockarmor.compile.cache import Cache, Figures, Output, Place, unpacked
from dockarmor.compile.pipeline import Options, all_kinds, compile_policy
from dockarmor.compile.pool import scattered
from dockarmor.compile.program import digest
from dockarmor.compile.recorder import Known, Recorder
from dockarmor.compile.sharing import Encodings
from dockarmor.policy.features import FeatureSet
from dockarmor.policy.includes import Library
from dockarmor.policy.profile import Policy
from dockarmor.policy.read import read_text, require
from dockarmor.policy.resolve import resolve
from dockarmor.text.diagnostic import DiagnosticError
from dockarmor.text.source import Source
from dockarmor.value import field, frozen, replace


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
        self._known, self._encodings = Known(), Encodings(all_kinds())
        self._program = digest() if cache else b""
        if cache:
            library.forget()  # a record tells how a file looked before it was read

    def build(self, jobs: Sequence[Job], done: Callable[[int], None] = lambda _: None) -> list[Result]:
        """The output of every job, or what is wrong with it. Bytes do not depend on the number of processes.

        `done` is told how many more are finished.
        """
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
        def work(number: int) -> bytes:
            result = self._output(policies[number])
            return b"" if isinstance(result, DiagnosticError) else result.packed()

        largest_first = sorted(policies, key=lambda number: (-_weight(policies[number]), number))
        if min(self._processes, len(policies)) <= 1:
            for number in largest_first:
                yield number, self._output(policies[number])
            return
        for number, packed in scattered(work, largest_first, self._processes):
            # Diagnostics do not travel: the few policies that have any are compiled here once more.
            yield number, Output.unpack(packed) if packed else self._output(policies[number])

    def _output(self, policy: Policy) -> Result:
        settings = self._settings
        if settings.pinned is not None:
            policy = replace(policy, abi=settings.pinned)
        try:
            features, also = settings.features, settings.policy_features
            built = compile_policy(policy, features, also, settings.options, known=self._encodings)
        except DiagnosticError as error:
            return error
        figures = [Figures(size.name, size.bytes, size.file_states, size.policy_states) for size in built.sizes]
        return Output(built.blob, figures, len(built.diagnostics))

    def _remember(self, jobs: Sequence[Job], policies: dict[int, _Read], results: dict[int, Result]) -> None:
        if self._cache is None:
            return
        for number, read in policies.items():
            request = jobs[number].request
            result = results[number]
            if request is not None and isinstance(result, Output) and result.profiles:
                self._cache.keep_request(request, read.key, read.places)
        self._cache.close()


def _weight(policy: Policy) -> int:
    return sum(len(profile.rules) for top in policy.profiles for profile in top.family())
