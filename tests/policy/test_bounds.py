"""What one policy may come to, where no single text of it is too large."""

from pathlib import Path

import pytest

from dockarmor.compile.pipeline import compile_policy
from dockarmor.policy.builtin import builtin_base
from dockarmor.policy.features import builtin
from dockarmor.policy.read import library, read_text
from dockarmor.text.diagnostic import DiagnosticError
from dockarmor.text.source import Source


def codes(text: str, base: str | None = None) -> list[str]:
    return [one.code for one in read_text(Source("p", text), library(base or builtin_base())).diagnostics]


def test_aliases() -> None:
    text = "".join(f"alias /a -> /b{n},\n" for n in range(300))
    assert set(codes(text)) == {"DA114"}


def test_entries_of_a_profile() -> None:
    aliases = "".join(f"alias /a -> /b{n},\n" for n in range(200))
    rules = "".join(f"/a/{n} r,\n" for n in range(1000))
    policy = read_text(Source("p", f"{aliases}profile p {{ {rules} }}"), library(builtin_base())).policy
    with pytest.raises(DiagnosticError) as found:
        compile_policy(policy, builtin("kernel-6.12"))
    assert {one.code for one in found.value.diagnostics} == {"DA405"}


def test_mistakes_of_a_profile_that_are_told() -> None:
    rules = "".join(f"/a{n}[ r,\n" for n in range(500))
    policy = read_text(Source("p", f"profile p {{ {rules} }}"), library(builtin_base())).policy
    with pytest.raises(DiagnosticError) as found:
        compile_policy(policy, builtin("kernel-6.12"))
    assert len(found.value.diagnostics) == 100


def test_references_in_a_text() -> None:
    policy = read_text(
        Source("p", "@{A}=x\nprofile p { /" + "@{A}" * 12_000 + " r, }"), library(builtin_base())
    ).policy
    with pytest.raises(DiagnosticError) as found:
        compile_policy(policy, builtin("kernel-6.12"))
    assert [one.code for one in found.value.diagnostics] == ["DA112"]


def test_statements_that_includes_reach(tmp_path: Path) -> None:
    (tmp_path / "many").write_text("".join(f"/a{n} r,\n" for n in range(3000)))
    text = "".join(f"profile p{n} {{ include <many> }}\n" for n in range(100))
    assert codes(text, str(tmp_path)) == ["DA101"]


def test_text_of_includes(tmp_path: Path) -> None:
    for n in range(5):
        (tmp_path / f"comment{n}").write_text("#" * (10 << 20) + "\n")
    text = "".join(f"include <comment{n}>\n" for n in range(5))
    assert codes(text, str(tmp_path)) == ["DA101"]


def test_no_more_files_are_read_after_a_hundred_mistakes(tmp_path: Path) -> None:
    folder = tmp_path / "mistakes"
    folder.mkdir()
    for n in range(20):
        (folder / str(n)).write_text("/a zz,\n" * 50)
    assert len(codes("profile p { include <mistakes>\n include <mistakes/none> }", str(tmp_path))) == 100
