"""What can be seen of a host by reading its files and asking its engine: all that the doctor judges."""

import gzip
import os
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import TypeVar

from dockarmor.containers.engine import SOCKET, Engine, EngineError, ask_engine
from dockarmor.kernel.host import loaded
from dockarmor.kernel.host.files import read_line, read_text, read_tree
from dockarmor.kernel.host.parser_conf import CONFIG, feature_files
from dockarmor.kernel.host.support import Support, support
from dockarmor.value import field, frozen

T = TypeVar("T")

#: where engines look for the compiler, and where else it may be
PARSER = "sbin/apparmor_parser"
OTHER_PARSERS = ("usr/sbin/apparmor_parser", "usr/bin/apparmor_parser", "usr/local/sbin/apparmor_parser")
#: how a kernel's own changelog names the fix of the policy interface (CVE-2026-23268)
FIX = (b"CVE-2026-23268", b"fix unprivileged local user can do privileged policy management")
MAX_CHANGELOG = 64 << 20
MAX_ENVIRONMENT = 1 << 20

_DAEMONS = ("dockerd", "containerd", "podman")
_SYSCTLS = (
    "kernel/apparmor_restrict_unprivileged_userns",
    "kernel/unprivileged_userns_clone",
    "user/max_user_namespaces",
)


@frozen
class Daemon:
    """A running engine: whether it is root on the host, whether it has the variable `container` (None: not seen)."""

    name: str
    pid: int
    root: bool | None
    container: bool | None


@frozen
class HostFacts:
    """None stands for what could not be seen; `trouble` says why of the engine.

    `modules`, `mounts`: whether the folder and the table can be read from which `support` has its answers.
    `elsewhere`: where the policy is when it is not where engines look for it. `lost`: lines of parser.conf that name
    a feature set which is not there.
    """

    support: Support
    release: str
    modules: bool = True
    mounts: bool = True
    elsewhere: str | None = None
    command_line: str | None = None
    lsm: tuple[str, ...] | None = None
    parameters: Mapping[str, str | None] = field(default_factory=dict)
    features: Mapping[str, object] | None = None
    profiles: tuple[tuple[str, str], ...] | None = None
    fixed: bool | None = None
    sysctls: Mapping[str, str] = field(default_factory=dict)
    parser: str | None = None
    parser_elsewhere: str | None = None
    lost: tuple[str, ...] = ()
    daemons: tuple[Daemon, ...] = ()
    engine: Engine | None = None
    trouble: str = ""


def look(root: str = "/", proc: str = "/proc", sysfs: str = "/sys", docker: str = SOCKET) -> HostFacts:
    """Look at this host; nothing is changed, no program is called."""
    here = support(proc, sysfs)
    policy = f"{here.mount}/apparmor" if here.mount else ""
    release = read_line(f"{proc}/sys/kernel/osrelease") or ""
    usual = f"{sysfs}/kernel/security"
    lsm = read_line(f"{here.mount or usual}/lsm")
    folder = f"{sysfs}/module/apparmor/parameters"
    engine, trouble = _engine(docker)
    return HostFacts(
        support=here,
        release=release,
        modules=os.path.isdir(f"{sysfs}/module"),
        mounts=read_line(f"{proc}/mounts") is not None,
        elsewhere=here.mount if not os.path.isdir(f"{usual}/apparmor") else None,
        command_line=read_line(f"{proc}/cmdline"),
        lsm=tuple(lsm.split(",")) if lsm else None,
        parameters={name: read_line(f"{folder}/{name}") for name in _names(folder)},
        features=_seen(lambda: read_tree(f"{policy}/features")) if policy else None,
        profiles=_seen(lambda: tuple(loaded.listing(policy, loaded.details(policy)))) if policy else None,
        fixed=_fixed(root, release),
        sysctls={
            name.split("/")[1]: value for name in _SYSCTLS if (value := read_line(f"{proc}/sys/{name}")) is not None
        },
        parser=_first(root, (PARSER,)),
        parser_elsewhere=_first(root, OTHER_PARSERS),
        lost=tuple(_lost(root)),
        daemons=tuple(_daemons(proc)),
        engine=engine,
        trouble=trouble,
    )


def _engine(path: str) -> tuple[Engine | None, str]:
    if not os.path.exists(path):
        return None, ""
    try:
        return ask_engine(path), ""
    except EngineError as error:
        return None, str(error)


def _first(root: str, names: tuple[str, ...]) -> str | None:
    return next(("/" + name for name in names if os.path.exists(os.path.join(root, name))), None)


def _lost(root: str) -> Iterator[str]:
    named = _seen(lambda: feature_files(os.path.join(root, CONFIG.lstrip("/")))) or {}
    for option, place in named.items():
        if place.startswith("/") and not os.path.exists(os.path.join(root, place.lstrip("/"))):
            yield f"{option}={place}"


def _names(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []


def _seen(read: Callable[[], T]) -> T | None:
    try:
        return read()
    except OSError:
        return None


def _daemons(proc: str) -> Iterator[Daemon]:
    for entry in _names(proc):
        name = read_line(f"{proc}/{entry}/comm") if entry.isascii() and entry.isdigit() else None
        if name in _DAEMONS:
            yield Daemon(name, int(entry), _is_root(proc, entry), _in_container(proc, entry))


def _is_root(proc: str, pid: str) -> bool | None:
    """Root of the host: user 0, and in the namespace in which everybody is himself; None where it is not to be seen.

    A kernel without user namespaces has no uid_map.
    """
    status = read_line(f"{proc}/{pid}/status")
    if status is None or "\nUid:\t" not in "\n" + status:
        return None
    users = read_line(f"{proc}/{pid}/uid_map") or ""
    return "\nUid:\t0\t" in "\n" + status and users.split()[:2] in ([], ["0", "0"])


def _in_container(proc: str, pid: str) -> bool | None:
    """Engines switch AppArmor off for themselves when the variable `container` is set (containerd pkg/apparmor)."""
    try:
        environment = read_text(f"{proc}/{pid}/environ", MAX_ENVIRONMENT)
    except OSError:
        return None
    return any(one.startswith("container=") and len(one) > 10 for one in environment.split("\0"))


def _fixed(root: str, release: str) -> bool | None:
    """Whether the changelog of this kernel's package names the fix; None where no changelog tells of fixes.

    Ubuntu's package of a signed image only names the version that was signed; the changes stand with its modules.
    """
    texts = list(_changelogs(os.path.join(root, "usr/share/doc"), release))
    if any(words in text for text in texts for words in FIX):
        return True
    return False if any(b"CVE-" in text for text in texts) else None


def _changelogs(folder: str, release: str) -> Iterator[bytes]:
    for package in ("linux-image", "linux-modules"):
        for name in ("changelog.Debian.gz", "changelog.gz"):
            path = os.path.join(folder, f"{package}-{release}", name)
            with suppress(OSError, EOFError, ValueError, zlib.error), gzip.open(path) as file:
                yield file.read(MAX_CHANGELOG)
