"""Records about files, and the requests behind them."""

import pytest

from dockarmor.access.confinement import StatePermissions
from dockarmor.access.event import Event
from dockarmor.access.permission import Perm
from dockarmor.access.request import FileRequest
from dockarmor.rules.file_check import answer
from dockarmor.rules.file_record import operation, record, request


@pytest.mark.parametrize(
    "permissions, name",
    [
        (Perm.READ, "open"),
        (Perm.READ | Perm.WRITE, "open"),
        (Perm.APPEND, "open"),
        (Perm.WRITE | Perm.CREATE, "open"),
        (Perm.CREATE, "mknod"),
        (Perm.DELETE, "unlink"),
        (Perm.WRITE | Perm.SETATTR, "truncate"),
        (0x326, "rename_src"),
        (0x112, "rename_dest"),
        (Perm.LOCK, "file_lock"),
        (Perm.EXEC_MMAP | Perm.READ, "file_mmap"),
        (Perm.CHMOD, "chmod"),
        (Perm.CHOWN, "chown"),
        (Perm.GETATTR, "getattr"),
        (Perm.LINK, "link"),
        (Perm.EXEC, "exec"),
    ],
)
def test_operations(permissions: int, name: str) -> None:
    assert operation(permissions) == name


def test_a_record_and_the_way_back() -> None:
    asked = FileRequest(Perm.READ | Perm.WRITE, b"/a b")
    pairs = record(asked, answer(StatePermissions(), asked.permissions))
    assert (pairs.operation, pairs.mediation, pairs.name) == ("open", "file", b"/a b")
    assert pairs.pairs == (("requested_mask", "wr"), ("denied_mask", "wr"), ("fsuid", 0), ("ouid", 0))
    fields = {"name": "/a b", **{key: str(value) for key, value in pairs.pairs}}
    assert request(Event("DENIED", "open", "p", fields=fields)) == asked


@pytest.mark.parametrize("operation, bits", [("rename_src", 0x326), ("truncate", 0x102), ("chmod", Perm.CHMOD)])
def test_some_operations_ask_more_than_the_mask_shows(operation: str, bits: int) -> None:
    event = Event("DENIED", operation, "p", fields={"name": "/a", "requested_mask": "w", "denied_mask": "w"})
    assert request(event) == FileRequest(bits, b"/a")


@pytest.mark.parametrize(
    "operation, fields",
    [
        ("open", {"requested_mask": "r"}),
        ("open", {"name": "/a"}),
        ("open", {"name": "run/x", "requested_mask": "r", "info": "Failed name lookup - disconnected path"}),
        ("link", {"name": "/a", "target": "/b", "requested_mask": "l"}),
        ("file_perm", {"name": "x", "family": "unix", "requested_mask": "send"}),
        ("ptrace", {"name": "x", "peer": "y", "requested_mask": "r"}),
        ("userns_create", {"name": "x", "class": "namespace", "requested_mask": "r"}),
        ("exec", {}),
    ],
)
def test_records_of_something_else(operation: str, fields: dict[str, str]) -> None:
    assert request(Event("DENIED", operation, "p", fields=fields)) is None
