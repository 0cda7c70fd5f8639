"""`include if exists` of what is nowhere."""

from collections.abc import Callable
from pathlib import Path

import pytest

from dockarmor.text.diagnostic import Diagnostic

Find = Callable[..., list[Diagnostic]]
Fixed = Callable[[list[Diagnostic]], str]


@pytest.fixture
def base(tmp_path: Path) -> Path:
    for folder in ("abstractions", "tunables", "local"):
        (tmp_path / folder).mkdir()
    (tmp_path / "abstractions" / "nameservice").write_text("")
    (tmp_path / "tunables" / "global").write_text("")
    (tmp_path / "local" / "nginx").write_text("")
    return tmp_path


def test_a_near_name_is_offered(find: Find, fixed: Fixed, base: Path) -> None:
    found = find("DA368", "profile p { include if exists <abstractions/nameservices> }\n", base=str(base))
    assert fixed(found) == "profile p { include if exists <abstractions/nameservice> }\n"


@pytest.mark.parametrize(
    "include",
    [
        "<abstractions/nameservice>",
        "<abstractions/quite-another>",
        "<abstractions/nameservice.d>",
        "<local/nginy>",
        '"/abstractions/nameservices"',
    ],
)
def test_what_is_there_or_may_be_absent_is_not(include: str, find: Find, base: Path) -> None:
    assert not find("DA368", f"profile p {{ include if exists {include} }}\n", base=str(base))
