"""A profile inside a kernel, asked through its `.access` file: an access.confinement.Confinement.

The kernel gives permissions at the end of a string, not states. A state here is the string that leads to it, so
no state is ever known to be dead: what the kernel would deny half-way it denies at the end. A class that the
kernel does not mediate answers that everything is allowed.
"""

from dockarmor.access.confinement import CapabilityWords, StatePermissions
from dockarmor.access.decision import Decision
from dockarmor.access.mediation import Mediation
from dockarmor.access.request import CapabilityRequest, ExecRequest, LinkRequest, Request
from dockarmor.kernel.protocol import Kernel, KernelError, Query
from dockarmor.rules.registry import BY_REQUEST

# What `.access` cannot answer: capabilities are in no table, exec and link need more than four words.
_UNASKABLE = (CapabilityRequest, ExecRequest, LinkRequest)


class QueriedTable:
    """One table of a profile in a kernel. State 0 is never given: it would be the trap."""

    def __init__(self, kernel: Kernel, label: str, file: bool) -> None:
        self._kernel = kernel
        self._label = label
        self._file = file
        self._strings: list[bytes] = [b"", b""]

    def start(self) -> int:
        return 1

    def class_start(self, mediation: int) -> int:
        return self.walk(1, bytes((mediation,)))

    def walk(self, state: int, data: bytes) -> int:
        self._strings.append(self._strings[state] + data)
        return len(self._strings) - 1

    def permissions(self, state: int, *, owner: bool = True) -> StatePermissions:
        string = self._strings[state]
        mediation, match = (Mediation.FILE, string) if self._file else (string[0], string[1:])
        answer = self._kernel.access([Query(self._label, mediation, match)])[0]
        return StatePermissions(answer.allow, answer.deny, answer.audit, answer.quiet)


class QueriedProfile:
    """A loaded profile of a kernel."""

    def __init__(self, kernel: Kernel, label: str, mode: str = "enforce") -> None:
        self.name = label
        self.mode = mode
        self.file = QueriedTable(kernel, label, file=True)
        self.policy = QueriedTable(kernel, label, file=False)
        self.capabilities = CapabilityWords()
        self.exec_table: tuple[str, ...] = ()


def ask_kernel(kernel: Kernel, label: str, request: Request) -> Decision:
    """The kernel's own verdict on a request. Raises KernelError for requests that `.access` cannot answer."""
    kind = BY_REQUEST.get(type(request))
    if kind is None or kind.decide is None or isinstance(request, _UNASKABLE):
        raise KernelError(
            f"`.access` does not answer {type(request).__name__.removesuffix('Request').lower()} requests"
        )
    return kind.decide(QueriedProfile(kernel, label), request)
