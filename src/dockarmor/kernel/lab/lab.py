"""`Kernel` answered by a real one: each call is a request to the agent in a guest machine."""

import base64
import os
import struct
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from dockarmor.kernel.lab.machine import Machine, packed
from dockarmor.kernel.protocol import KernelError, LoadedProfile, Permissions, Process, Query
from dockarmor.kernel.refusal import Action, meaning
from dockarmor.value import frozen

BLOB_LIMIT = 16 << 20
FILE_LIMIT = 16 << 20
BATCH = 20_000
PACKED_LIMIT = 8 << 20


@frozen
class Run:
    """How a command in the guest ended: exit status (-N: by signal N), output (first MiB each), its audit records."""

    status: int
    stdout: bytes
    stderr: bytes
    records: tuple[str, ...]


class Lab:
    """A guest machine as a `Kernel`. Errors of its kernel are KernelError with the kernel's errno."""

    def __init__(self, name: str, machine: Machine) -> None:
        self.name = f"lab {name}"
        self.machine = machine
        self.lost = 0  # audit records that nobody fetched in time

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End a private machine; leave a lasting one running."""
        self.machine.close()

    def load(self, blob: bytes, *, replace: bool = True) -> None:
        """Load one or more profiles atomically (`.replace`, or `.load`: EEXIST when one is there)."""
        if len(blob) > BLOB_LIMIT:
            raise KernelError(f"a blob of {len(blob)} bytes is too large for the lab", 7)
        with _in_words("load", "the policy"):
            self.machine.call("load", blob=packed(blob), replace=replace)

    def remove(self, name: str) -> None:
        """Remove a profile and its children (`.remove`)."""
        with _in_words("remove", f"profile {name}"):
            self.machine.call("remove", name=name)

    def profiles(self) -> Sequence[LoadedProfile]:
        """The loaded profiles with the kernel's own digest of each."""
        return [
            LoadedProfile(str(name), str(mode), None if digest is None else str(digest))
            for name, mode, digest in self._rows("profiles")
        ]

    def processes(self) -> Sequence[Process]:
        """Tasks in the guest that run under a profile."""
        return [
            Process(_integer(pid), str(label), str(mode), str(exe))
            for pid, label, mode, exe in self._rows("processes")
        ]

    def unconfined(self) -> Sequence[Process]:
        """None: what nothing confines in a guest is the lab's own."""
        return []

    def blob_of(self, name: str) -> bytes | None:
        """None: the guest is not asked."""
        return None

    def features(self) -> Mapping[str, object]:
        """The features tree of the guest's kernel."""
        tree = self.machine.call("features")["features"]
        if not isinstance(tree, dict):
            raise KernelError("the lab machine answers no features tree")
        return tree

    def access(self, queries: Sequence[Query]) -> Sequence[Permissions]:
        """Answer `.access` queries in order, some 20,000 a request."""
        found: list[Permissions] = []
        batch = Batch()
        for query in queries:
            if not batch.add(query):
                found += self._ask(batch, queries, len(found))
                batch = Batch()
                batch.add(query)
        return found + self._ask(batch, queries, len(found))

    def _ask(self, batch: "Batch", queries: Sequence[Query], first: int) -> list[Permissions]:
        if not batch.count:
            return []
        answer = self.machine.call(
            "access", seconds=120, labels=list(batch.labels), queries=packed(bytes(batch.data))
        )
        if (number := answer.get("errno")) is not None:
            place = first + _integer(answer.get("query"))
            words = os.strerror(_integer(number))
            raise KernelError(f"query {place} (label {queries[place].label}): {words}", _integer(number))
        found = _unpacked(answer.get("answers"))
        if len(found) != 16 * batch.count:
            raise KernelError("the lab machine answered another number of queries")
        # Hexadecimal text becomes bytes most significant first.
        return [Permissions(*four) for four in struct.iter_unpack(">4I", found)]

    def events(self) -> Sequence[str]:
        """Audit records since the last call, `type=NNNN audit(SEC.MS:SEQ): body`; those of `run` included."""
        answer = self.machine.call("events")
        self.lost += _integer(answer.get("lost"))
        return _texts(answer.get("events"))

    def run(
        self,
        argv: Sequence[str],
        *,
        profile: str | None = None,
        stdin: bytes = b"",
        timeout: float = 30.0,
        uid: int = 0,
        cwd: str = "/",
    ) -> Run:
        """Run a command in the guest, under a profile if one is named, and wait for it.

        What it leaves running in its cgroup is killed with it. argv is latin-1 text, as policy is.
        Raises KernelError with the errno of what failed before or in execve, and ETIMEDOUT when `timeout`
        seconds of guest time are over.
        """
        if not argv or any("\0" in word for word in (*argv, profile or "", cwd)):
            raise KernelError("a command needs a name, and its words hold no NUL", 22)
        answer = self.machine.call(
            "run",
            seconds=timeout + 30,
            argv=list(argv),
            profile=profile,
            stdin=packed(stdin),
            timeout=timeout,
            uid=uid,
            cwd=cwd,
        )
        if (number := answer.get("errno")) is not None:
            words = os.strerror(_integer(number))
            raise KernelError(f"the guest could not {answer.get('step')}: {words}", _integer(number))
        if answer.get("timed_out"):
            raise KernelError(f"{argv[0]} did not end within {timeout:g} seconds and was killed", 110)
        return Run(
            _integer(answer.get("status")),
            _unpacked(answer.get("out")),
            _unpacked(answer.get("err")),
            tuple(_texts(answer.get("records"))),
        )

    def put_file(self, path: str, content: bytes, permissions: int = 0o644) -> None:
        """Write a file in the guest, its parent folders too."""
        if len(content) > FILE_LIMIT:
            raise KernelError(f"{len(content)} bytes are too large a file for the lab", 27)
        self.machine.call("put", path=path, content=packed(content), permissions=permissions)

    def get_file(self, path: str) -> bytes:
        """The first 16 MiB of a file in the guest."""
        return _unpacked(self.machine.call("get", path=path, limit=FILE_LIMIT).get("content"))

    def _rows(self, op: str) -> list[list[object]]:
        rows = self.machine.call(op).get(op)
        return rows if isinstance(rows, list) else []


@contextmanager
def _in_words(action: Action, what: str) -> Iterator[None]:
    """A number of the guest's kernel told as one of this host's would be."""
    try:
        yield
    except KernelError as error:
        if not error.errno:
            raise
        raise KernelError(f"{what}: {meaning(action, error.errno)}", error.errno) from None


class Batch:
    """Queries as they travel: each is (label number u16, class u8, length u16, bytes)."""

    def __init__(self) -> None:
        self.labels: dict[str, int] = {}
        self.data = bytearray()
        self.count = 0

    def add(self, query: Query) -> bool:
        """Append a query; False, and nothing done, when the batch is full. Raises KernelError (E2BIG)."""
        if self.count == BATCH or len(self.data) > PACKED_LIMIT or len(self.labels) == 0xFFFF:
            return False
        if len(query.match) > 0xFFFF:
            raise KernelError("a query's string is longer than a page", 7)
        label = self.labels.setdefault(query.label, len(self.labels))
        self.data += struct.pack("<HBH", label, query.mediation, len(query.match)) + query.match
        self.count += 1
        return True


def _integer(value: object) -> int:
    return value if isinstance(value, int) else 0


def _unpacked(value: object) -> bytes:
    return base64.b64decode(value) if isinstance(value, str) else b""


def _texts(value: object) -> list[str]:
    return [text for text in value if isinstance(text, str)] if isinstance(value, list) else []
