"""`Embedded`: a kernel.protocol.Kernel that answers in this process from the bytes that were loaded."""

from collections.abc import Mapping, Sequence
from errno import EFBIG, EINVAL, ENOENT, EPROTO, EPROTONOSUPPORT

from dockarmor.access.decision import Decision
from dockarmor.access.request import ChangeProfileRequest, ExecRequest, Request
from dockarmor.compile import MAX_BLOB
from dockarmor.compile.compiled import CompiledPolicy, CompiledProfile
from dockarmor.compile.reader import read_blob
from dockarmor.kernel.embedded import label as labels
from dockarmor.kernel.embedded import query, records, tree
from dockarmor.kernel.embedded.digest import profile_hashes
from dockarmor.kernel.embedded.domain import Domain, keeps, missing_label, without_new_privileges
from dockarmor.kernel.embedded.era import LINUX_6_12, Era
from dockarmor.kernel.embedded.modes import Audited, in_mode
from dockarmor.kernel.embedded.store import Entry, Index, Store, digest_of, serial_of
from dockarmor.kernel.label_text import full_name
from dockarmor.kernel.protocol import KernelError, LoadedProfile, Permissions, Process, Query
from dockarmor.rules.kind import Kind
from dockarmor.text.diagnostic import DiagnosticError
from dockarmor.value import frozen, replace


@frozen
class _Verdict:
    """What one profile decides. `errno` is the error before complain mode forgave it; records show it."""

    profile: str
    decision: Decision
    errno: int


