"""Who can stop a container."""

from collections.abc import Callable
from pathlib import Path

import pytest

from dockarmor.text.diagnostic import Diagnostic

Find = Callable[..., list[Diagnostic]]
Fixed = Callable[[list[Diagnostic]], str]


def container(rules: str) -> str:
    return f"profile docker-web {{\n  /a r,\n  {rules}\n}}\n"


@pytest.mark.parametrize(
    "rules",
    [
        "",
        "signal send,",
        "signal peer=docker-web,",
        "signal receive set=hup peer=unconfined,",
        "signal receive set=kill peer={unconfined,runc,crun},",
        "deny signal receive peer=unconfined,",
    ],
)
def test_a_container_that_nobody_can_stop_is_found(rules: str, find: Find, fixed: Fixed) -> None:
    found = find("DA363", container(rules))
    assert fixed(found).startswith("profile docker-web {\n  signal (receive) peer={unconfined,runc,crun},\n  /a r,")
    assert not find("DA365", container(rules))


@pytest.mark.parametrize(
    "rules",
    [
        "signal,",
        "signal receive,",
        "all,",
        "signal (receive) peer={unconfined,runc,crun},",
        "signal (receive) peer=unconfined, signal r peer=runc, signal r peer=crun,",
        "signal receive set=(term, kill) peer=*,",
    ],
)
def test_one_that_its_runtime_can_stop_is_not(rules: str, find: Find) -> None:
    assert not find("DA363", container(rules))
    assert not find("DA365", container(rules))


@pytest.mark.parametrize(
    ("rules", "missing"),
    [
        ("signal (receive) peer=unconfined,", "{runc,crun}"),
        ("signal (receive) peer={unconfined,runc},", "crun"),
    ],
)
def test_unconfined_does_not_match_a_runtime_that_has_a_profile(
    rules: str, missing: str, find: Find, fixed: Fixed
) -> None:
    found = find("DA365", container(rules))
    assert fixed(found) == container(f"{rules}\n  signal (receive) peer={missing},")
    assert not find("DA365", fixed(found))
    assert not find("DA363", container(rules))


def test_variables_are_seen_through(find: Find) -> None:
    assert not find("DA363", "@{stop}=unconfined runc crun\n" + container("signal r peer=@{stop},"))


def test_an_abi_without_signals_asks_for_nothing(find: Find, tmp_path: Path) -> None:
    (tmp_path / "old").write_text("file {mask {read}}\n")
    assert not find("DA363", "abi <old>,\n" + container(""), base=str(tmp_path))


def test_profiles_of_a_host_are_not_asked(find: Find) -> None:
    assert not find("DA363", "profile web { /a r, }\n")
