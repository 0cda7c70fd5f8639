"""Load policy again, from the files where it is kept, and say what is loaded that none of them brings.

  dockarmor reload                      /etc/apparmor.d
  dockarmor reload profiles my-profile  these instead

Running tasks stay confined meanwhile: each profile is replaced in its place. Of a file with a mistake, or that the
kernel refuses, the kernel keeps what it had; all others are loaded, and the exit status is 1.
"""

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence

from dockarmor.cli.kernel import add_kernel, kernel
from dockarmor.cli.main import EXIT_NO, EXIT_OK
from dockarmor.cli.output import count_words, note
from dockarmor.cli.places import POLICY
from dockarmor.cli.policy import add_reading
from dockarmor.kernel.protocol import Kernel


def configure(parser: ArgumentParser) -> None:
    from dockarmor.cli.loading import add_loading

    parser.add_argument("files", nargs="*", metavar="POLICY|DIR", help=f"default: {POLICY}")
    add_loading(parser)
    add_kernel(parser)
    add_reading(parser)


def run(options: Namespace) -> int:
    from dockarmor.cli import loading

    loading.refuse_missing(options.files)
    target = kernel(options)
    results = loading.without_twice(loading.compiled_or_not(options, options.files or [POLICY], target))
    bad = loading.load_most(options, target, results)
    if not (options.files or bad):
        _tell_unknown(target, loading.profile_names(results))
    return EXIT_NO if bad else EXIT_OK


def _tell_unknown(target: Kernel, names: Sequence[str]) -> None:
    """What no file brings; where a file cannot be read nobody knows."""
    from dockarmor.kernel.removal import unknown

    if left := unknown(target.profiles(), names, target.processes()).names:
        note(f"loaded, but in no file: {count_words(left)}; `dockarmor aa-remove-unknown` removes them")
