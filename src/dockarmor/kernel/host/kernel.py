"""`Host`: a kernel.protocol.Kernel over this machine's securityfs and /proc.

Sources: security/apparmor/apparmorfs.c; facts that no file says are measured in the lab (tests/kernel/host).
"""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from errno import EINVAL, EIO, ENOENT

from dockarmor.compile import MAX_BLOB
from dockarmor.kernel.host import container, loaded, tasks
from dockarmor.kernel.host.files import read_line, read_tree, write_once
from dockarmor.kernel.label_text import UNCONFINED
from dockarmor.kernel.protocol import (
    KernelError,
    KernelUnavailable,
    LoadedProfile,
    Permissions,
    Process,
    Query,
)
from dockarmor.kernel.refusal import FORBIDDEN, Action, Standing, forbidden, meaning
from dockarmor.text.bounded import read_bounded
from dockarmor.text.regex import regex

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dockarmor.kernel.host.records import Records

#: CAP_MAC_ADMIN (include/uapi/linux/capability.h)
_MAC_ADMIN = 33
_ANSWER = regex(rb"allow 0x([0-9a-f]{8})\ndeny 0x([0-9a-f]{8})\naudit 0x([0-9a-f]{8})\nquiet 0x([0-9a-f]{8})\n")


class Host:
    """The kernel that runs here.

    `securityfs`, `proc`, `sysfs`: where these are mounted. Refusals are KernelError with what the number means;
    where it is the caller's privilege that lacks, KernelUnavailable says what is needed.
    """

    name = "host"

    def __init__(self, securityfs: str = "/sys/kernel/security", proc: str = "/proc", sysfs: str = "/sys") -> None:
        self._securityfs, self._root = securityfs, f"{securityfs}/apparmor"
        self._proc = proc
        self._sysfs = sysfs
        self._records: Records | None = None
        #: where profiles were found when bytes were last asked for
        self._folders: dict[str, str] = {}

    # -- policy -------------------------------------------------------------------------------------------

    def load(self, blob: bytes, *, replace: bool = True) -> None:
        """See Kernel.load: one write, so all of it or nothing."""
        if not blob:
            raise KernelError("there is nothing to load", EINVAL)
        self._write(".replace" if replace else ".load", blob, "load", "the policy")

    def remove(self, name: str) -> None:
        """See Kernel.remove; `:namespace:` removes a namespace."""
        if not name:
            raise KernelError("no profile is named", ENOENT)
        self._write(".remove", name.encode("latin-1"), "remove", f"profile {name}")

    def profiles(self) -> Sequence[LoadedProfile]:
        """See Kernel.profiles: with attachment and hash where the kernel shows them."""
        known = loaded.details(self._root)
        found = []
        with self._refused("read", "the list of profiles"):
            listed = loaded.listing(self._root, known)
        for name, mode in listed:
            more = known.get(name)
            found.append(LoadedProfile(name, mode, more.hash if more else None, more.attachment if more else None))
        return found

    def listing(self) -> Sequence[tuple[str, str]]:
        """Names and modes alone: one file read instead of some for each profile."""
        with self._refused("read", "the list of profiles"):
            return loaded.listing(self._root)

    def blob_of(self, name: str) -> bytes | None:
        """The bytes that brought a profile, with what came with it; None where the kernel does not keep them."""
        if not os.path.isdir(self._folders.get(name, "")):
            self._folders = {known: details.folder for known, details in loaded.details(self._root).items()}
        if name not in self._folders:
            return None
        try:
            with open(f"{self._folders[name]}/raw_data", "rb") as file:
                return read_bounded(file, MAX_BLOB)
        except OSError:
            return None

    def processes(self) -> Sequence[Process]:
        return [
            Process(task.pid, task.label, task.mode, task.executable)
            for task in self._tasks()
            if task.mode is not None
        ]

    def unconfined(self) -> Sequence[Process]:
        return [
            Process(task.pid, task.label, UNCONFINED, task.executable) for task in self._tasks() if task.mode is None
        ]

    def _tasks(self) -> Iterator[tasks.Task]:
        return tasks.tasks(self._proc, shared=self._shared())

    def label_of(self, pid: int) -> tuple[str, str | None]:
        """A process's label and mode; None for one that nothing confines. Raises KernelError."""
        try:
            return tasks.label_of(pid, self._proc, shared=self._shared())
        except ValueError as error:
            raise KernelError(str(error), EINVAL) from None
        except OSError as error:
            words = "there is no such process" if error.errno == ENOENT else error.strerror
            raise KernelError(f"process {pid}: {words}", error.errno or EIO) from None

    def features(self) -> Mapping[str, object]:
        with self._refused("read", "the features"):
            return read_tree(f"{self._root}/features")

    def belongs_to(self) -> str | None:
        """The kind of container that we are in where this policy is its host's; None where it is our own."""
        kind = container.container(self._proc)
        return None if kind is None or container.has_own_policy(self._securityfs) else kind

    # -- asking -------------------------------------------------------------------------------------------

    def access(self, queries: Sequence[Query]) -> Sequence[Permissions]:
        with self._refused("query", "`.access`"):
            file = os.open(f"{self._root}/.access", os.O_RDWR | os.O_CLOEXEC)
        try:
            return [self._ask(file, query) for query in queries]
        finally:
            os.close(file)

    def _ask(self, file: int, query: Query) -> Permissions:
        text = b"label\0" + query.label.encode("latin-1") + b"\0" + bytes((query.mediation,)) + query.match
        with self._refused("query", f"label {query.label}"):
            # Both at position 0: each write is a question of its own, and takes the last answer's place.
            os.pwrite(file, text, 0)
            answer = _ANSWER.fullmatch(os.pread(file, 128, 0))
        if answer is None:
            raise KernelError("the kernel's answer is of no form that is known", EIO)
        return Permissions(*(int(word, 16) for word in answer.groups()))

    def events(self) -> Sequence[str]:
        """See Kernel.events; the first call only begins to listen. Needs CAP_AUDIT_READ."""
        if self._records is None:
            from dockarmor.kernel.host.records import Records

            try:
                self._records = Records.listening()
            except OSError as error:
                raise KernelUnavailable(
                    f"audit records cannot be read: {error.strerror}; run it as root in the host's namespaces",
                    error.errno or EIO,
                ) from None
        return self._records.new()

    # -- how ----------------------------------------------------------------------------------------------

    def _write(self, name: str, data: bytes, action: Action, what: str) -> None:
        with self._refused(action, what):
            write_once(f"{self._root}/{name}", data)

    @contextmanager
    def _refused(self, action: Action, what: str) -> Iterator[None]:
        """Turn the kernel's number into words."""
        try:
            yield
        except OSError as error:
            number = error.errno or EIO
            if not os.path.isdir(self._root):
                words = f"{self._root} is not there: AppArmor is off, or securityfs is not mounted"
                raise KernelUnavailable(words, number) from None
            if number not in FORBIDDEN:
                raise KernelError(f"{what}: {meaning(action, number)}", number) from None
            words, elsewhere = forbidden(self._standing())
            refusal = KernelUnavailable if elsewhere else KernelError
            raise refusal(f"{what}: {words}", number) from None

    def _shared(self) -> bool:
        return read_line(f"{self._sysfs}/module/apparmor/parameters/enabled") != "N"

    def _standing(self) -> Standing:
        status = read_line(f"{self._proc}/self/status") or ""
        capabilities = re.search(r"^CapEff:\s*([0-9a-f]+)$", status, re.MULTILINE)
        locked = read_line(f"{self._sysfs}/module/apparmor/parameters/lock_policy")
        users = read_line(f"{self._proc}/self/uid_map")
        try:
            label = tasks.label_of(os.getpid(), self._proc)[0]
        except (OSError, ValueError):
            label = None
        return Standing(
            root=os.geteuid() == 0,
            capable=bool(int(capabilities[1], 16) >> _MAC_ADMIN & 1) if capabilities else None,
            locked=locked == "Y" if locked else None,
            label=label,
            # The first user namespace maps everybody onto himself (user_namespaces(7)).
            initial=users.split() == ["0", "0", "4294967295"] if users else None,
        )
