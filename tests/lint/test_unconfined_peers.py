"""`peer=unconfined`, which is the label of what has no profile, and of nothing else that is unconfined."""

from collections.abc import Callable

import pytest

from dockarmor.text.diagnostic import Diagnostic

Find = Callable[..., list[Diagnostic]]
Fixed = Callable[[list[Diagnostic]], str]


def container(rules: str) -> str:
    return f"profile docker-agent {{\n  signal,\n  {rules}\n}}\n"


@pytest.mark.parametrize(
    "rule",
    [
        "ptrace read peer=unconfined,",
        "ptrace peer=unconfined,",
        'ptrace (trace, read) peer="unconfined",',
        "unix peer=(label=unconfined),",
        "unix connect type=stream peer=(addr=@x label=unconfined),",
    ],
)
def test_a_peer_that_names_only_half_of_what_is_unconfined(rule: str, find: Find, fixed: Fixed) -> None:
    found = find("DA365", container(rule), kernel="kernel-6.18")
    assert len(found) == 1
    assert "runc and crun" in found[0].message
    mended = fixed(found)
    assert "{unconfined,runc,crun}" in mended
    assert not find("DA365", mended, kernel="kernel-6.18")


@pytest.mark.parametrize(
    "rules",
    [
        "ptrace (readby, tracedby) peer=unconfined,",  # an unconfined tracer is not the tracee's business
        "deny ptrace peer=unconfined,",
        "ptrace read peer=unconfined, ptrace read peer={runc,crun},",
        "ptrace read peer=docker-agent,",
        "ptrace read,",
        "unix peer=(label=*),",
        "unix peer=(label=unconfined), unix,",
        "deny unix peer=(label=unconfined),",
    ],
)
def test_other_peers(rules: str, find: Find) -> None:
    assert not find("DA365", container(rules), kernel="kernel-6.18")


def test_only_where_the_kernel_asks_for_peers_of_unix_sockets(find: Find) -> None:
    assert not find("DA365", container("unix peer=(label=unconfined),"), kernel="kernel-6.12")


def test_not_in_profiles_of_programs(find: Find) -> None:
    assert not find("DA365", "profile agent /usr/bin/agent {\n  ptrace read peer=unconfined,\n}\n")
