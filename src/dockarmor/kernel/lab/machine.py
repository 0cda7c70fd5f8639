"""One guest machine: QEMU under plain software emulation, and the two sockets that reach into it.

QEMU before 10 is not used: under emulation, 7.2 corrupts the guest's flags register and kernels panic at random.
"""

import base64
import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

from dockarmor.kernel.protocol import KernelError
from dockarmor.value import frozen

LINE_LIMIT = 64 << 20
BOOT_SECONDS = 240.0
RESTORE_SECONDS = 20.0
MEMORY_MB = 256
KERNEL_ARGUMENTS = (
    "console=ttyS0 panic=-1 quiet loglevel=4 apparmor=1 security=apparmor audit=1 audit_backlog_limit=16384 "
    "mitigations=off no_timer_check"
)


@frozen
class Recipe:
    """What a machine is made of: QEMU's argv head, the kernel, the first root."""

    qemu: tuple[str, ...]
    kernel: Path
    initrd: Path

    def command(self, saved: Path | None = None) -> list[str]:
        """QEMU's whole argv; a saved state is only valid under the same one."""
        argv = [
            *self.qemu,
            *("-M", "pc", "-accel", "tcg", "-cpu", "max", "-smp", "1", "-m", str(MEMORY_MB)),
            *("-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"),
            *("-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny"),
            *("-kernel", str(self.kernel), "-initrd", str(self.initrd), "-append", KERNEL_ARGUMENTS),
            *("-serial", "file:console.log", "-qmp", "unix:qmp,server=on,wait=off"),
            *("-chardev", "socket,id=lab,path=agent,server=on,wait=off"),
            *("-device", "virtio-serial-pci", "-device", "virtserialport,chardev=lab,name=lab"),
        ]
        return [*argv, "-incoming", f"file:{saved}"] if saved else argv


def connect(folder: Path, name: str, seconds: float, process: subprocess.Popen[bytes] | None = None) -> socket.socket:
    """Connect to a socket in a folder; through the folder's descriptor, as socket paths hold 107 bytes only."""
    deadline = time.monotonic() + seconds
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        while True:
            link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                link.connect(f"/proc/self/fd/{descriptor}/{name}")
                return link
            except OSError as error:
                link.close()
                ended = process is not None and process.poll() is not None
                if ended or time.monotonic() > deadline:
                    raise KernelError(f"the lab machine does not answer ({error.strerror})") from error
                time.sleep(0.01)
    finally:
        os.close(descriptor)


class Lines:
    """JSON values, one a line, over a socket, with a deadline and a size limit."""

    def __init__(self, link: socket.socket) -> None:
        self._link = link
        self._pending = bytearray()

    def send(self, value: object, seconds: float) -> None:
        """Write one line. Raises KernelError when the other side takes too long or is gone."""
        self._link.settimeout(seconds)
        try:
            self._link.sendall(json.dumps(value).encode() + b"\n")
        except OSError as error:
            raise KernelError("the lab machine takes no requests") from error

    def finish_line(self) -> None:
        """End what a client before us may have left half written."""
        with contextlib.suppress(OSError):
            self._link.sendall(b"\n")

    def receive(self, deadline: float) -> dict[str, object]:
        """The next line that is a JSON mapping; `deadline` is on time.monotonic()'s clock."""
        while True:
            end = self._pending.find(b"\n")
            if end >= 0:
                line = bytes(self._pending[:end])
                del self._pending[: end + 1]
                with contextlib.suppress(ValueError, RecursionError):
                    value = json.loads(line)
                    if isinstance(value, dict):
                        return value
                continue
            if len(self._pending) > LINE_LIMIT:
                raise KernelError("the lab machine's answer is too long")
            self._fill(deadline)

    def _fill(self, deadline: float) -> None:
        left = deadline - time.monotonic()
        if left <= 0:
            raise KernelError("the lab machine did not answer in time")
        self._link.settimeout(left)
        try:
            data = self._link.recv(1 << 20)
        except TimeoutError as error:
            raise KernelError("the lab machine did not answer in time") from error
        except OSError as error:
            raise KernelError("the lab machine is gone") from error
        if not data:
            raise KernelError("the lab machine is gone")
        self._pending += data

    def close(self) -> None:
        """Close the socket."""
        self._link.close()


