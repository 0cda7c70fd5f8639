"""Load policy into a kernel: text is compiled for what that kernel can do, blobs go as they are.

  dockarmor load my-profile                    into this host's kernel, or, without one, the embedded
  dockarmor load --kernel lab my-profile       into the lab's
  dockarmor load --dry-run /etc/apparmor.d     a whole folder: compile, and say what would be loaded

All files are compiled before the first is loaded, and go to the kernel together: all or nothing.
"""

from argparse import ArgumentParser, Namespace

from dockarmor.cli.kernel import add_kernel, kernel
from dockarmor.cli.main import EXIT_OK
from dockarmor.cli.output import count_words, note
from dockarmor.cli.policy import add_reading


def configure(parser: ArgumentParser) -> None:
    from dockarmor.cli.loading import add_loading

    parser.add_argument("files", nargs="+", metavar="POLICY|DIR", help="policy text, a blob, or a folder of them")
    parser.add_argument("--add", action="store_true", help="refuse to replace a profile that is loaded")
    add_loading(parser)
    add_kernel(parser)
    add_reading(parser)


def run(options: Namespace) -> int:
    from dockarmor.cli import loading
    from dockarmor.cli.compiling import say_warnings

    target = kernel(options)
    results = loading.compiled(options, options.files, target)
    loading.refuse_twice(results)
    say_warnings(results)
    if not options.dry_run:
        loading.load(target, results, replace=not options.add)
    words = count_words(loading.profile_names(results))
    note(f"{'would load' if options.dry_run else 'loaded'} into {target.name}: {words or 'nothing'}")
    return EXIT_OK
