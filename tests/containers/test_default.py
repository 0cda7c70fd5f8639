"""The two docker-defaults that dockarmor knows."""

import subprocess
from pathlib import Path

import pytest

from dockarmor.containers.default import Host, page, today


def test_the_page_is_the_page_byte_for_byte(shared: Path) -> None:
    assert page().encode("latin-1") == (shared / "corpus" / "docker-default.page").read_bytes()


def test_a_host_without_tunables_gets_its_own_proc_variable() -> None:
    text = today(Host(tunables=False, base=False))
    assert "@{PROC}=/proc/" in text
    assert "include" not in text


def test_the_abi_is_pinned_only_where_the_host_has_it() -> None:
    assert "abi <abi/3.0>,\n" in today(Host(abi="abi/3.0"))
    assert "abi <" not in today()


def test_names_with_blanks_are_quoted_everywhere() -> None:
    text = today(Host(daemon="my daemon"), name="a b")
    assert 'profile "a b" flags' in text
    assert 'signal (receive) peer="my daemon",' in text


@pytest.mark.reference
@pytest.mark.parametrize("text", [page(), today()], ids=["page", "today"])
def test_the_reference_parser_accepts_both(text: str, reference_parser: Path, reference_base: Path) -> None:
    result = subprocess.run(
        [str(reference_parser), "-QTKN", "-b", str(reference_base)], input=text.encode(), capture_output=True
    )
    assert result.stdout == b"docker-default\n", result.stderr
