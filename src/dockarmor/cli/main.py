"""The entry point: find the verb, build only its parser, run it, turn what happened into an exit status.

Exit status: 0 yes, clean, allowed; 1 no, findings, denied; 2 usage or unreadable input; 3 this host cannot;
70 our bug. This module imports nothing at start-up beyond sys: `dockarmor --version` is a bare interpreter.
"""

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

#: verb -> (module under dockarmor.cli, summary), grouped as the help prints them
VERBS: dict[str, dict[str, tuple[str, str]]] = {
    "write": {
        "check": ("check", "read policy files and say what is wrong with them"),
        "fmt": ("fmt", "write policy files in the one canonical style"),
        "show": ("show", "what a policy file says, with its includes and variables resolved"),
        "init": ("init", "begin a container's profile: the profile, tests for it, a configuration"),
        "rule": ("rule", "print the page of a diagnostic code"),
    },
    "ask": {
        "explain": ("explain", "is this request allowed, and which line decides?"),
    },
    "build": {
        "build": ("build", "compile policy text into the kernel's binary form"),
        "dump": ("dump", "print what a compiled policy holds"),
    },
    "host": {
        "load": ("load", "load policy into a kernel"),
        "reload": ("reload", "load policy again from where it is kept"),
        "unload": ("unload", "remove profiles from a kernel"),
        "service": ("service", "start, reload or stop as an init script does"),
        "status": ("status", "which profiles are loaded, in which mode, on which processes"),
        "doctor": ("doctor", "does this host confine containers as it seems to?"),
        "lab": ("lab", "a real AppArmor kernel in a micro-VM"),
    },
    "containers": {
        "default": ("default", "show docker-default: today's, or the manual page's"),
        "run": ("run", "run a command confined, and explain what was denied"),
    },
}

#: programs of AppArmor's own that dockarmor stands in for -> module under dockarmor.cli.faces
FACES: dict[str, str] = {
    "aa-complain": "aa_mode",
    "aa-disable": "aa_mode",
    "aa-enabled": "aa_enabled",
    "aa-enforce": "aa_mode",
    "aa-exec": "aa_exec",
    "aa-remove-unknown": "aa_remove_unknown",
    "aa-status": "aa_status",
    "apparmor_parser": "apparmor_parser",
    "apparmor_status": "aa_status",
}

EXIT_OK, EXIT_NO, EXIT_USAGE, EXIT_HOST, EXIT_BUG = 0, 1, 2, 3, 70


def entry() -> None:
    """Console script. Called by the name of a program that it stands in for (a link), it is that program."""
    import gc
    import os

    # Importing makes many objects and no garbage: looking for it as often as usual is a tenth of a short run.
    gc.set_threshold(200_000)
    if sys.stdout is None or sys.stderr is None:  # closed by whoever started this
        sink = open(os.devnull, "w")  # noqa: SIM115
        sys.stdout, sys.stderr = sys.stdout or sink, sys.stderr or sink
    name = sys.argv[0].rpartition("/")[2]
    status = main([name, *sys.argv[1:]] if name in FACES else sys.argv[1:])
    for stream in (sys.stdout, sys.stderr):
        try:  # noqa: SIM105 - contextlib would be the largest module of a short run
            stream.flush()
        except OSError:  # `_guarded` has said it
            pass
    # All that was made goes with the process; to take it apart piece by piece would be a twentieth of the run.
    os._exit(status)


def main(arguments: list[str]) -> int:
    """Run one command line; the exit status is the result."""
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        return _guarded(lambda: _say(usage(), EXIT_OK if arguments else EXIT_USAGE))
    if arguments[0] in ("-V", "--version"):
        from dockarmor import __version__

        return _guarded(lambda: _say(f"dockarmor {__version__}\n", EXIT_OK))
    if arguments[0] in FACES:
        return _face(arguments[0], arguments[1:])
    verbs = {verb: module for group in VERBS.values() for verb, (module, _) in group.items()}
    if arguments[0] not in verbs:
        return _unknown(arguments[0], [*verbs, *FACES])
    return _run(arguments[0], verbs[arguments[0]], arguments[1:])


def usage() -> str:
    """The help text, without importing a verb."""
    lines = ["usage: dockarmor VERB …", "", "AppArmor for containers, end to end.", ""]
    for group, verbs in VERBS.items():
        for verb, (_, summary) in verbs.items():
            lines.append(f"  {group:<11} {verb:<9} {summary}")
            group = ""
    for at in range(0, len(FACES), 5):
        names = ", ".join(list(FACES)[at : at + 5])
        comma = "," if at + 5 < len(FACES) else ""
        lines.append(f"  {'' if at else 'by name':<11} {names}{comma}")
    lines += ["", "`dockarmor VERB --help` says more; `dockarmor --version` prints the version.", ""]
    return "\n".join(lines)


def _say(text: str, status: int) -> int:
    sys.stdout.write(text)
    return status


def _unknown(word: str, verbs: list[str]) -> int:
    import difflib

    close = difflib.get_close_matches(word, verbs, 1)
    hint = f" Did you mean `{close[0]}`?" if close else " `dockarmor --help` lists the verbs."
    sys.stderr.write(f"dockarmor: no verb `{word[:80]!s}`.{hint}\n")
    return EXIT_USAGE


def _run(verb: str, module: str, arguments: list[str]) -> int:
    import importlib

    command = importlib.import_module(f"dockarmor.cli.{module}")
    # A verb may read its plainest command lines itself, where argparse would be a good part of its time.
    options = command.plain(arguments) if hasattr(command, "plain") else None
    if options is None:
        try:
            options = _options(verb, command, arguments)
        except SystemExit as stop:
            return stop.code if isinstance(stop.code, int) else EXIT_USAGE
    return _guarded(lambda: command.run(options))


def _face(name: str, arguments: list[str]) -> int:
    """A program that dockarmor stands in for reads its command line itself."""
    import importlib

    program = importlib.import_module(f"dockarmor.cli.faces.{FACES[name]}")
    return _guarded(lambda: program.run(name, arguments))


def _guarded(act: "Callable[[], int]") -> int:
    """Do it; what goes wrong becomes words and an exit status."""
    try:
        status = act()
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader went away (`| head`): nothing to say, and nothing more to flush at exit.
        import os

        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return EXIT_OK
    except KeyboardInterrupt:
        sys.stderr.write("\n")
        return 130
    except Exception as error:
        from dockarmor.cli.failure import report

        return report(error)
    return status


def _options(verb: str, command: "Any", arguments: list[str]) -> "Any":
    """The verb's options. Raises SystemExit where argparse has said all that is to be said."""
    import argparse

    parser = argparse.ArgumentParser(
        prog=f"dockarmor {verb}",
        description=command.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.configure(parser)
    # What stands behind `--` is somebody else's command line.
    cut = arguments.index("--") if "--" in arguments else len(arguments)
    options = parser.parse_intermixed_args(arguments[:cut])
    options.command = arguments[cut + 1 :]
    return options
