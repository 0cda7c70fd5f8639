"""The lines that go through the sockets, with a peer that misbehaves."""

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dockarmor.kernel.lab.machine import Lines, Recipe, connect, running_pid
from dockarmor.kernel.protocol import KernelError


@pytest.fixture
def pair() -> Iterator[tuple[Lines, socket.socket]]:
    ours, theirs = socket.socketpair()
    yield Lines(ours), theirs
    ours.close()
    theirs.close()


def test_a_line_may_arrive_in_pieces_after_noise(pair: tuple[Lines, socket.socket]) -> None:
    lines, peer = pair
    peer.sendall(b'not json\n[1]\n{"id": "x", ')
    peer.sendall(b'"n": 1}\n{"id": "y"}\n')
    assert lines.receive(time.monotonic() + 5) == {"id": "x", "n": 1}
    assert lines.receive(time.monotonic() + 5) == {"id": "y"}


def test_silence_ends_in_an_error(pair: tuple[Lines, socket.socket]) -> None:
    with pytest.raises(KernelError, match="in time"):
        pair[0].receive(time.monotonic() + 0.05)


def test_a_machine_that_died_is_an_error(pair: tuple[Lines, socket.socket]) -> None:
    pair[1].close()
    with pytest.raises(KernelError, match="gone"):
        pair[0].receive(time.monotonic() + 5)


def test_an_endless_line_is_an_error(pair: tuple[Lines, socket.socket], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dockarmor.kernel.lab.machine.LINE_LIMIT", 1000)
    pair[1].sendall(b"x" * 2000)
    with pytest.raises(KernelError, match="too long"):
        pair[0].receive(time.monotonic() + 5)


def test_a_request_is_one_line(pair: tuple[Lines, socket.socket]) -> None:
    pair[0].send({"op": "run", "argv": ["a\nb"]}, 5)
    assert json.loads(pair[1].recv(1000).removesuffix(b"\n")) == {"op": "run", "argv": ["a\nb"]}


def test_a_socket_in_a_folder_with_a_long_name_is_reached(tmp_path: Path) -> None:
    folder = tmp_path / ("x" * 200)
    folder.mkdir()
    with socket.socket(socket.AF_UNIX) as server, pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        server.bind("agent")
        server.listen()
        connect(folder, "agent", 1).close()


def test_a_pid_file_that_names_another_process_is_not_believed(tmp_path: Path) -> None:
    (tmp_path / "pid").write_text("1")
    assert running_pid(tmp_path) is None


def test_a_restored_machine_has_the_same_command_line() -> None:
    recipe = Recipe(("qemu",), Path("/k"), Path("/i"))
    assert recipe.command(Path("/s")) == [*recipe.command(), "-incoming", "file:/s"]
