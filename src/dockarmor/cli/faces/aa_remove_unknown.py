"""aa-remove-unknown: remove the loaded profiles that no policy file has.

Unlike the original it spares what others load without a file: Docker, Podman, containerd, CRI-O, LXD, snapd, libvirt
and their like (kernel/removal.py), profiles that only name a program, and what tasks run under.
"""

import os
import sys
from collections.abc import Callable

from dockarmor.cli.faces.places import Places
from dockarmor.cli.faces.profile_files import reading
from dockarmor.cli.output import note
from dockarmor.cli.unload import removed
from dockarmor.kernel.label_text import full_name
from dockarmor.kernel.protocol import Kernel, KernelError
from dockarmor.kernel.removal import unknown
from dockarmor.policy.folder import policy_files
from dockarmor.policy.read import read_file, require
from dockarmor.text.render import printable

USAGE = """usage: {program} [OPTION]
Remove profiles that are loaded and that no file of the policy folder has.

  -n           say what would be removed
  -h, --help   this text
"""


def run(name: str, arguments: list[str]) -> int:
    from dockarmor.cli.kernel import host

    return remove_unknown(name, arguments, Places(), host)


def remove_unknown(name: str, arguments: list[str], places: Places, kernel: Callable[[], Kernel]) -> int:
    """Answer one command line about the host at these places."""
    if arguments in (["-h"], ["--help"]):
        sys.stdout.write(USAGE.format(program=name))
        return 0
    if arguments not in ([], ["-n"]):
        sys.stderr.write(USAGE.format(program=name))
        return 1
    try:
        target = kernel()
        profiles, processes = target.profiles(), target.processes()
    except KernelError as error:
        note(f"ERROR: Unable to read apparmorfs profiles file: {error}")
        return 1
    removal = unknown(profiles, _known(places.policy), processes)
    for kept in removal.kept:
        note(f"Keeping '{printable(kept.name)}': {kept.reason}")
    refused = False
    for profile in removal.names:
        print(f"{'Would remove' if arguments else 'Removing'} '{printable(profile)}'", flush=True)
        refused |= not (arguments or removed(target, profile))
    return int(refused)


def _known(folder: str) -> list[str]:
    """The names that the files bring, of children and hats too. Raises DiagnosticError for a file with a mistake:
    what it would bring is not known."""
    includes = reading(folder)
    names = []
    for path in policy_files(os.fsencode(folder)):
        for top in require(read_file(path.decode("latin-1"), includes)).policy.profiles:
            names += [full_name(top.namespace, profile.name) for profile in top.family()]
    return names
