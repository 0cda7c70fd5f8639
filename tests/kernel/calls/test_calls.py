"""Each mediation class: calls that are allowed and calls that are denied, as the embedded kernel says."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from beyond import DELETED, DISCONNECTED, MQUEUE, STACK
from labels import CHANGE_HAT, CHANGE_PROFILE, EXEC, NO_NEW_PRIVS
from mounts import MOUNT
from paths import FILE
from probes import Class, Ended, Probe, made, predicted
from sockets import NETWORK, UNIX, UNIX_BY_TYPE
from tasks import CAPABILITY, IO_URING, PTRACE, RLIMIT, SIGNAL, USERNS

from dockarmor.access.event import Event
from dockarmor.audit.meaning import request_of
from dockarmor.audit.record import read_record
from dockarmor.compile.pipeline import compile_policy
from dockarmor.kernel.embedded.era import LINUX_6_1, LINUX_6_12, LINUX_6_17
from dockarmor.kernel.embedded.kernel import Embedded
from dockarmor.kernel.lab import Lab
from dockarmor.policy.builtin import builtin_base
from dockarmor.policy.features import FeatureSet
from dockarmor.policy.read import library, read_text, require
from dockarmor.rules.registry import ALL
from dockarmor.text.source import Source

pytestmark = pytest.mark.lab

#: refusals that no request can say: of the task, of the name, of a mount
NOT_BY_RULE = ("no new privs", "label not found", "Failed name lookup - disconnected path")
TABLE = (
    *(MOUNT, SIGNAL, PTRACE, CAPABILITY, USERNS, IO_URING, RLIMIT),
    *(EXEC, CHANGE_PROFILE, CHANGE_HAT, NO_NEW_PRIVS),
    *(NETWORK, UNIX_BY_TYPE, UNIX, FILE),
    *(DISCONNECTED, DELETED, STACK, MQUEUE),
)
CLASSES = {one.name: one for one in TABLE}


@pytest.fixture
def embedded(prober: Lab, tmp_path: Path) -> Iterator[Embedded]:
    """Its like in this process; what a test loads into the machine is removed again."""
    era = {"lab 6.1": LINUX_6_1, "lab 6.12": LINUX_6_12}.get(prober.name, LINUX_6_17)
    kernel = Embedded(str(tmp_path), prober.features(), ALL, era=era)
    yield kernel
    for name in {profile.name.partition("//")[0] for profile in prober.profiles()}:
        prober.remove(name)


def loaded(kernels: tuple[Lab, Embedded], one: Class) -> None:
    features = FeatureSet.from_tree(kernels[0].name, kernels[0].features())
    policy = require(read_text(Source(one.name, one.policy()), library(builtin_base()))).policy
    blob = compile_policy(policy, features).blob
    for kernel in kernels:
        kernel.load(blob)


@pytest.mark.parametrize("name", CLASSES)
def test_calls_end_as_the_embedded_kernel_says(prober: Lab, embedded: Embedded, name: str) -> None:
    one = CLASSES[name]
    if prober.name not in one.kernels:
        pytest.skip(f"{prober.name} does not mediate this class")
    loaded((prober, embedded), one)
    probes = {name: probe for name, probe in one.probes.items() if prober.name in probe.kernels}
    free = made(prober, {name: probe for name, probe in probes.items() if probe.free and one.free}, None)
    assert {name: ended for name, ended in free.items() if ended.get("errno") or "error" in ended} == {}
    ended = made(prober, probes, one.subject or one.label)
    pairs = {name: compared(embedded, prober, one, probes[name], end) for name, end in ended.items()}
    differ = [f"{name}:\n  real {real}\n  ours {ours}" for name, (real, ours) in pairs.items() if real != ours]
    assert not differ, "\n".join(differ)
    verdicts = [ours.done for _, ours in pairs.values()]
    lines = [line for real, _ in pairs.values() for line in real.records]
    counts = f"{verdicts.count(True)} allowed, {verdicts.count(False)} denied, {len(lines)} records"
    print(f"{prober.name}: {one.name}: {counts}")
    assert True in verdicts
    assert False in verdicts
    assert [line for line in lines if not refused(embedded, line)] == []


def compared(embedded: Embedded, lab: Lab, one: Class, probe: Probe, end: dict[str, Any]) -> tuple[Ended, Ended]:
    """How a call ended, and how it was to end."""
    assert end.get("step") == "code", end
    ours = predicted(embedded, lab, probe, one.subject or one.label, end["pid"])
    wanted = probe.result(embedded) if callable(probe.result) else probe.result
    records = ours.records if probe.logged and one.logged else end["records"]
    done = end.get("errno") == 0 and "error" not in end
    result = end["result"] if ours.done and "result" in end else end.get("error")
    return Ended(done, end["records"], result), Ended(ours.done, records, wanted if ours.done else None)


def refused(embedded: Embedded, line: str) -> bool:
    """Is what a record says was refused, read back as a request, refused by the embedded kernel, too?"""
    event = read_record(f"type=1400 audit(1.002:3): {line}")
    assert isinstance(event, Event)
    request = request_of(event)
    if event.kind != "DENIED" or request is None or event.fields.get("info") in NOT_BY_RULE:
        return True
    return not embedded.ask(event.profile, request).allowed
