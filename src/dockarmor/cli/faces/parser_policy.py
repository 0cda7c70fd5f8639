"""Policy text behind apparmor_parser's arguments: compiled, named, or with its includes in place.

Imported where the cache has no answer, since it brings the parser and the compiler along.
"""

import os
from errno import ECHILD, ENOMEM

from dockarmor.cli.compiling import unreadable
from dockarmor.cli.faces.parser_cache import features_text
from dockarmor.cli.faces.parser_options import STDIN, Stop, Wanted, warn
from dockarmor.cli.faces.parser_options import say as say_line
from dockarmor.cli.policy import read_argument, shown
from dockarmor.compile.batch import Batch, Job, Settings, output_of
from dockarmor.compile.cache import Output
from dockarmor.compile.pipeline import Options, compile_policy
from dockarmor.compile.pool import WorkerKilled
from dockarmor.policy.features import FeatureSet, builtin
from dockarmor.policy.profile import Policy, Profile
from dockarmor.policy.read import library, read_text, require
from dockarmor.text.diagnostic import DiagnosticError, Severity
from dockarmor.text.latin import path_text
from dockarmor.text.source import Source
from dockarmor.value import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from dockarmor.cli.faces.parser_files import PolicyFile

#: the codes of warnings that belong to one of the original's classes
_CLASSES = {
    **dict.fromkeys(("DA420", "DA422", "DA423", "DA427", "DA410", "DA411"), "rule-not-enforced"),
    **dict.fromkeys(("DA421", "DA424", "DA425", "DA426"), "rule-downgraded"),
}
_TOLD = {"abi", *_CLASSES.values()}
#: where neither a kernel nor a file says more
_DEFAULT = "default"


class Compiler:
    """Reads and compiles the files of a run. `features`: the kernel's as text, None where there are none."""

    def __init__(self, wanted: Wanted, search: "Sequence[str]", features: bytes | None) -> None:
        self._wanted = wanted
        given = wanted.values.get("namespace")
        self.namespace = None if given is None else path_text(given)
        *folders, base = map(path_text, search)
        self._library = library(base, tuple(folders))
        self._features = builtin(_DEFAULT) if features is None else _parsed("the kernel", features)

    def compile(self, files: "Sequence[PolicyFile]", complain: bool) -> "list[Output | DiagnosticError]":
        """The output of each file, or what is wrong with it; a file that cannot be read is a diagnostic, too."""
        jobs: dict[int, Job] = {}
        results: dict[int, Output | DiagnosticError] = {}
        for at, file in enumerate(files):
            try:
                jobs[at] = self._job(file.path)
            except OSError as error:
                results[at] = unreadable(file.path, error)
        if self.namespace is not None or _TOLD & (self._wanted.warnings | self._wanted.errors):
            for at, job in jobs.items():
                results[at] = self._compile_with_warnings(job, path_text(files[at].argument), complain)
        else:
            batch = Batch(self._library, self._settings(complain), None, self._processes(len(jobs)))
            results |= zip(jobs, self._built(batch, list(jobs.values())), strict=True)
        return [results[at] for at in range(len(files))]

    def profiles(self, name: str) -> "tuple[Profile, ...]":
        """The profiles of a file, not compiled. Raises OSError, DiagnosticError."""
        return require(read_text(source(name), self._library)).policy.profiles

    def _built(self, batch: Batch, jobs: "list[Job]") -> "list[Output | DiagnosticError]":
        """Raises Stop where a worker was killed, or had no memory left."""
        try:
            return batch.build(jobs)
        except WorkerKilled as error:
            say(f"{self._wanted.program}: {error}")
            raise Stop(ECHILD) from None
        except MemoryError:
            say(f"{self._wanted.program}: {os.strerror(ENOMEM)}")
            raise Stop(1) from None

    def _job(self, name: str) -> Job:
        if name != STDIN and os.path.isfile(name):
            return Job(shown(name))
        return Job(name, source(name))

    def _settings(self, complain: bool) -> Settings:
        options = Options(complain=complain, namespace=self.namespace)
        return Settings(
            self._features,
            b"",
            options,
            # As the original: about what kernel 5.4 has (docs/decisions/0011).
            self._given("policy-features") or builtin(_DEFAULT),
            self._given("override-policy-abi"),
        )

    def _given(self, option: str) -> FeatureSet | None:
        place = self._wanted.values.get(option)
        return None if place is None else _parsed(place, features_text(place, "policy-features"))

    def _processes(self, count: int) -> int:
        from dockarmor.compile.pool import processors

        jobs = self._wanted.jobs or processors()
        return min(count, jobs, int(self._wanted.values.get("max-jobs", 8 * processors())))

    def _compile_with_warnings(self, job: Job, argument: str, complain: bool) -> "Output | DiagnosticError":
        settings = self._settings(complain)
        try:
            text = job.source or source(job.path)
            policy = require(read_text(text, self._library)).policy
            if self._warn_of_text(argument, job.path, text, policy):
                return DiagnosticError(())
            if self.namespace is not None:  # in their order there
                policy = replace(policy, profiles=tuple(sorted(policy.profiles, key=lambda profile: profile.name)))
            if settings.pinned is not None:
                policy = replace(policy, abi=settings.pinned)
            built = compile_policy(policy, settings.features, settings.policy_features, settings.options)
        except OSError as error:
            return unreadable(job.path, error)
        except DiagnosticError as error:
            return error
        fatal = False
        for one in built.diagnostics:
            place, line = (one.span.source.name, one.span.position[0]) if one.span else (job.path, 1)
            fatal |= self._warn(_CLASSES.get(one.code, ""), f"{argument} ({place} line {line})", one.message)
        if fatal:
            return DiagnosticError(())
        return output_of(built)

    def _warn_of_text(self, argument: str, name: str, text: Source, policy: Policy) -> bool:
        """What the original says while it reads. Is any of it to count as an error?"""
        program, space = self._wanted.program, self.namespace
        tops = sorted(policy.profiles, key=lambda profile: profile.span.start)
        if not policy.has_abi and "policy-features" not in self._wanted.values:
            line = tops[0].span.position[0] if tops else text.position(len(text.text))[0]
            message = f"{program}: File '{name}' missing feature abi, falling back to default policy feature abi"
            if self._warn("abi", f"{argument} ({name} line {line})", message):
                return True
        for top in tops:
            if space is not None and top.namespace is not None:
                line = top.span.source.position(top.span.end)[0]
                message = f"{program}: -n {space} overriding policy specified namespace :{top.namespace}:"
                if self._warn("override", f"{argument} ({top.span.source.name} line {line})", message):
                    return True
        return False

    def _warn(self, about: str, place: str, message: str) -> bool:
        """Say it if that was asked for; whether it is to count as an error."""
        return warn(self._wanted, about, _native(place), _native(message))


