"""What a container engine says of itself, over its own socket: its versions, and whether it uses AppArmor."""

import json
import socket
from typing import Any

from dockarmor.value import frozen

SOCKET = "/run/docker.sock"
#: an answer is a few kilobytes
MAX_ANSWER = 1 << 20
SECONDS = 5.0


class EngineError(Exception):
    """The engine cannot be asked; the message says why."""


@frozen
class Engine:
    """`components` are versions by name (containerd, runc, …); `security` are the engine's security options."""

    version: str
    components: tuple[tuple[str, str], ...]
    security: tuple[str, ...]

    def component(self, name: str) -> str:
        """A component's version, empty where the engine names none.

        Podman writes `OCI Runtime (runc)` and `runc version 1.3.4`; an old Docker has only its own version.
        """
        if name == "Engine" and not self.components:
            return self.version
        found = (version for own, version in self.components if own in (name, f"OCI Runtime ({name})"))
        return next(found, "").partition("\n")[0].removeprefix(f"{name} version ")

    @property
    def is_podman(self) -> bool:
        return any(name == "Podman Engine" for name, _ in self.components)

    @property
    def uses_apparmor(self) -> bool:
        return any(one.split(",")[0] == "name=apparmor" for one in self.security)


def ask_engine(path: str = SOCKET) -> Engine:
    """Ask Docker (or Podman's socket of the same form). Raises EngineError."""
    told, info = _get(path, "/version"), _get(path, "/info")
    components = told.get("Components")
    security = info.get("SecurityOptions")
    return Engine(
        _text(told.get("Version")),
        tuple(
            (_text(one.get("Name")), _text(one.get("Version")))
            for one in (components if isinstance(components, list) else ())
            if isinstance(one, dict)
        ),
        tuple(map(_text, security)) if isinstance(security, list) else (),
    )


def _text(value: object) -> str:
    return value[:256] if isinstance(value, str) else ""


def _get(path: str, what: str) -> dict[str, Any]:
    """One question; HTTP/1.0, so that the answer ends where the connection does."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as channel:
            channel.settimeout(SECONDS)
            channel.connect(path)
            channel.sendall(f"GET {what} HTTP/1.0\r\nHost: engine\r\n\r\n".encode("ascii"))
            answer = bytearray()
            while len(answer) < MAX_ANSWER and (part := channel.recv(1 << 16)):
                answer += part
    except TimeoutError:
        raise EngineError(f"{path} does not answer") from None
    except OSError as error:
        raise EngineError(f"{path}: {error.strerror or error}") from None
    head, _, body = bytes(answer).partition(b"\r\n\r\n")
    try:
        if head.split(b" ")[1:2] != [b"200"]:
            raise ValueError
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise EngineError(f"{path} answers {what} with something else than was asked for") from None
    if not isinstance(found, dict):
        raise EngineError(f"{path} answers {what} with something else than was asked for")
    return found
