"""Upstream's corpora: its language cases about class rules, its audit records, its real profiles."""

import re
from collections import Counter
from pathlib import Path

import pytest

from dockarmor.access.event import Event
from dockarmor.access.grammar import format_request, parse_request
from dockarmor.audit.record import read_record
from dockarmor.compile.encoding import encode
from dockarmor.policy.features import builtin, intersect
from dockarmor.policy.read import library, read_file, require
from dockarmor.rules import dbus, io_uring, mount, network, pivot_root, ptrace, signal, umount, unix, userns
from dockarmor.rules.registry import ALL
from dockarmor.text.diagnostic import DiagnosticError

FOLDERS = ("network", "unix", "mount", "signal", "ptrace", "dbus", "namespaces", "io_uring", "mqueue", "all")
KINDS_OF_RULES = {rule: kind for kind in ALL for rule in kind.rules}
REQUESTS = tuple(
    module.KIND for module in (dbus, io_uring, mount, network, pivot_root, ptrace, signal, umount, unix, userns)
)


@pytest.mark.shared
@pytest.mark.parametrize("folder", FOLDERS)
def test_language_cases(corpus: Path, folder: str) -> None:
    (base,) = corpus.rglob("simple_tests")
    cases = sorted((base / folder).rglob("*.sd"))
    assert cases
    features = intersect(None, builtin("kernel-7.2"))
    wrong = []
    for case in cases:
        text = case.read_text("latin-1")
        if re.search(r"^#=(TODO|DISABLED)", text, re.MULTILINE):
            continue
        expected = re.search(r"^#=EXRESULT\s+FAIL", text, re.MULTILINE) is None
        try:
            resolved = require(read_file(str(case), library(str(base))))
            for profile in resolved.policy.profiles:
                for one in profile.family():
                    encode(one, features, KINDS_OF_RULES)
            accepted = True
        except DiagnosticError:
            accepted = False
        if accepted != expected:
            wrong.append(str(case.relative_to(base)))
    assert wrong == []


@pytest.mark.shared
def test_records_give_requests(corpus: Path) -> None:
    found: Counter[str] = Counter()
    for path in sorted(corpus.rglob("test_multi/*.in")):
        for line in path.read_text("latin-1").splitlines():
            event = read_record(line)
            if not isinstance(event, Event):
                continue
            made = [request for kind in REQUESTS if kind.request and (request := kind.request(event)) is not None]
            assert len(made) < 2, f"{path.name} is claimed by several kinds"
            for request in made:
                found[type(request).__name__] += 1
                assert parse_request(format_request(request)) == request
    assert found == {
        "DbusRequest": 7,
        "NetworkRequest": 6,
        "UnixRequest": 2,
        "IoUringRequest": 1,
        "SignalRequest": 1,
        "UsernsRequest": 1,
    }