class Machine:
    """A connection to a running guest; `process` is its QEMU where this object started (and ends) it."""

    def __init__(self, folder: Path, process: subprocess.Popen[bytes] | None) -> None:
        self.folder = folder
        self.process = process
        self._lines: Lines | None = None

    def call(self, op: str, *, seconds: float = 60.0, **arguments: object) -> dict[str, object]:
        """Ask the agent. Raises KernelError with the guest's errno, or with 0 when there is no answer."""
        deadline = time.monotonic() + seconds
        if self._lines is None:
            self._lines = Lines(connect(self.folder, "agent", min(seconds, 10.0), self.process))
            self._lines.finish_line()
        number = secrets.token_hex(8)
        self._lines.send({"id": number, "op": op, **arguments}, seconds)
        while True:
            answer = self._lines.receive(deadline)
            if answer.get("id") == number:
                break
        if "error" in answer:
            errno = answer.get("errno")
            raise KernelError(str(answer["error"]), errno if isinstance(errno, int) else 0)
        return answer

    def wait_ready(self, seconds: float) -> None:
        """Return once the agent answers; the guest's clock is set on the way."""
        try:
            self.call("ping", seconds=seconds, now=time.time())
        except KernelError as error:
            raise KernelError(f"{error}; its console ends with: {self.console()[-300:]!r}") from error

    def console(self) -> str:
        """The end of what the guest's kernel wrote to its console."""
        with contextlib.suppress(OSError), open(self.folder / "console.log", "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - 2000))
            return file.read(2000).decode("utf-8", "replace")
        return ""

    def save(self, target: Path) -> None:
        """Write the whole machine to a file (QMP migrate; not stopped before, or it would restore stopped)."""
        lines = Lines(connect(self.folder, "qmp", 5.0))
        part = target.with_suffix(f".{secrets.token_hex(4)}.part")
        try:
            for command, arguments in (
                ("qmp_capabilities", {}),
                ("migrate-set-parameters", {"max-bandwidth": 10 << 30}),
                ("migrate", {"uri": f"file:{part}"}),
            ):
                _qmp(lines, command, arguments)
            deadline = time.monotonic() + 60
            while (status := _qmp(lines, "query-migrate", {}).get("status")) != "completed":
                if status in ("failed", "cancelled") or time.monotonic() > deadline:
                    raise KernelError(f"QEMU could not save the machine ({status})")
                time.sleep(0.02)
            part.rename(target)
        finally:
            lines.close()
            part.unlink(missing_ok=True)

    def disconnect(self) -> None:
        """Close the connection; the guest goes on."""
        if self._lines is not None:
            self._lines.close()
            self._lines = None

    def close(self) -> None:
        """Disconnect; end the machine and remove its folder when it is ours."""
        self.disconnect()
        if self.process is not None:
            self.process.kill()
            self.process.wait(10)
            self.process = None
            shutil.rmtree(self.folder, ignore_errors=True)


def _qmp(lines: Lines, command: str, arguments: object) -> dict[str, object]:
    lines.send({"execute": command, "arguments": arguments}, 10)
    while True:
        answer = lines.receive(time.monotonic() + 30)
        if "error" in answer:
            raise KernelError(f"QEMU refuses `{command}`: {answer['error']}")
        if isinstance(answer.get("return"), dict):
            return answer["return"]  # type: ignore[return-value]


def start(recipe: Recipe, folder: Path, *, saved: Path | None = None, lasting: bool = False) -> Machine:
    """Start QEMU in an empty private folder; unless `lasting`, it dies with the process that started it."""
    folder.mkdir(mode=0o700, parents=True)
    argv = recipe.command(saved)
    if not lasting and shutil.which("setpriv"):
        argv = ["setpriv", "--pdeathsig", "KILL", *argv]
    with open(folder / "qemu.log", "wb") as log:
        process = subprocess.Popen(
            argv,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=lasting,
        )
    (folder / "pid").write_text(str(process.pid))
    machine = Machine(folder, process)
    try:
        machine.wait_ready(RESTORE_SECONDS if saved else BOOT_SECONDS)
    except BaseException:
        machine.close()
        raise
    return machine


def stop(folder: Path) -> None:
    """End a lasting machine by the pid in its folder (only when that process really works there)."""
    pid = running_pid(folder)
    if pid is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    shutil.rmtree(folder, ignore_errors=True)


def running_pid(folder: Path) -> int | None:
    """The pid of the QEMU that works in a folder, None when there is none."""
    try:
        pid = int((folder / "pid").read_text())
        if os.path.samefile(f"/proc/{pid}/cwd", folder):
            return pid
    except (OSError, ValueError):
        pass
    return None


def packed(data: bytes) -> str:
    """Bytes as they travel in a JSON line."""
    return base64.b64encode(data).decode()
