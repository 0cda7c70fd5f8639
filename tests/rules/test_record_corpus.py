"""Upstream's log corpus: which records are about files, links, execs, capabilities and changes of profile."""

from collections import Counter
from pathlib import Path

import pytest

from dockarmor.access.event import Event
from dockarmor.access.grammar import format_request, parse_request
from dockarmor.audit.record import read_record
from dockarmor.rules import capability, change_profile, file, link

KINDS = (file.KIND, link.KIND, change_profile.KIND, capability.KIND)
OPERATIONS = {
    "open": 13,
    "file_lock": 5,
    "inode_permission": 4,
    "mkdir": 3,
    "chown": 1,
    "truncate": 1,
    "rename_src": 1,
    "rename_dest": 1,
    "exec": 1,
    "link": 1,
    "change_onexec": 1,
    "change_profile": 1,
    "capable": 8,
}


@pytest.mark.shared
def test_the_corpus(corpus: Path) -> None:
    found: Counter[str] = Counter()
    files = sorted(corpus.rglob("test_multi/*.in"))
    assert files
    for path in files:
        for line in path.read_text("latin-1").splitlines():
            event = read_record(line)
            if not isinstance(event, Event):
                continue
            requests = [made for kind in KINDS if kind.request and (made := kind.request(event)) is not None]
            assert len(requests) < 2, f"{path.name} is claimed by several kinds"
            for request in requests:
                found[event.operation] += 1
                assert parse_request(format_request(request)) == request
    assert found == OPERATIONS
