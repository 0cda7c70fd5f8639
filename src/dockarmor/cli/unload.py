"""Remove profiles, with their children, from a kernel. Tasks that run under them become unconfined.

  dockarmor unload my-profile             by name; or by the file that brings it
  dockarmor unload --all --dry-run        say what would go
  dockarmor unload --force my-profile     although tasks run under it

--all leaves alone what confines nothing but only names a program (runc, podman, …), what tasks run under, and,
even with --force, what an engine loaded for containers that run.
"""

import os
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence
from errno import EISDIR

from dockarmor.cli.kernel import add_kernel, kernel
from dockarmor.cli.main import EXIT_NO, EXIT_OK, EXIT_USAGE
from dockarmor.cli.output import MOST_NAMED, count_words, note, words
from dockarmor.cli.policy import add_reading
from dockarmor.kernel.label_text import full_name
from dockarmor.kernel.protocol import Kernel, KernelError, KernelUnavailable, LoadedProfile
from dockarmor.kernel.removal import IN_USE, Kept, Removal, everything, named, remaining, top_level
from dockarmor.text.latin import path_text
from dockarmor.text.render import printable


def configure(parser: ArgumentParser) -> None:
    parser.add_argument("names", nargs="*", metavar="NAME|FILE", help="a profile's name, or a file that brings some")
    parser.add_argument("--all", action="store_true", help="all that may go at once")
    parser.add_argument("--force", action="store_true", help="even when tasks run under it")
    parser.add_argument("--dry-run", action="store_true", help="say what would go and what would stay")
    add_kernel(parser)
    add_reading(parser)


def run(options: Namespace) -> int:
    if bool(options.names) == options.all:
        note(f"dockarmor unload: name profiles or files, or say --all{', not both' if options.all else ''}")
        return EXIT_USAGE
    target = kernel(options)
    profiles, processes = target.profiles(), target.processes()
    if options.all:
        removal = everything(profiles, processes, force=options.force)
    else:
        removal = named(_named(options, profiles), profiles, processes, force=options.force)
    return carry_out(target, removal, dry=options.dry_run)


def carry_out(target: Kernel, removal: Removal, *, dry: bool) -> int:
    """Remove what is to be removed, and say what stays and why."""
    for name in removal.missing:
        note(f"not loaded: {printable(name)}")
    _say_kept(removal.kept)
    if not (removal.missing or removal.kept or removal.names):
        note(f"nothing is loaded that could be unloaded from {target.name}")
    gone = []
    for name in removal.names:
        if dry or removed(target, name):
            gone.append(name)
            note(f"{'would unload' if dry else 'unloaded'} from {target.name}: {printable(name)}")
    for task in removal.freed:
        rest = remaining(task, gone)
        how = f"confined by {printable('//&'.join(rest))} alone" if rest else "unconfined"
        note(f"{'would be' if dry else 'is'} {how}: {printable(task.executable)} ({task.pid})")
    if any(one.reason == IN_USE for one in removal.in_use):
        note("`--force` unloads what tasks use, and leaves those tasks unconfined until they end")
    return EXIT_NO if removal.in_use or removal.missing or len(gone) < len(removal.names) else EXIT_OK


def _say_kept(kept: Sequence[Kept]) -> None:
    """What stays, and who uses it; hosts have a hundred profiles that only name a program."""
    idle: dict[str, list[str]] = {}
    for one in kept:
        if not one.tasks:
            idle.setdefault(one.reason, []).append(one.name)
    for one in kept:
        names = idle.pop(one.reason, []) if not one.tasks else [one.name]
        for who in [count_words(names)] if len(names) > MOST_NAMED else map(printable, names):
            note(f"stays: {who}: {one.reason}")
        for task in one.tasks:
            note(f"   {printable(task.executable)} ({task.pid}) {printable(task.label)}")


def removed(target: Kernel, name: str) -> bool:
    """Remove a profile. Where the kernel refuses that, say it: it keeps no other from going."""
    try:
        target.remove(name)
    except KernelUnavailable:
        raise
    except KernelError as error:
        note(f"the kernel refused: {words(error)}")
        return False
    return True


def _named(options: Namespace, profiles: Sequence[LoadedProfile]) -> Iterator[str]:
    """The profiles that the arguments mean. What is loaded by that name is meant before a file of that name."""
    loaded = {profile.name for profile in profiles}
    for argument in options.names:
        name = path_text(argument)
        if name not in loaded and os.path.isfile(argument):
            yield from _in_file(options, argument)
        elif name not in loaded and os.path.isdir(argument):
            raise IsADirectoryError(EISDIR, "is a folder; name its files, or profiles", argument)
        else:
            yield name


def _in_file(options: Namespace, path: str) -> Iterator[str]:
    """The profiles that a file brings, without children, which go with them."""
    from dockarmor.cli.policy import includes, read_argument, shown
    from dockarmor.compile import BLOB_MAGIC
    from dockarmor.compile.reader import read_blob
    from dockarmor.policy.read import read_text, require
    from dockarmor.text.source import Source

    data = read_argument(path)
    if data.startswith(BLOB_MAGIC):
        found = [(one.namespace, one.name) for one in read_blob(data).profiles]
    else:
        policy = require(read_text(Source.from_bytes(shown(path), data), includes(options))).policy
        found = [(one.namespace, one.name) for one in policy.profiles]
    for one in top_level([LoadedProfile(full_name(namespace, name), "") for namespace, name in found]):
        yield one.name
