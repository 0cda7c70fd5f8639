"""The main job, shown: the profile of Docker's manual page, from its text to the verdict of a kernel.

Every verdict is the compiled tables'; the embedded kernel loads the same bytes and is asked again, and where the lab
can be had, so is a real kernel. A verdict on which they differ makes the demo fail.
"""

import sys
import tempfile
from collections.abc import Sequence

from dockarmor.access.grammar import parse_request
from dockarmor.ask.explain import Explanation, explain
from dockarmor.ask.subject import Subject, from_policy
from dockarmor.cli.kernel import tree
from dockarmor.cli.output import note
from dockarmor.cli.places import lab_folder
from dockarmor.cli.words import rule_item
from dockarmor.containers.default import PAGE_NAME, page
from dockarmor.kernel.embedded.era import LINUX_6_12
from dockarmor.kernel.embedded.kernel import Embedded
from dockarmor.kernel.protocol import KernelUnavailable
from dockarmor.kernel.queried import ask_kernel
from dockarmor.policy.builtin import builtin_base
from dockarmor.policy.features import FeatureSet, builtin
from dockarmor.policy.read import library, read_text, require
from dockarmor.rules.registry import ALL
from dockarmor.text.source import Source
from dockarmor.value import frozen

PROFILE = "docker-default"
KERNEL = "6.12"

#: what is asked, and what is worth knowing about the answer
QUESTIONS = (
    ("file w /proc/sysrq-trigger", "the machine's panic button"),
    ("file r /proc/kcore", "its memory"),
    ("mount fstype=proc proc -> /mnt/", "path rules hold only while nobody mounts"),
    ("file w /sys/fs/cgroup/memory/x", "what the ladder of /sys rules leaves open"),
    ("file w /sys/kernel/security/apparmor/.replace", "AppArmor itself"),
    ("ptrace read peer=docker-default", "ps inside the container"),
    ("ptrace read peer=unconfined", "looking at the host's processes"),
    ("file w /proc/sys/kernel/core_pattern", "the surprise: it runs programs on the host"),
    ("file w /proc/sys/kernel/shmmax", "the other: this was the one meant to be open"),
)


CLOSING = f"""
In an AppArmor pattern a caret outside of [ ] is a caret. `**^[0-9*]` was meant to say "not a number"; what it says
is a path with a `^` in it. So the rule denies nothing of /proc/sys but the shm* that it was to spare.

Ask more: .venv/bin/dockarmor explain {PAGE_NAME} 'exec /bin/sh'
Today's docker-default: .venv/bin/dockarmor default show"""


@frozen
class Answer:
    """One question with the verdict of every kernel that was asked; None where one was not."""

    request: str
    why: str
    explanation: Explanation
    embedded: bool
    lab: bool | None = None

    @property
    def agreed(self) -> bool:
        return {self.embedded, self.explanation.decision.allowed} == {self.embedded} and self.lab in (
            None,
            self.embedded,
        )


def main() -> int:
    """Print the table; 0 when all agree."""
    subject = _subject(builtin(f"kernel-{KERNEL}"))
    verdicts, lab = _lab_verdicts()
    answers = _answers(subject, verdicts)
    _table(answers, lab)
    print(CLOSING)
    return 0 if all(answer.agreed for answer in answers) else 1


def _subject(features: FeatureSet) -> Subject:
    """Compiled with our own tunables and abstractions, so that every machine shows the same."""
    resolved = require(read_text(Source(PAGE_NAME, page()), library(builtin_base())))
    return from_policy(PAGE_NAME, resolved.policy, features)


def _answers(subject: Subject, lab: Sequence[bool] | None) -> list[Answer]:
    with tempfile.TemporaryDirectory(prefix="dockarmor-demo-") as folder:
        embedded = Embedded(folder, tree(builtin(f"kernel-{KERNEL}")), ALL, era=LINUX_6_12)
        embedded.load(subject.blob)
        answers = []
        for number, (line, why) in enumerate(QUESTIONS):
            request = parse_request(line)
            verdict = embedded.ask(PROFILE, request).allowed
            real = lab[number] if lab is not None else None
            answers.append(Answer(line, why, explain(subject, request), verdict, real))
    return answers


def _lab_verdicts() -> tuple[list[bool] | None, str]:
    """A real kernel's verdicts, or None and why there is none."""
    from dockarmor.kernel.lab import prepare, restore

    try:
        prepare((KERNEL,), lab_folder(), note)
        with restore(KERNEL, lab_folder()) as lab:
            lab.load(_subject(FeatureSet.from_tree(lab.name, lab.features())).blob)
            return [ask_kernel(lab, PROFILE, parse_request(line)).allowed for line, _ in QUESTIONS], lab.name
    except KernelUnavailable as error:
        return None, f"no real kernel was asked: {error}"


def _table(answers: Sequence[Answer], lab: str) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"What may a container do under the profile of Docker's manual page ({PAGE_NAME})?")
    for heading in ("request", "verdict", "decided by", "where", "agreed on by"):
        table.add_column(heading, overflow="fold")
    for answer in answers:
        decided = [rule_item(rule.placed) for rule in answer.explanation.decided_by]
        rule = "\n".join(str(one["rule"]) for one in decided) or "no rule allows it"
        place = "\n".join(f"{str(one['file']).rpartition('/')[2]}:{one['line']}" for one in decided)
        table.add_row(
            f"{answer.request}\n[dim]{answer.why}[/dim]",
            "[green]allowed[/green]" if answer.explanation.decision.allowed else "[red]denied[/red]",
            rule.replace("[", "\\["),
            place,
            _agreement(answer, lab),
        )
    console = Console(file=sys.stdout, width=None if sys.stdout.isatty() else 118)
    console.print(table)
    if answers[0].lab is None:
        console.print(lab, highlight=False, markup=False)


def _agreement(answer: Answer, lab: str) -> str:
    if not answer.agreed:
        return "[red]DIFFER[/red]"
    return f"embedded, {lab}" if answer.lab is not None else "embedded"


if __name__ == "__main__":
    sys.exit(main())
