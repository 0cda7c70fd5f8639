"""Real system calls of a confined process: the verdict and the record are the embedded kernel's, field by field."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from dockarmor.access.event import Event
from dockarmor.access.grammar import parse_request
from dockarmor.ask.subject import from_policy
from dockarmor.audit.record import read_record
from dockarmor.kernel.embedded.era import LINUX_6_1, LINUX_6_12, LINUX_6_17
from dockarmor.kernel.embedded.kernel import Embedded
from dockarmor.kernel.embedded.records import Task
from dockarmor.kernel.lab import Lab
from dockarmor.kernel.protocol import KernelError
from dockarmor.policy.builtin import builtin_base
from dockarmor.policy.features import FeatureSet
from dockarmor.policy.read import library, read_text, require
from dockarmor.rules.registry import ALL
from dockarmor.text.source import Source

pytestmark = pytest.mark.lab

# A plain deny writes no record, so each says `audit`.
RULES = """
  file, capability, network, unix, signal, ptrace, mount, umount, pivot_root,
  audit deny /proc/sysrq-trigger w,
  audit deny /proc/kcore r,
  audit deny /sys/kernel/security/** r,
  audit deny /sys/fs/cgroup/** w,
  audit deny "/tmp/lab name" rw,
  audit deny /tmp/owned/* w,
  audit deny mount fstype=tmpfs -> /mnt/,
  audit deny umount /dev/shm/,
  audit deny ptrace read peer=unconfined,
  audit deny signal send set=usr1 peer=unconfined,
  audit deny network inet raw,
  audit deny network alg,
  audit deny capability sys_time,
  audit deny link /tmp/lab-link -> /etc/passwd,
  audit deny /bin/true x,
  deny /root/** r,
  audit /etc/passwd r,
"""
# Complain comes last: there the calls are carried out, and cannot be made a second time.
MODES = {"lab-enforce": "", "lab-audit": "flags=(audit)", "lab-complain": "flags=(complain)"}
PROFILES = "".join(f"profile {name} {flags} {{{RULES}}}\n" for name, flags in MODES.items())


@dataclass(frozen=True)
class Call:
    """A program, and the requests that it makes of the kernel beside what everything may."""

    argv: tuple[str, ...]
    requests: tuple[str, ...]
    uid: int = 0


def python(code: str) -> tuple[str, ...]:
    return ("/usr/bin/python3", "-S", "-E", "-c", code)


SILENT = Call(("/bin/cat", "/root/secret"), ("file r /root/secret",))
CALLS = {
    "sysrq": Call(python("import os; os.open('/proc/sysrq-trigger', 1)"), ("file w /proc/sysrq-trigger",)),
    "kcore": Call(("/bin/dd", "if=/proc/kcore", "bs=1", "count=1"), ("file r /proc/kcore",)),
    "securityfs": Call(
        ("/bin/cat", "/sys/kernel/security/apparmor/profiles"),
        ("file r /sys/kernel/security/apparmor/profiles",),
    ),
    "cgroup": Call(("/bin/mkdir", "/sys/fs/cgroup/lab/"), ("file c /sys/fs/cgroup/lab/",)),
    "mount": Call(
        ("/bin/mount", "-t", "tmpfs", "-o", "ro,nosuid,nodev", "lab fs", "/mnt"),
        ('mount fstype=tmpfs options=(ro,nosuid,nodev,silent) "lab fs" -> /mnt/',),
    ),
    "umount": Call(("/bin/umount", "/dev/shm"), ("umount /dev/shm/",)),
    "ptrace": Call(python("import os; os.readlink('/proc/1/exe')"), ("ptrace read peer=unconfined",)),
    "signal": Call(("/bin/kill", "-USR1", "1"), ("signal send usr1 peer=unconfined",)),
    "capability": Call(python("import time; time.clock_settime(0, time.time())"), ("capability sys_time",)),
    "raw socket": Call(python("import socket; socket.socket(2, 3, 1)"), ("network create inet raw protocol=1",)),
    "alg socket": Call(python("import socket; socket.socket(38, 5, 0)"), ("network create alg seqpacket",)),
    "link": Call(
        python("import os; os.link('/etc/passwd', '/tmp/lab-link')"), ("link /tmp/lab-link -> /etc/passwd",)
    ),
    "exec": Call(("/bin/sh", "-c", "/bin/true; exit $?"), ("exec /bin/true",)),
    "hex name": Call(("/bin/cat", "/tmp/lab name"), ('file r "/tmp/lab name"',)),
    "unlink": Call(("/bin/rm", "-f", "/tmp/owned/file"), ("file d /tmp/owned/file",)),
    "chmod": Call(("/bin/chmod", "700", "/tmp/owned/file"), ("file chmod /tmp/owned/file",)),
    "owner": Call(python("import os; os.open('/tmp/owned/file', 1)"), ("file w /tmp/owned/file",), uid=0),
    "other": Call(python("import os; os.open('/tmp/owned/file', 1)"), ("file w /tmp/owned/file other",), uid=1000),
    "granted": Call(("/bin/cat", "/etc/passwd"), ("file r /etc/passwd",)),
}
#: calls that are not made where nothing stops them
IRREVOCABLE = {
    "signal": "it would end the guest's first process",
    "alg socket": "the guest has no module for it, so it fails whatever AppArmor says",
}


@pytest.fixture
def kernels(lab_kernel: Lab, tmp_path: Path) -> Iterator[tuple[Lab, Embedded]]:
    features = FeatureSet.from_tree(lab_kernel.name, lab_kernel.features())
    resolved = require(read_text(Source("test", PROFILES), library(builtin_base())))
    blob = from_policy("test", resolved.policy, features).blob
    era = {"lab 6.1": LINUX_6_1, "lab 6.12": LINUX_6_12}.get(lab_kernel.name, LINUX_6_17)
    embedded = Embedded(str(tmp_path), lab_kernel.features(), ALL, era=era)
    for kernel in (lab_kernel, embedded):
        kernel.load(blob)
    lab_kernel.put_file("/tmp/lab name", b"")
    lab_kernel.put_file("/tmp/owned/file", b"", 0o666)
    lab_kernel.put_file("/root/secret", b"")
    yield lab_kernel, embedded
    for name in MODES:
        lab_kernel.remove(name)


def made(lab: Lab, profile: str, call: Call) -> tuple[bool, list[str]]:
    """Make the call: did it succeed, and what did the kernel write, less what every program's start writes."""
    try:
        run = lab.run(call.argv, profile=profile, uid=call.uid)
    except KernelError:  # the shell itself may not run
        return False, []
    names = {parse_request(line).path for line in call.requests if line.startswith("file")}
    records = []
    for line in run.records:
        event = read_record(line)
        if isinstance(event, Event) and event.profile == profile and wanted(event, names):
            records.append(line.partition("): ")[2])
    return run.status == 0, records


def wanted(event: Event, names: set[bytes]) -> bool:
    """With `flags=(audit)` every program start writes records of its own: libraries, sockets, capabilities."""
    if event.kind != "AUDIT":
        return event.operation not in ("getsockname", "getpeername")  # Python asks every new socket
    return event.operation == "open" and event.fields["name"].encode("latin-1") in names


@pytest.mark.parametrize("profile", MODES)
@pytest.mark.parametrize("name", CALLS)
def test_a_call_gets_the_verdict_and_the_record_that_the_embedded_kernel_says(
    kernels: tuple[Lab, Embedded], profile: str, name: str
) -> None:
    lab, embedded = kernels
    call = CALLS[name]
    if profile == "lab-complain" and name in IRREVOCABLE:
        pytest.skip(IRREVOCABLE[name])
    succeeded, records = made(lab, profile, call)
    assert records
    event = read_record(records[0])
    assert isinstance(event, Event)
    task = Task(int(event.fields["pid"]), event.fields["comm"].encode("latin-1"), call.uid, 0)
    decisions = [embedded.attempt(profile, parse_request(line), task, 1, 2) for line in call.requests]
    assert [line.partition("): ")[2] for line in embedded.events()] == records
    assert all(decision.allowed for decision in decisions) == succeeded


@pytest.mark.parametrize("profile", MODES)
def test_a_plain_deny_is_silent_and_enforced_in_every_mode_but_where_the_profile_audits(
    kernels: tuple[Lab, Embedded], profile: str
) -> None:
    lab, embedded = kernels
    succeeded, records = made(lab, profile, SILENT)
    decision = embedded.attempt(profile, parse_request(SILENT.requests[0]), Task(), 1, 2)
    assert not succeeded
    assert not decision.allowed
    assert bool(records) == bool(embedded.events()) == (profile == "lab-audit")
