"""The policy files that apparmor_parser's arguments name: files, what is in folders, standard input."""

import os
import stat
from errno import EACCES

from dockarmor.cli.faces.parser_options import STDIN, Wanted, say, warn

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dockarmor.compile.cache import Output
    from dockarmor.text.diagnostic import DiagnosticError

#: leftovers in a folder that are said to be left out; of the others nothing is said
_TOLD = (b"~", b".orig", b".rej", b".rpmnew", b".rpmsave")


class PolicyFile:
    """A policy file of a run. `argument`: as it was named, or the folder that it is in."""

    def __init__(self, argument: str, path: str, complain: bool) -> None:
        self.argument, self.path, self.complain = argument, path, complain
        self.cached: tuple[str, bytes] | None = None
        self.result: Output | DiagnosticError | None = None


class Arguments:
    """The files of a command line. What is left out is said by then."""

    def __init__(self, asked: Wanted, base: str) -> None:
        self._asked, self._base = asked, base
        #: the number of the error behind the last one that could not be had
        self.missing = 0
        self.files: list[PolicyFile] = []
        for argument in asked.files:
            self._take(argument)
            if self.missing and "abort-on-error" in asked.flags:
                return
        if not asked.files:
            self.files.append(PolicyFile(STDIN, STDIN, "complain" in asked.flags))

    def _take(self, argument: str) -> None:
        try:
            folder = stat.S_ISDIR(os.stat(argument).st_mode)
        except OSError as error:
            say(f"File {argument} not found, skipping...")
            self.missing = error.errno or 1
            return
        if not folder:
            self._file(argument, argument)
            return
        try:
            self._folder(argument)
        except OSError as error:
            say(f"There was an error while loading profiles from {argument}")
            self.missing = error.errno or 1

    def _folder(self, argument: str) -> None:
        """Raises OSError, behind all that can be had, where an entry cannot be looked at."""
        from dockarmor.policy.folder import is_left_behind

        failure = None
        for name in sorted(os.listdir(os.fsencode(argument))):
            if is_left_behind(name):
                if name.endswith(_TOLD):
                    say(f"Ignoring: '{os.fsdecode(name)}'")
                continue
            path = f"{argument.rstrip('/')}/{os.fsdecode(name)}"
            try:
                if stat.S_ISREG(os.stat(path).st_mode):
                    self._file(argument, path)
            except OSError as error:
                failure = error
        if failure is not None:
            raise failure

    def _file(self, argument: str, path: str) -> None:
        flags = self._asked.flags
        if "binary" not in flags and not os.access(path, os.R_OK):
            say(f"Error: Could not read profile {path}: {os.strerror(EACCES)}.")
            self.missing = EACCES
            return
        if self._asked.action in ("remove", "preprocess") or "binary" in flags:
            self.files.append(PolicyFile(argument, path, False))
            return
        name = os.path.basename(path)
        disabled, complain = (os.path.join(self._base, what) for what in ("disable", "force-complain"))
        if os.path.exists(os.path.join(disabled, name)):
            if "quiet" not in flags:
                say(f"Skipping profile in {disabled}: {name}")
            return
        forced = os.path.exists(os.path.join(complain, name))
        if forced:
            say(f"Warning: found {name} in {complain}, forcing complain mode")
        self.files.append(PolicyFile(argument, path, forced or "complain" in flags))


def warn_of_stdin(asked: Wanted) -> bool:
    """Standard input has no name, so no cache and none of the folders of names apply. Is that an error?"""
    message = f"{asked.program}: cannot use or update cache, disable, or force-complain via stdin"
    return "write-cache" in asked.flags and not asked.files and warn(asked, "cache", "stdin (line 1)", message)
