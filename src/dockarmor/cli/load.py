"""Load policy into a kernel: text is compiled for what that kernel can do, blobs go as they are.

dockarmor load my-profile                    into the embedded kernel
dockarmor load --kernel lab my-profile       into the lab's
"""

from argparse import ArgumentParser, Namespace

from dockarmor.cli.kernel import add_kernel, feature_set, kernel
from dockarmor.cli.main import EXIT_OK
from dockarmor.cli.output import count_warnings, note
from dockarmor.cli.policy import add_reading, subject
from dockarmor.text.render import printable


def configure(parser: ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", metavar="POLICY")
    parser.add_argument("--add", action="store_true", help="refuse to replace a profile that is loaded")
    parser.add_argument("--dry-run", action="store_true", help="compile and say what would be loaded")
    add_kernel(parser)
    add_reading(parser)


def run(options: Namespace) -> int:
    target = kernel(options)
    features = feature_set(target)
    subjects = [subject(options, name, features) for name in options.files]
    for one in subjects:
        count_warnings(one.diagnostics)
    # One blob, one load: the kernel takes all of it or none.
    if not options.dry_run:
        target.load(b"".join(one.blob for one in subjects), replace=not options.add)
    names = ", ".join(printable(profile.name) for one in subjects for profile in one.compiled.profiles)
    note(f"{'would load' if options.dry_run else 'loaded'} into {target.name}: {names}")
    return EXIT_OK
