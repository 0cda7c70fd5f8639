"""Look whether this host confines containers as it seems to, and say what to do where it does not.

  dockarmor doctor
  dockarmor doctor --output json

It reads files of the kernel and asks the engine over its socket; it changes nothing. Exit 1: there is a problem.
"""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator

from dockarmor.cli.main import EXIT_NO, EXIT_OK
from dockarmor.cli.output import Results, add_output
from dockarmor.containers.engine import SOCKET
from dockarmor.containers.finding import Finding
from dockarmor.text.render import printable


def configure(parser: ArgumentParser) -> None:
    parser.add_argument("--docker", default=SOCKET, metavar="SOCKET", help=f"the engine's socket (default: {SOCKET})")
    add_output(parser)


def run(options: Namespace) -> int:
    from dockarmor.containers.doctor import examine
    from dockarmor.containers.host_facts import look

    return told(examine(look(docker=options.docker)), options)


def told(findings: list[Finding], options: Namespace) -> int:
    """Print them; the exit status."""
    results = Results("doctor@1", options)
    for one in findings:
        item = {"verdict": one.verdict, "code": one.code or None, "what": one.what, "do": one.do or None}
        results.add(item, _lines(one))
    results.finish()
    return EXIT_NO if any(one.verdict == "problem" for one in findings) else EXIT_OK


def _lines(finding: Finding) -> Iterator[str]:
    code = f"  [{finding.code}]" if finding.code else ""
    yield f"{finding.verdict:<8} {printable(finding.what)}{code}"
    if finding.do:
        yield f"         -> {printable(finding.do)}"
