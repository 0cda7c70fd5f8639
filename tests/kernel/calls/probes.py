"""What a table of calls is made of, and how a class of them is judged."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from dockarmor.access.grammar import parse_request
from dockarmor.kernel.embedded.kernel import Embedded
from dockarmor.kernel.embedded.records import Task
from dockarmor.kernel.lab import Lab

PYTHON = ["/usr/bin/python3", "-S", "-E", "-B", "/lab/probe.py"]
#: what a class's profile allows beside what the class is about
EVERYTHING = (
    *("file", "capability", "network", "unix", "signal", "ptrace", "mount", "umount", "pivot_root"),
    *("userns", "io_uring", "change_profile"),
)
KERNELS = ("lab 6.1", "lab 6.12", "lab 6.17")


@dataclass(frozen=True)
class Ended:
    """What came of a call: done or refused, and the kernel's records of it."""

    done: bool
    records: tuple[str, ...] = ()


@dataclass(frozen=True)
class Probe:
    """A call (code of probe.py), and the requests that the kernel makes of it, in its order.

    A request of another task's profile stands behind that label and a colon. `setup` runs unconfined before.
    `kernels`: where the kernel has what is called; elsewhere nothing is asked. `allows`: where no request says
    what is to happen (labels, limits), what the policy that `embedded` holds says. `result`: what the code is to
    find where it is allowed. `unmediated`: kernels that have the call but do not ask AppArmor about it.
    """

    code: str
    requests: tuple[str, ...] = ()
    setup: str = ""
    kernels: tuple[str, ...] = KERNELS
    allows: Callable[[Embedded], bool] | None = None
    result: object = None
    unmediated: tuple[str, ...] = ()
    profile: str | None = None
    logged: bool = True


@dataclass(frozen=True)
class Class:
    """A mediation class: the profile `lab-NAME` allows everything but has only `rules` for what is `left_out`."""

    name: str
    left_out: tuple[str, ...]
    rules: str
    probes: Mapping[str, Probe]
    others: str = ""
    flags: str = ""
    kernels: tuple[str, ...] = KERNELS
    files: Sequence[str] = field(default_factory=tuple)

    @property
    def label(self) -> str:
        return f"lab-{self.name}"

    def policy(self) -> str:
        """All profiles of the class."""
        rest = ", ".join(word for word in EVERYTHING if word not in self.left_out)
        return f"profile {self.label} {self.flags} {{ {rest},\n{self.rules} }}\n{self.others}"


def made(lab: Lab, probes: Mapping[str, Probe], label: str | None) -> dict[str, dict[str, object]]:
    """Make all calls; how each ended, with its records under `records`."""
    asked = [
        [name, None if label is None else probe.profile or label, probe.setup, probe.code]
        for name, probe in probes.items()
    ]
    run = lab.run(PYTHON, stdin=json.dumps(asked).encode() + b"\n", timeout=120)
    assert run.status == 0, run.stderr.decode()
    found: dict[str, dict[str, object]] = json.loads(run.stdout)
    for ended in found.values():
        mark = f" pid={ended.get('pid')} "
        ended["records"] = tuple(
            line.partition("): ")[2] for line in run.records if line.startswith("type=1400") and mark in line
        )
    return found


def predicted(embedded: Embedded, lab: Lab, probe: Probe, label: str, pid: int) -> Ended:
    """What the embedded kernel says of a call."""
    if probe.allows is not None:
        return Ended(probe.allows(embedded))
    if lab.name in probe.unmediated:
        return Ended(True)
    decisions = []
    for line in probe.requests:
        subject, colon, request = line.partition(": ")
        subject, request = (subject, request) if colon else (probe.profile or label, line)
        decisions.append(embedded.attempt(subject, parse_request(request), Task(pid, b"python3", 0, 0), 1, 2))
        if not decisions[-1].allowed and not subject.startswith("lab-peer") and "both" not in probe.setup:
            break
    records = tuple(line.partition("): ")[2] for line in embedded.events())
    return Ended(all(decision.allowed for decision in decisions), records)
