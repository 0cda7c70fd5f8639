"""apparmor_parser: compile policy and load it, with the options, words and exit statuses of the original's 5.0.

Where blobs lie in libapparmor's cache that are newer than their sources, neither parser nor compiler is imported.
What differs on purpose is in docs/decisions/0011-apparmor-parser-face.md.
"""

import os
import sys
from errno import EBADF

from dockarmor.cli.faces.parser_cache import Caches, about_cache, cacheable, kernel_features, not_kept
from dockarmor.cli.faces.parser_files import Arguments, PolicyFile, warn_of_stdin
from dockarmor.cli.faces.parser_options import STDIN, Stop, Wanted, say, show, wanted
from dockarmor.cli.places import POLICY, base_folder, replace_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from dockarmor.cli.faces.parser_policy import Compiler

_FILES = {"add": ".load", "replace": ".replace", "remove": ".remove"}
_DONE = {"add": "Addition", "replace": "Replacement", "remove": "Removal"}


def run(name: str, arguments: list[str]) -> int:
    try:
        return _Run(wanted(name, arguments)).all()
    except Stop as stop:
        return stop.status


class _Run:
    """One command line, carried out."""

    def __init__(self, asked: Wanted) -> None:
        self.asked, self.flags, self.values = asked, asked.flags, asked.values
        #: the status for what cannot be found, and for what went wrong; the second counts
        self.missing = self.failed = 0
        self.base = self._base()
        self.features = kernel_features(asked)
        self.root = self._root() if asked.writes and "print-cache-dir" not in asked.flags else ""
        self.caches: Caches | None = None
        self.output = bytearray()
        self._compiler: Compiler | None = None

    # -- preparations -------------------------------------------------------------------------------------

    def all(self) -> int:
        if self.flags & {"print-cache-dir", "purge-cache"}:
            return about_cache(self.asked, self.features)
        if self.features is not None and cacheable(self.asked):
            self.caches = Caches(self.asked, self.features, self._search())
        arguments = Arguments(self.asked, self.base)
        files, self.missing = arguments.files, arguments.missing
        if warn_of_stdin(self.asked):
            return 1
        if self.asked.action == "ofile":
            self._check_target()
        if "binary" in self.flags:
            self._binaries(files)
        elif self.asked.action == "preprocess":
            self._preprocess(files)
        elif self.asked.action in ("names", "remove"):
            self._names(files)
        else:
            self._policies(files)
        if self.asked.action == "ofile":
            self._write_target()
        return self.failed or self.missing

    def _base(self) -> str:
        base = self.values.get("base", POLICY)
        if base != POLICY and not os.path.isdir(base):
            say(f"Error: basedir {base} is not a directory, skipping.")
            return POLICY
        return base

    def _search(self) -> list[str]:
        """Where `<…>` is looked for: our own abstractions where this host has none."""
        return [*self.asked.include, base_folder(None if self.base == POLICY else self.base)]

    def _root(self) -> str:
        """The folder of the kernel's policy files. Raises Stop where there is none."""
        given = self.values.get("subdomainfs")
        if given is None:
            from dockarmor.kernel.host.support import securityfs

            mount = securityfs()
            given = None if mount is None else f"{mount}/apparmor"
        if given is None or not os.path.isdir(given):
            say("Warning: unable to find a suitable fs in /proc/mounts, is it mounted?")
            say("Use --subdomainfs to override.")
            raise Stop(1)
        return given

    # -- policy -------------------------------------------------------------------------------------------

    @property
    def compiler(self) -> "Compiler":
        if self._compiler is None:
            from dockarmor.cli.faces.parser_policy import Compiler

            self._compiler = Compiler(self.asked, self._search(), self.features)
        return self._compiler

    def _policies(self, files: "Sequence[PolicyFile]") -> None:
        """Take from the cache or compile, then load or print, in the order of the files."""
        for file in files:
            if self.caches is not None and file.path != STDIN and not file.complain:
                file.cached = self.caches.find(file.path)
        self._compile([file for file in files if file.cached is None])
        for file in files:
            if file.cached is not None and not self._load_cached(file):
                self._compile([file])
            if file.result is not None:
                self._finish(file)
            if self.failed and "abort-on-error" in self.flags:
                return

    def _compile(self, files: "Sequence[PolicyFile]") -> None:
        for complain in (False, True):
            those = [file for file in files if file.complain is complain]
            if those:
                found = self.compiler.compile(those, complain)
                for file, result in zip(those, found, strict=True):
                    file.result = result

    def _load_cached(self, file: PolicyFile) -> bool:
        assert file.cached is not None
        path, blob = file.cached
        show(self.asked, f"Cache hit: {path}")
        error = self._write(blob)
        if error is None:
            self._say_loaded(path)
            return True
        self._refused(path, error)
        return "skip-bad-cache-rebuild" in self.flags

    def _refused(self, path: str, error: OSError) -> None:
        """The kernel did not take a file of compiled policy."""
        verb = "replace" if self.asked.action == "replace" else "load"
        say(f"Could not {verb} profile {path} : {error.strerror}")
        self.failed = (error.errno or 1) & 0xFF

    def _finish(self, file: PolicyFile) -> None:
        """Load or print what was compiled."""
        from dockarmor.cli.faces.parser_policy import say_errors
        from dockarmor.text.diagnostic import DiagnosticError

        result = file.result
        assert result is not None
        if isinstance(result, DiagnosticError):
            say_errors(file.argument, file.path, result)
            self.failed = 1
            return
        show(self.asked, f"Cache miss: {file.path}")
        if file.complain and file.path != STDIN and self.features is not None and not_kept(self.asked, file):
            self.failed = 1
            return
        if self.asked.action in ("stdout", "ofile"):
            self._print(result.blob)
        else:
            from dockarmor.cli.faces.parser_kernel import children_first, refused, shown

            names = [figures.name for figures in result.profiles]
            error = self._write(result.blob) if result.blob else None
            if error is not None:
                self.failed = refused(self.asked.program, self.asked.action, names, error)
                return
            if "verbose" in self.flags:
                self._succeeded([shown(name, names) for name in children_first(names)])
        if self.caches is not None and file.path != STDIN and not file.complain:
            self.failed = self.caches.keep(file, result.blob) or self.failed

    def _names(self, files: "Sequence[PolicyFile]") -> None:
        """--names, --remove."""
        from dockarmor.cli.faces.parser_policy import full_names, say_errors
        from dockarmor.text.diagnostic import DiagnosticError

        for file in files:
            try:
                profiles = self.compiler.profiles(file.path)
            except (DiagnosticError, OSError) as error:
                say_errors(file.argument, file.path, error)
                self.failed = 1
                if "abort-on-error" in self.flags:
                    return
                continue
            show(self.asked, f"Cache miss: {file.path}")
            namespace = self.compiler.namespace
            if self.asked.action == "names":
                for name in full_names(profiles, namespace):
                    self._print(name.encode("latin-1") + b"\n")
            else:
                for profile in sorted(profiles, key=lambda one: (namespace or one.namespace or "", one.name)):
                    self._remove(profile.name, namespace or profile.namespace)

    def _remove(self, name: str, namespace: str | None) -> None:
        full = f":{namespace}://{name}" if namespace else name
        error = self._write(full.encode("latin-1") + b"\0")
        if error is not None:
            from dockarmor.cli.faces.parser_kernel import refused

            self.failed = refused(self.asked.program, "remove", [name], error)
        elif "verbose" in self.flags:
            self._succeeded([name])

    def _binaries(self, files: "Sequence[PolicyFile]") -> None:
        """--binary: as they are."""
        if self.asked.action == "remove":
            say("Error: Invalid load option specified: 2")
            self.failed = 22
            return
        from dockarmor.text.diagnostic import DiagnosticError

        for file in files:
            try:
                blob = _bytes(file.path)
            except (OSError, DiagnosticError) as error:
                blob = b""
                if isinstance(error, DiagnosticError):
                    from dockarmor.cli.faces.parser_policy import say_errors

                    say_errors(file.argument, file.path, error)
            if not blob:
                say(f"Cannot read profile from file {file.path}")
                self.failed = 255
                continue
            refusal = self._write(blob)
            if refusal is None:
                self._say_loaded(file.path)
            else:
                self._refused(file.path, refusal)

    def _preprocess(self, files: "Sequence[PolicyFile]") -> None:
        from dockarmor.cli.faces.parser_policy import say_errors
        from dockarmor.cli.faces.parser_preprocess import preprocessed
        from dockarmor.text.diagnostic import DiagnosticError

        seen: set[str] = set()
        for file in files:
            try:
                for piece in preprocessed(file.path, self._search(), seen):
                    self._print(piece.encode("latin-1"))
                show(self.asked, f"Cache miss: {file.path}")
            except (DiagnosticError, OSError) as error:
                say_errors(file.argument, file.path, error)
                self.failed = 1

    # -- out ----------------------------------------------------------------------------------------------

    def _write(self, data: bytes) -> OSError | None:
        """Hand to the kernel, if one is to be written to; the refusal."""
        if not self.asked.writes:
            return None
        from dockarmor.cli.faces.parser_kernel import write

        return write(os.path.join(self.root, _FILES[self.asked.action]), data)

    def _say_loaded(self, path: str) -> None:
        if "verbose" in self.flags:
            verb = "reload" if self.asked.action == "replace" else "load"
            self._tell(b'Cached %s succeeded for "%s".\n' % (verb.encode(), os.fsencode(path)))

    def _succeeded(self, names: "Sequence[str]") -> None:
        done = _DONE[self.asked.action].encode()
        for name in names:
            self._tell(b'%s succeeded for "%s".\n' % (done, name.encode("latin-1")))

    def _print(self, data: bytes) -> None:
        """What was asked for."""
        if self.asked.action == "ofile":
            self.output += data
            return
        try:
            # A stream that was closed by whoever started this (main.entry) is no place for a blob.
            if self.asked.action == "stdout" and sys.stdout.name == os.devnull:
                raise OSError(EBADF, os.strerror(EBADF))
            _put(data)
        except OSError as error:
            if isinstance(error, BrokenPipeError):
                raise
            _close_output()
            say(f"{self.asked.program}: Unable to write to stdout")
            raise Stop(-(error.errno or 1) & 0xFF) from None

    def _tell(self, line: bytes) -> None:
        """What is only said: policy is loaded whether somebody listens or not."""
        try:
            _put(line)
        except OSError:
            _close_output()

    def _check_target(self) -> None:
        """The file of --ofile can be written."""
        path = self.values["ofile"]
        there = path
        try:
            os.stat(path)
        except FileNotFoundError:
            there = os.path.dirname(os.path.realpath(path))
        except OSError:
            there = ""
        if not path or os.path.isdir(path) or not os.access(there, os.W_OK):
            say(f"{self.asked.program}: Could not open file {path}")
            raise Stop(1)

    def _write_target(self) -> None:
        path = self.values["ofile"]
        try:
            beside = os.path.dirname(os.path.realpath(path))
            if os.path.exists(path) and not (os.path.isfile(path) and os.access(beside, os.W_OK)):
                with open(path, "wb", buffering=0) as file:
                    file.write(self.output)
            else:
                replace_file(path, [bytes(self.output)])
        except OSError as error:
            say(f"{self.asked.program}: Unable to write to output file")
            raise Stop(-(error.errno or 1) & 0xFF) from None


def _put(data: bytes) -> None:
    """To standard output, at once."""
    sys.stdout.flush()
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def _close_output() -> None:
    """What could not be written must not be tried again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _bytes(path: str) -> bytes:
    from dockarmor.cli.policy import read_argument

    return read_argument("-" if path == STDIN else path)
