"""Where things are kept between commands. The environment is read here and nowhere below."""

import errno
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

#: where a host keeps its policy text
POLICY = "/etc/apparmor.d"


def cache_folder() -> str:
    """Downloads and what can be made again: $DOCKARMOR_CACHE, else $XDG_CACHE_HOME/dockarmor."""
    own = os.environ.get("DOCKARMOR_CACHE")
    return own or os.path.join(_xdg("XDG_CACHE_HOME", ".cache"), "dockarmor")


def state_folder() -> str:
    """What the embedded kernel has loaded: $DOCKARMOR_STATE, else $XDG_STATE_HOME/dockarmor."""
    own = os.environ.get("DOCKARMOR_STATE")
    return own or os.path.join(_xdg("XDG_STATE_HOME", ".local/state"), "dockarmor")


def lab_folder() -> str:
    """The lab's packages, images, saved machines and running ones."""
    return os.path.join(cache_folder(), "lab")


def base_folder(given: str | None) -> str:
    """Where `<…>` includes are found: what was given, else the host's policy if it has tunables, else our own."""
    if given:
        return given
    if os.path.isfile(f"{POLICY}/tunables/global"):
        return POLICY
    from dockarmor.policy.builtin import builtin_base

    return builtin_base()


def _xdg(variable: str, default: str) -> str:
    value = os.environ.get(variable, "")
    return value if os.path.isabs(value) else os.path.join(os.path.expanduser("~"), default)


def replace_file(path: str, pieces: "Iterable[bytes]", read: bytes | None = None, *, made_anew: bool = False) -> None:
    """Write the pieces beside, then rename: nobody ever sees half a file. Mode and owner stay; links are followed.

    `made_anew`: what another run can make again need not be on the disk before this one ends.
    `read`: what the file said when its new content was worked out. Raises OSError where it says something else by
    now, and leaves it alone.
    """
    given, path = path, os.path.realpath(path)
    if os.path.islink(path):
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), given)
    # A killed run leaves this: hidden, so that nothing takes it for policy; a name of its own, since in a container
    # the next run has the same number; short, as the file's own name may be as long as names can be.
    beside = os.path.join(os.path.dirname(path), f".dockarmor-{os.urandom(8).hex()}.new")
    try:
        with open(beside, "xb") as file:
            if os.path.exists(path):
                known = os.stat(path)
                os.fchmod(file.fileno(), known.st_mode & 0o7777)
                if (known.st_uid, known.st_gid) != (os.geteuid(), os.getegid()):
                    os.fchown(file.fileno(), known.st_uid, known.st_gid)
            file.writelines(pieces)
            file.flush()
            if not made_anew:
                os.fsync(file.fileno())
        if read is not None:
            with open(path, "rb") as now:
                if now.read(len(read) + 1) != read:
                    raise OSError(errno.ESTALE, "was changed meanwhile by another program; it is left alone", path)
        os.replace(beside, path)
    except BaseException as error:
        if os.path.exists(beside):
            os.unlink(beside)
        if isinstance(error, OSError) and error.filename in (beside, None):
            raise OSError(error.errno, error.strerror, given) from None
        raise
