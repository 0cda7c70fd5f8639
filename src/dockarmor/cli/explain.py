"""Is this request allowed under a policy, and which line decides?

  dockarmor explain docker-default.page 'file w /proc/sysrq-trigger'
  dockarmor explain my-profile 'mount fstype=proc proc -> /mnt' 'capability sys_admin'
  dmesg | grep apparmor= | dockarmor explain --from-record docker-default -

POLICY is a policy file, a compiled blob, `-`, or docker-default or docker-default.page. A REQUEST is one line:

  file w PATH | exec PATH | link NEW -> OLD | capability NAME | network [PERMS] FAMILY TYPE
  mount [fstype=T] [options=O] SOURCE -> TARGET | umount PATH | pivot_root oldroot=OLD NEW
  signal send|receive SIGNAL peer=LABEL | ptrace read|trace|readby|tracedby peer=LABEL
  unix PERMS TYPE addr=@X peer=LABEL | change_profile NAME | userns create

Exit status: 0 all allowed, 1 something is denied.
"""

import sys
from argparse import ArgumentParser, Namespace

from dockarmor.access.grammar import parse_request
from dockarmor.ask.explain import explain
from dockarmor.ask.subject import Subject
from dockarmor.cli.main import EXIT_NO, EXIT_OK
from dockarmor.cli.output import Results, add_output
from dockarmor.cli.policy import add_features, add_reading, subject
from dockarmor.cli.words import explanation_item, explanation_lines, meaning_item, meaning_lines
from dockarmor.text.bounded import read_bounded

#: how much of a log is read
MAX_LOG = 64 << 20


def configure(parser: ArgumentParser) -> None:
    parser.add_argument("policy", metavar="POLICY")
    parser.add_argument("requests", nargs="+", metavar="REQUEST")
    parser.add_argument("--profile", metavar="NAME", help="the profile to ask (default: the first)")
    parser.add_argument(
        "--from-record",
        action="store_true",
        help="the requests are audit records; `-` reads them from standard input",
    )
    add_reading(parser)
    add_features(parser)
    add_output(parser)


def run(options: Namespace) -> int:
    asked = subject(options, options.policy)
    results = Results("explain@1", options)
    if options.from_record:
        status = _records(options, asked, results)
    else:
        status = _requests(options, asked, results)
    results.finish()
    return status


def _requests(options: Namespace, asked: Subject, results: Results) -> int:
    denied = False
    for number, line in enumerate(_lines(options.requests)):
        explanation = explain(asked, parse_request(line), options.profile)
        denied |= not explanation.decision.allowed
        results.add(explanation_item(explanation), _apart(number, explanation_lines(explanation)))
    return EXIT_NO if denied else EXIT_OK


def _records(options: Namespace, asked: Subject, results: Results) -> int:
    from dockarmor.audit.meaning import Meaning, meanings

    lines = options.requests
    if lines == ["-"]:
        lines = read_bounded(sys.stdin.buffer, MAX_LOG).decode("latin-1").splitlines()
    denied = False
    for number, meaning in enumerate(meanings(asked, lines, options.profile)):
        if isinstance(meaning, Meaning) and meaning.explanation is not None:
            denied |= not meaning.explanation.decision.allowed
        results.add(meaning_item(meaning), _apart(number, meaning_lines(meaning)))
    return EXIT_NO if denied else EXIT_OK


def _apart(number: int, lines: list[str]) -> list[str]:
    return ["", *lines] if number else lines


def _lines(arguments: list[str]) -> list[str]:
    """`'file w /x' 'userns create'` are two requests; `file w /x` written without quotes is one."""
    return arguments if any(" " in argument for argument in arguments) else [" ".join(arguments)]