class Embedded:
    """A simulated kernel whose loaded policy lives in a folder (see store.py).

    `features` is what it says it can do, `era` which kernels it is like in what no feature says; `kinds` are
    the rule kinds that decide (rules.registry.ALL).

    What it does not have: tasks. A verdict is one side's: a signal or a ptrace also needs the other task's
    profile to agree, which is another request (`signal receive`, `ptrace tracedby`) of that profile.
    """

    name = "embedded"

    def __init__(
        self, folder: str, features: Mapping[str, object], kinds: Sequence[Kind], *, era: Era = LINUX_6_12
    ) -> None:
        self._store = Store(folder)
        self._features = features
        self._kinds = {request: kind for kind in kinds for request in kind.requests}
        self._era = era
        self._policies: dict[str, CompiledPolicy] = {}
        self._seen = 0

    # -- policy -------------------------------------------------------------------------------------------

    def load(self, blob: bytes, *, replace: bool = True) -> None:
        """See Kernel.load. EPROTO and EPROTONOSUPPORT say that the bytes are no policy, EEXIST that without
        `replace` a profile is there already."""
        if not blob:
            raise KernelError("there is nothing to load", EINVAL)
        if len(blob) > MAX_BLOB:
            raise KernelError(f"the blob is larger than {MAX_BLOB} bytes", EFBIG)
        try:
            policy = read_blob(blob)
        except DiagnosticError as error:
            version = any(found.code == "DA501" for found in error.diagnostics)
            raise KernelError(str(error), EPROTONOSUPPORT if version else EPROTO) from error
        digest = digest_of(blob)
        hashes = profile_hashes(blob, self._era.digest)
        new = [
            Entry(_full_name(profile), digest, position, profile.mode, hashes[position])
            for position, profile in enumerate(policy.profiles)
        ]
        self._store.change(lambda old: tree.loaded(old.entries, new, replace=replace), {digest: blob})

    def remove(self, name: str) -> None:
        """See Kernel.remove; `:namespace:` removes a namespace."""
        self._store.change(lambda old: tree.removed(old.entries, name), {})

    def profiles(self) -> Sequence[LoadedProfile]:
        return [
            LoadedProfile(entry.name, entry.mode, entry.hash) for entry in tree.listed(self._store.index().entries)
        ]

    def blob_of(self, name: str) -> bytes | None:
        """The bytes that brought a profile, with what came with it; None where it is not loaded."""
        entry = next((one for one in self._store.index().entries if one.name == name), None)
        return None if entry is None else self._store.blob(entry.blob)

    def processes(self) -> Sequence[Process]:
        """None: nothing runs in the embedded kernel."""
        return []

    def unconfined(self) -> Sequence[Process]:
        return []

    def features(self) -> Mapping[str, object]:
        return self._features

    # -- asking -------------------------------------------------------------------------------------------

    def access(self, queries: Sequence[Query]) -> Sequence[Permissions]:
        index = self._store.index()
        found: dict[str, list[CompiledProfile]] = {}
        answers = []
        for asked in queries:
            if query.size(asked) > query.MAX_QUERY:
                raise KernelError(f"a query has at most {query.MAX_QUERY} bytes", EFBIG)
            if asked.label not in found:
                names = labels.in_one_namespace(labels.components(asked.label))
                found[asked.label] = self._confined(names, index)
            answers.append(query.answer(found[asked.label], asked, self._era))
        return answers

    def ask(self, label: str, request: Request) -> Decision:
        """The verdict on a request of a task with this label: every profile of a stack must allow it.

        Raises KernelError (ENOENT) for a label that is not loaded, (EINVAL) for a class that is not the
        kernel's to decide.
        """
        return self._together(label, request, self._verdicts(label, request))

    def attempt(self, label: str, request: Request, task: records.Task, seconds: int, milliseconds: int) -> Decision:
        """Ask, and write the audit records that the kernel would write; the clock is the caller's."""
        verdicts = self._verdicts(label, request)
        if task.no_new_privs and isinstance(request, ExecRequest | ChangeProfileRequest):
            verdicts = self._without_new_privileges(label, request, verdicts)
        logged = [verdict for verdict in verdicts if verdict.decision.record is not None]
        self._store.append(
            lambda serial: [
                f"{records.Stamp(seconds, milliseconds, serial)}: {self._body(verdict, request, task)}"
                for verdict in logged
            ]
        )
        return self._together(label, request, verdicts)

    def events(self) -> Sequence[str]:
        """Records that this object has not given out yet, oldest first, as far back as the ring goes."""
        new = [line for line in self._store.events() if serial_of(line) > self._seen]
        if new:
            self._seen = serial_of(new[-1])
        return new

    # -- how ----------------------------------------------------------------------------------------------

    def _verdicts(self, label: str, request: Request) -> list[_Verdict]:
        """What each confined profile of the label decides."""
        kind = self._kinds.get(type(request))
        if kind is None or kind.decide is None:
            raise KernelError("the kernel does not decide requests of this class", EINVAL)
        index = self._store.index()
        verdicts = []
        for profile in self._confined(labels.components(label), index):
            name = _full_name(profile)
            asked = Audited(profile) if profile.audit else profile
            decided = kind.decide(asked, request)
            if isinstance(request, ExecRequest):
                domain = Domain(name, self._loaded(index), self._era.names_missing)
                decided = domain.after(profile, request, decided)
            elif isinstance(request, ChangeProfileRequest) and not self._known(request.target, index):
                decided = missing_label(request)
            decision = in_mode(profile.mode, name, request, decided, learns=self._era.learns)
            verdicts.append(_Verdict(name, decision, decided.errno))
        return verdicts

    def _without_new_privileges(self, label: str, request: Request, verdicts: list[_Verdict]) -> list[_Verdict]:
        """Refused where an allowed transition would leave a profile behind."""
        together = self._together(label, request, verdicts)
        if not together.allowed or keeps((verdict.profile for verdict in verdicts), request, together):
            return verdicts
        decision = without_new_privileges(request, together)
        return [_Verdict(verdict.profile, decision, decision.errno) for verdict in verdicts]

    def _together(self, label: str, request: Request, verdicts: Sequence[_Verdict]) -> Decision:
        """The verdict of the whole label. An exec by what confines nothing still leads where a profile attaches."""
        decisions = [verdict.decision for verdict in verdicts]
        if isinstance(request, ExecRequest):
            confined = {verdict.profile for verdict in verdicts}
            for name in labels.components(label):
                if name not in confined:
                    target = Domain(name, self._loaded(self._store.index())).unconfined(request.path)
                    decisions.insert(0, Decision(allowed=True, target=target))
        return _together(decisions)

    def _loaded(self, index: Index) -> dict[str, CompiledProfile]:
        return {entry.name: self._profile(entry) for entry in tree.listed(index.entries)}

    def _confined(self, names: Sequence[str], index: Index) -> list[CompiledProfile]:
        """The profiles of these names, without those that confine nothing."""
        by_name = {entry.name: entry for entry in index.entries}
        profiles = []
        for name in names:
            entry = by_name.get(name)
            if entry is not None:
                profiles.append(self._profile(entry))
            elif records.split_namespace(name)[1] != labels.UNCONFINED:
                raise KernelError(f"profile {name} is not loaded", ENOENT)
        return [profile for profile in profiles if profile.mode != labels.UNCONFINED]

    def _known(self, label: str, index: Index) -> bool:
        """Is every profile of this label loaded, or none?"""
        names = {entry.name for entry in index.entries}
        parts = labels.components(label)
        return all(part in names or records.split_namespace(part)[1] == labels.UNCONFINED for part in parts)

    def _profile(self, entry: Entry) -> CompiledProfile:
        policy = self._policies.get(entry.blob)
        if policy is None:
            policy = self._policies[entry.blob] = read_blob(self._store.blob(entry.blob))
        return policy.profiles[entry.position]

    def _body(self, verdict: _Verdict, request: Request, task: records.Task) -> str:
        kind = self._kinds[type(request)]
        decision = verdict.decision
        assert kind.record is not None
        assert decision.record is not None
        return records.body(
            decision.record,
            verdict.profile,
            records.of_task(kind.record(request, decision), request, task),
            task,
            info=decision.info,
            error=verdict.errno,
            classes=self._era.classes,
        )


def _full_name(profile: CompiledProfile) -> str:
    """A profile's name as the kernel lists it."""
    own, name = records.split_namespace(profile.name)
    return full_name(own or profile.namespace, name)


def _together(decisions: Sequence[Decision]) -> Decision:
    """The verdict of a stack: the last refusal counts, as in the kernel; no profile, no refusal."""
    if not decisions:
        return Decision(allowed=True)
    refused = [decision for decision in decisions if not decision.allowed]
    chosen = refused[-1] if refused else next((one for one in decisions if one.record), decisions[-1])
    denied = 0
    for decision in decisions:
        denied |= decision.denied
    targets = "//&".join(decision.target for decision in decisions if decision.target is not None)
    return replace(
        chosen,
        denied=denied,
        target="//&".join(labels.components(targets)) if targets else None,
        matches=tuple(match for decision in decisions for match in decision.matches),
    )
