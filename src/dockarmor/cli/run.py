"""Run a command confined by a profile, and explain what was denied.

  dockarmor run --kernel lab --profile my-profile -- cat /etc/shadow
  dockarmor run --kernel lab:6.17 --profile docker-default.page -- sh -c 'echo h > /proc/sysrq-trigger'

The command is one of the lab's small root (busybox). A plain `deny` is silent in the kernel: such denials show in
the command's own words, not as records.
"""

import sys
from argparse import ArgumentParser, Namespace

from dockarmor.ask.subject import Subject
from dockarmor.cli.kernel import feature_set
from dockarmor.cli.main import EXIT_NO, EXIT_OK, EXIT_USAGE
from dockarmor.cli.output import Results, add_output, note
from dockarmor.cli.places import lab_folder
from dockarmor.cli.policy import add_reading, subject
from dockarmor.cli.words import meaning_item, meaning_lines
from dockarmor.kernel.protocol import KernelUnavailable


def configure(parser: ArgumentParser) -> None:
    parser.add_argument("--kernel", default="lab", metavar="lab[:NAME]", help="which lab kernel (default: lab, 6.12)")
    parser.add_argument("--profile", required=True, metavar="FILE", help="policy file or built-in name")
    parser.add_argument("--profile-name", metavar="NAME", help="which of its profiles (default: the first)")
    parser.add_argument("--timeout", type=float, default=60.0, metavar="SECONDS")
    parser.usage = "dockarmor run [options] --profile FILE -- CMD [ARGUMENT …]"
    add_reading(parser)
    add_output(parser)


def run(options: Namespace) -> int:
    from dockarmor.kernel.lab import prepare, restore

    if not options.command:
        note("dockarmor run: the command stands behind `--`")
        return EXIT_USAGE
    place, _, name = options.kernel.partition(":")
    if place != "lab":
        raise KernelUnavailable("`run` needs a real kernel: --kernel lab, or lab:NAME")
    name = name or "6.12"
    prepare((name,), lab_folder(), note)
    with restore(name, lab_folder()) as lab:
        policy = subject(options, options.profile, feature_set(lab))
        lab.load(policy.blob)
        confined = policy.profile(options.profile_name).name
        done = lab.run(options.command, profile=confined, timeout=options.timeout)
    sys.stdout.buffer.write(done.stdout)
    sys.stdout.flush()
    sys.stderr.buffer.write(done.stderr)
    note(f"exit status {done.status} under {confined} on {lab.name}")
    _explain(options, policy, tuple(done.records))
    return EXIT_OK if done.status == 0 else EXIT_NO


def _explain(options: Namespace, policy: Subject, records: tuple[str, ...]) -> None:
    from dockarmor.audit.meaning import meanings

    results = Results("run@1", options)
    for meaning in meanings(policy, records):
        results.add(meaning_item(meaning), ["", *meaning_lines(meaning)])
    results.finish()
