"""Do something again whenever one of some files changes."""

import os
from collections.abc import Callable, Sequence

from dockarmor.cli.output import note


def watch(paths: Sequence[str], again: Callable[[], int]) -> int:
    """Call `again` now and after each change below `paths`, until the user interrupts; gives the last status."""
    from watchfiles import watch as changes

    status = again()
    note("watching; stop with Ctrl-C")
    for _ in changes(*(path for path in paths if os.path.exists(path)), debounce=200, raise_interrupt=False):
        note("")
        status = again()
    return status
