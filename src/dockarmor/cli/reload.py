"""Load policy again, from the files where it is kept, and say what is loaded that none of them brings.

  dockarmor reload                      /etc/apparmor.d
  dockarmor reload profiles my-profile  these instead

Running tasks stay confined meanwhile: each profile is replaced in its place. What the kernel has already, it keeps.
"""

from argparse import ArgumentParser, Namespace

from dockarmor.cli.kernel import add_kernel, kernel
from dockarmor.cli.main import EXIT_OK
from dockarmor.cli.output import note
from dockarmor.cli.places import POLICY
from dockarmor.cli.policy import add_reading


def configure(parser: ArgumentParser) -> None:
    from dockarmor.cli.loading import add_loading

    parser.add_argument("files", nargs="*", metavar="POLICY|DIR", help=f"default: {POLICY}")
    add_loading(parser)
    add_kernel(parser)
    add_reading(parser)


def run(options: Namespace) -> int:
    from dockarmor.cli import loading
    from dockarmor.kernel.removal import unknown

    target = kernel(options)
    results = loading.compiled(options, options.files or [POLICY], target)
    loading.refuse_twice(results)
    names = loading.profile_names(results)
    if not options.dry_run:
        loading.load(target, results)
    note(f"{'would reload' if options.dry_run else 'reloaded'} into {target.name}: {loading.count_words(names)}")
    left = unknown(target.profiles(), names, target.processes()).names
    if left and not options.files:
        note(f"loaded, but in no file: {loading.count_words(left)}; `dockarmor aa-remove-unknown` removes them")
    return EXIT_OK
