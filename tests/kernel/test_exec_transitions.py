"""Where an exec leads: the embedded kernel says the label that a real kernel puts the program under."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from dockarmor.access.grammar import parse_request
from dockarmor.access.request import ExecRequest
from dockarmor.ask.subject import from_policy
from dockarmor.kernel.embedded.era import LINUX_6_1, LINUX_6_12, LINUX_6_17
from dockarmor.kernel.embedded.kernel import Embedded
from dockarmor.kernel.embedded.records import Task
from dockarmor.kernel.lab import Lab
from dockarmor.policy.builtin import builtin_base
from dockarmor.policy.features import FeatureSet
from dockarmor.policy.read import library, read_text, require
from dockarmor.rules.registry import ALL
from dockarmor.text.source import Source

pytestmark = pytest.mark.lab

POLICY = """
profile lab-exec { /{,**} rwlkm, /bin/busybox ix,
  deny /x/deny x,
  /x/ix ix,
  /x/ux ux,
  /x/px px,
  /x/px-missing px,
  /x/pix-missing pix,
  /x/pux-missing pux,
  /x/cx cx,
  /x/cx-missing cx,
  /x/cix-missing cix,
  /x/named px -> lab-target,
  /x/named-missing px -> lab-none,
  /x/named-child cx -> child,
  /x/named-ix-missing pix -> lab-none,
  /x/stack px -> &lab-target,
  /x/pair px -> lab-target//&lab-other,
  /x/glob* px,
  /x/twice px,
  profile child { file, }
  profile /x/cx { file, }
}
profile lab-learns flags=(complain) { /bin/busybox rmix, /x/px px, /x/named px -> lab-target, /x/px-missing px, }
profile lab-free flags=(unconfined) { userns, }
profile lab-target { file, }
profile lab-other { file, }
profile /x/px { file, }
profile lab-glob-short /x/g** { file, }
profile lab-glob-longer /x/glob* { file, }
profile lab-glob-exact /x/globx { file, }
profile lab-twice-1 /x/{twi,TWI}ce { file, }
profile lab-twice-2 /x/twi{ce,CE} { file, }
"""
PROGRAMS = """
  deny ix ux px px-missing pix-missing pux-missing cx cx-missing cix-missing named named-missing named-child
  named-ix-missing stack pair globa globx globxx gz twice none
""".split()  # noqa: SIM905
#: 6.17 notes that two profiles attach equally well to what a task without confinement runs; we do not
UNWRITTEN = "conflicting profile attachments"
FROM = ("lab-exec", "lab-learns", "lab-free", "lab-exec//&lab-other", "unconfined")


@pytest.fixture
def kernels(lab_kernel: Lab, tmp_path: Path) -> Iterator[tuple[Lab, Embedded]]:
    features = FeatureSet.from_tree(lab_kernel.name, lab_kernel.features())
    resolved = require(read_text(Source("test", POLICY), library(builtin_base())))
    blob = from_policy("test", resolved.policy, features).blob
    era = {"lab 6.1": LINUX_6_1, "lab 6.12": LINUX_6_12}.get(lab_kernel.name, LINUX_6_17)
    embedded = Embedded(str(tmp_path), lab_kernel.features(), ALL, era=era)
    for kernel in (lab_kernel, embedded):
        kernel.load(blob)
    link = f"mkdir -p /x; for program in {' '.join(PROGRAMS)}; do ln -f /bin/busybox /x/$program; done"
    assert lab_kernel.run(["/bin/busybox", "sh", "-c", link]).status == 0
    yield lab_kernel, embedded
    for profile in lab_kernel.profiles():
        if profile.name in {name.name.split("//")[0] for name in embedded.profiles()}:
            lab_kernel.remove(profile.name)


def real_label(lab: Lab, profile: str, program: str) -> tuple[str | None, list[str]]:
    """The label under which the program finds itself, None where it may not run; and what was written down."""
    script = f"exec -a cat /x/{program} /proc/self/attr/current"
    confinement = None if profile == "unconfined" else profile
    run = lab.run(["/bin/busybox", "sh", "-c", script], profile=confinement)
    records = [
        line.partition("): ")[2]
        for line in run.records
        if 'operation="exec"' in line and f'name="/x/{program}"' in line and UNWRITTEN not in line
    ]
    label = run.stdout.decode("latin-1").strip()
    return (label.rpartition(" (")[0] or label if run.status == 0 else None), records


@pytest.mark.parametrize("profile", FROM)
def test_a_program_runs_under_the_label_that_the_embedded_kernel_says(
    kernels: tuple[Lab, Embedded], profile: str
) -> None:
    lab, embedded = kernels
    real, ours = {}, {}
    for program in PROGRAMS:
        request = parse_request(f"exec /x/{program}")
        assert isinstance(request, ExecRequest)
        label, records = real_label(lab, profile, program)
        pid = next((word.removeprefix("pid=") for line in records for word in line.split() if "pid=" in word), "1")
        decision = embedded.attempt(profile, request, Task(int(pid), b"busybox"), 1, 0)
        real[program] = (label, records)
        ours[program] = (
            decision.target if decision.allowed else None,
            [line.partition("): ")[2] for line in embedded.events()],
        )
    assert ours == real
