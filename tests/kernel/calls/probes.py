"""What a table of calls is made of, and how a class of them is judged."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from dockarmor.access.grammar import parse_request
from dockarmor.compile.reader import read_blob
from dockarmor.kernel.embedded.kernel import Embedded
from dockarmor.kernel.embedded.records import Task
from dockarmor.kernel.lab import Lab

PYTHON = ["/usr/bin/python3", "-S", "-E", "-B", "/lab/probe.py"]
#: what no request has: an inet socket's ends, and from 7.2 on the program that asks for a user namespace
_BESIDES = re.compile(r" (?:laddr|lport|faddr|fport|execpath)=[^ ]*")
_OPERATION = re.compile('operation="[^"]*"')
#: what a class's profile allows beside what the class is about
EVERYTHING = (
    *("file", "capability", "network", "unix", "signal", "ptrace", "mount", "umount", "pivot_root"),
    *("userns", "io_uring", "change_profile"),
)
KERNELS = ("lab 6.1", "lab 6.12", "lab 6.17")


@dataclass(frozen=True)
class Ended:
    """What came of a call: done or refused, the kernel's records of it, and what it found."""

    done: bool
    records: tuple[str, ...] = ()
    result: object = None


@dataclass(frozen=True)
class Probe:
    """A call (code of probe.py), and the requests that the kernel makes of it, in its order.

    The kernel stops at the first that is refused. A request of another task's profile stands behind that label
    and a colon; it is made in any case. `no_new_privs` before a request says it of the task. `setup` runs
    unconfined before. `kernels`: where the call is made. `allows`: where no request says what is to happen
    (hats, limits), what the policy that `embedded` holds says. `result`: what the code finds where it is allowed.
    `free`: it succeeds without a profile. `unmediated`: kernels that have the call but do not ask AppArmor.
    `logged`: records are compared, too. `ouid`: who owns the file that is another's. `operation`: how records call
    it, where the request does not say it.
    """

    code: str
    requests: tuple[str, ...] = ()
    setup: str = ""
    kernels: tuple[str, ...] = KERNELS
    allows: Callable[[Embedded], bool] | None = None
    result: object = None
    unmediated: tuple[str, ...] = ()
    profile: str | None = None
    free: bool = True
    ouid: int = 0
    operation: str | None = None
    logged: bool = True


@dataclass(frozen=True)
class Class:
    """A mediation class: the profile `lab-NAME` allows everything but has only `rules` for what is `left_out`.

    `subject`: under what its calls are made, if not under that profile. `free`: they succeed without one.
    `logged`: records are compared, too.
    """

    name: str
    left_out: tuple[str, ...]
    rules: str
    probes: Mapping[str, Probe]
    others: str = ""
    flags: str = ""
    subject: str | None = None
    kernels: tuple[str, ...] = KERNELS
    free: bool = True
    logged: bool = True

    @property
    def label(self) -> str:
        return f"lab-{self.name}"

    def policy(self) -> str:
        """All profiles of the class."""
        rest = ", ".join(word for word in EVERYTHING if word not in self.left_out)
        return f"profile {self.label} {self.flags} {{ {rest},\n{self.rules} }}\n{self.others}"


def limit_of(resource: int, value: int) -> Callable[[Embedded], bool]:
    """Does the policy let a task of `lab-rlimit` have this limit (resource.c, aa_task_setrlimit)?"""

    def allows(embedded: Embedded) -> bool:
        profile = read_blob(embedded.blob_of("lab-rlimit") or b"").profiles[0]
        return value <= profile.limits.get(resource, value)

    return allows


def made(lab: Lab, probes: Mapping[str, Probe], label: str | None) -> dict[str, dict[str, Any]]:
    """Make all calls; how each ended, with its records under `records`."""
    asked = [
        [name, None if label is None else probe.profile or label, probe.setup, probe.code]
        for name, probe in probes.items()
    ]
    run = lab.run(PYTHON, stdin=json.dumps(asked).encode() + b"\n", timeout=120)
    assert run.status == 0, run.stderr.decode()
    found: dict[str, dict[str, Any]] = json.loads(run.stdout)
    for ended in found.values():
        mark = f" pid={ended.get('pid')} "
        ended["records"] = tuple(
            _BESIDES.sub("", line.partition("): ")[2])
            for line in run.records
            if line.startswith("type=1400") and mark in line
        )
    return found


def predicted(embedded: Embedded, lab: Lab, probe: Probe, label: str, pid: int) -> Ended:
    """What the embedded kernel says of a call."""
    if probe.allows is not None:
        return Ended(probe.allows(embedded))
    if lab.name in probe.unmediated:
        return Ended(True)
    decisions, refused = [], False
    for line in probe.requests:
        subject, colon, request = line.partition(": ")
        if refused and not colon:
            continue
        subject, request = (subject, request) if colon else (probe.profile or label, line)
        privileged = not request.startswith("no_new_privs ")
        task = Task(pid, b"python3", 0, probe.ouid, no_new_privs=not privileged)
        decisions.append(embedded.attempt(subject, parse_request(request.removeprefix("no_new_privs ")), task, 1, 2))
        refused = refused or not (colon or decisions[-1].allowed)
    records = tuple(line.partition("): ")[2] for line in embedded.events())
    if probe.operation is not None:
        records = tuple(_OPERATION.sub(f'operation="{probe.operation}"', record) for record in records)
    return Ended(all(decision.allowed for decision in decisions), records)
