"""aa-exec: run a program under a profile. Exit: the program's own status; 1 where it could not be started."""

import os
import sys
from errno import EACCES, EINVAL, ENOENT

from dockarmor.cli.faces.long_options import NONE, ONE, OptionError, read
from dockarmor.cli.faces.places import Places
from dockarmor.kernel.host.tasks import change_profile
from dockarmor.value import frozen, replace

USAGE = """usage: {program} [OPTION]… PROGRAM [ARGUMENT]…
Run PROGRAM under a profile.

  -p, --profile PROFILE      the profile; A//&B for both
  -n, --namespace NAMESPACE  the policy namespace
  -i, --immediate            change now, not with the start of PROGRAM
  -v, --verbose              say what is done
  -d, --debug                say what came of it
  -h, --help                 this text
"""
_LONG = {"profile": ONE, "namespace": ONE, "immediate": NONE, "verbose": NONE, "debug": NONE, "help": NONE}
_SHORT = {name[0]: kind for name, kind in _LONG.items()}
#: a name is no longer than a path (PATH_MAX, with its NUL)
_MAX_NAME = 4096


@frozen
class _Wanted:
    profile: str | None = None
    namespace: str | None = None
    immediate: bool = False
    verbose: bool = False
    debug: bool = False
    help: bool = False

    @property
    def name(self) -> str:
        """What the kernel is told."""
        return (f":{self.namespace}://" if self.namespace is not None else "") + (self.profile or "")


class _Failed(Exception):
    """The program cannot be started; the message says why."""


def run(name: str, arguments: list[str]) -> int:
    return execute(name, arguments, Places())


def execute(name: str, arguments: list[str], places: Places) -> int:
    """Become the program; an answer only comes where that failed."""
    try:
        options, command = read(arguments, _SHORT, _LONG)
        wanted = _wanted(options)
    except OptionError as error:
        sys.stderr.write(f"{name}: {error}\n{USAGE.format(program=name)}")
        return 1
    except _Failed as error:
        return _fail(error)
    if wanted.help or not command:
        (sys.stdout if wanted.help else sys.stderr).write(USAGE.format(program=name))
        return 0 if wanted.help else 1
    try:
        if wanted.profile is not None or wanted.namespace is not None:
            _confine(wanted, places)
        if wanted.verbose:
            sys.stderr.write(f"[{os.getpid()}] exec {' '.join(command)}\n")
        sys.stdout.flush()
        if not command[0]:
            raise FileNotFoundError(ENOENT, os.strerror(ENOENT))
        os.execvp(command[0], command)
    except _Failed as error:
        return _fail(error)
    except (OSError, ValueError) as error:
        words = error.strerror if isinstance(error, OSError) else str(error)
        return _fail(_Failed(f'Failed to execute "{command[0]}": {words}'))


def _fail(error: _Failed) -> int:
    sys.stderr.write(f"[{os.getpid()}] aa-exec: ERROR: {error}\n")
    return 1


def _wanted(options: list[tuple[str, str | None]]) -> _Wanted:
    wanted = _Wanted()
    full = {name[0]: name for name in _LONG}
    for option, value in options:
        name = full.get(option, option)
        if _LONG[name] == ONE and getattr(wanted, name) is not None:
            raise _Failed(f"Multiple -{name[0]}/--{name} parameters given")
        wanted = replace(wanted, **{name: value if _LONG[name] == ONE else True})
    return wanted


def _confine(wanted: _Wanted, places: Places) -> None:
    name, what = wanted.name, "profile" if wanted.profile is not None else "namespace"
    call = f'aa_change_{"profile" if wanted.immediate else "onexec"}("{name}")'
    if len(os.fsencode(name)) + 1 > _MAX_NAME:
        raise _Failed(f"name too long ({len(os.fsencode(name)) + 1} > {_MAX_NAME})")
    if wanted.verbose:
        sys.stderr.write(f"[{os.getpid()}] {call}\n")
    number = 0
    try:
        change_profile(os.fsencode(name), now=wanted.immediate, proc=places.proc)
    except OSError as error:
        number = error.errno or EINVAL
    if wanted.debug:
        sys.stderr.write(f"[{os.getpid()}] aa-exec: DEBUG: {-1 if number else 0} = {call}\n")
    if number:
        words = {
            ENOENT: f"{what} '{name}' does not exist",
            EACCES: f"insufficient permissions to change to the {what} '{name}'",
            EINVAL: "AppArmor interface not available",
        }
        raise _Failed(words.get(number, os.strerror(number)))
