"""aa-enabled: one word on whether AppArmor is on.

Exit: 0 yes, 1 no (or a bad command line), 3 its policy files are not there, 4 not allowed to know, 10 on, but the
interfaces that security modules share are another's, 64 an error of another kind.
"""

import os
import sys
from errno import EACCES, ENOENT, EPERM

from dockarmor.cli.faces.places import Places
from dockarmor.kernel.host.support import support

USAGE = """usage: {program} [OPTION]…
Say whether AppArmor is on.

  -q, --quiet       say nothing; the exit status says it
  -x, --exclusive   no, unless the interfaces that security modules share are AppArmor's
  -h, --help        this text
"""


def run(name: str, arguments: list[str]) -> int:
    return enabled(name, arguments, Places())


def enabled(name: str, arguments: list[str], places: Places) -> int:
    """Answer one command line about the host at these places."""
    known = {"-q": "q", "--quiet": "q", "-x": "x", "--exclusive": "x", "-h": "h", "--help": "h"}
    if len(arguments) > 2:
        sys.stdout.write("unknown or incompatible options\n")
        return _usage(name)
    for argument in arguments:
        if argument not in known:
            # The original names its first argument, whichever it does not know.
            sys.stdout.write(f"unknown option '{arguments[0]}'\n")
        if known.get(argument, "h") == "h":
            return _usage(name)
    flags = {known[argument] for argument in arguments}
    status, words = _state(places, exclusive="x" in flags)
    if "q" not in flags:
        sys.stdout.write(words + "\n")
    return status


def _usage(name: str) -> int:
    """As in the original, who asks for help is told `1`."""
    sys.stdout.write(USAGE.format(program=name))
    return 1


def _state(places: Places, *, exclusive: bool) -> tuple[int, str]:
    found = support(places.proc, places.sysfs)
    if not found.enabled and not found.available:
        if found.enabled is False:
            return 1, "No - disabled at boot."
        if found.trouble == ENOENT:
            return 1, "No - not available on this system."
        if found.trouble in (EPERM, EACCES):
            return 4, "Maybe - insufficient permissions to determine availability."
        return 64, f"Error - {os.strerror(found.trouble)}"
    if found.mount is None:
        return 3, "Maybe - policy interface not available."
    if not found.enabled and exclusive:
        return 10, "Partially - public shared interfaces are not available."
    return 0, "Yes"
