"""What a user reads when a verb could not finish, and the exit status for it."""

import sys
from errno import EAGAIN, EDQUOT, EFBIG, EIO, EMFILE, ENFILE, ENOMEM, ENOSPC

from dockarmor.cli.main import EXIT_BUG, EXIT_HOST, EXIT_NO, EXIT_USAGE
from dockarmor.cli.output import words
from dockarmor.compile.pool import WorkerKilled
from dockarmor.kernel.protocol import KernelError, KernelUnavailable
from dockarmor.text.diagnostic import DiagnosticError

#: there is no room for what was to be written
_FULL = (EDQUOT, EFBIG, ENOSPC)


def report(error: Exception) -> int:
    """Say it on standard error in words; only our own faults show a traceback."""
    if isinstance(error, DiagnosticError):
        from dockarmor.cli.output import color_wanted
        from dockarmor.text.render import render

        for diagnostic in error.diagnostics:
            sys.stderr.write(render(diagnostic, color=color_wanted(sys.stderr)) + "\n")
        return EXIT_USAGE
    if isinstance(error, KernelUnavailable):
        sys.stderr.write(f"dockarmor: this host cannot: {words(error)}\n")
        return EXIT_HOST
    if isinstance(error, KernelError):
        sys.stderr.write(f"dockarmor: the kernel refused: {words(error)}\n")
        return EXIT_NO
    if isinstance(error, OSError) and error.filename is not None:
        sys.stderr.write(f"dockarmor: {words(error.filename)}: {error.strerror}\n")
        return EXIT_HOST if error.errno in _FULL else EXIT_USAGE
    if isinstance(error, OSError) and error.errno in (*_FULL, EIO):
        sys.stderr.write(f"dockarmor: not all could be written: {error.strerror}\n")
        return EXIT_HOST
    if isinstance(error, OSError) and error.errno in (EAGAIN, EMFILE, ENFILE, ENOMEM):
        sys.stderr.write(f"dockarmor: this host cannot: {error.strerror}\n")
        return EXIT_HOST
    if isinstance(error, WorkerKilled | MemoryError):
        said = "there is not enough memory" if isinstance(error, MemoryError) else str(error)
        sys.stderr.write(f"dockarmor: this host cannot: {said}; fewer files at once, and -j 1, take less memory\n")
        return EXIT_HOST
    import traceback

    traceback.print_exc()
    sys.stderr.write("\ndockarmor: this is our bug, not yours. Please report it with the lines above.\n")
    return EXIT_BUG