def source(name: str) -> Source:
    """The text behind an argument. Raises OSError."""
    if name == STDIN:
        return Source.from_bytes(name, read_argument("-"))
    if name == os.devnull:
        return Source.from_bytes(name, b"")
    return Source.from_bytes(shown(name), read_argument(name))


def say_errors(argument: str, path: str, error: DiagnosticError | OSError) -> None:
    """The errors of a file as the original words them, as far as its words are about where they are."""
    if isinstance(error, OSError):
        error = unreadable(path, error)
    whose = "" if argument == STDIN else f" for {path_text(argument)}"
    for one in error.diagnostics:
        if one.severity is not Severity.ERROR:
            continue
        where = ""
        if one.span is not None:
            file = one.span.source.name
            where = f"{'' if file == STDIN else f' in profile {file}'} at line {one.span.position[0]}"
        say(f"AppArmor parser error{whose}{where}: {one.message}")


def full_names(profiles: "Sequence[Profile]", namespace: str | None) -> list[str]:
    """The names of profiles with all below them, in order."""
    found = []
    for top in profiles:
        space = namespace or top.namespace
        found += [f":{space}://{one.name}" if space else one.name for one in top.family()]
    return sorted(found, key=lambda name: (name.startswith(":"), name))


def _parsed(name: str, text: bytes) -> FeatureSet:
    try:
        return FeatureSet.parse(name, text.decode("latin-1"))
    except DiagnosticError as error:
        for one in error.diagnostics:
            say(f"Failed to load features from '{name}': {one.message}")
        raise Stop(1) from None


def say(line: str) -> None:
    """A line on standard error in which names are policy text."""
    say_line(_native(line))


def _native(text: str) -> str:
    """Policy text as the names of files are written."""
    return os.fsdecode(text.encode("latin-1", "backslashreplace"))
