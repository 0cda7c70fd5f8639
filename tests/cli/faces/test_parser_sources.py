"""Which files a policy file is made from, found without reading it as policy."""

import os
from pathlib import Path

import pytest

from dockarmor.cli.faces.parser_sources import Sources


@pytest.fixture
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every file is of another second; the names are the seconds."""
    monkeypatch.chdir(tmp_path)
    for name in ("base/known", "base/two words", "base/d/1", "base/abi/4.0", "other", "base/deep"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    (tmp_path / "base/deep").write_text("/x r,\n  include <known>\n")
    return tmp_path


def newest(text: str, changed: str) -> tuple[bool, bool]:
    """Does a change of this place count as one of the policy, and as one of the feature sets?"""
    Path("policy").write_text(text)
    for folder, folders, files in os.walk("."):
        for name in (*folders, *files):
            os.utime(os.path.join(folder, name), ns=(10**9, 10**9))
    os.utime(changed, ns=(2 * 10**9, 2 * 10**9))
    found = Sources(["base"]).newest("policy")
    assert found is not None
    return found[0] == 2 * 10**9, found[1] == 2 * 10**9


@pytest.mark.parametrize(
    "text, changed",
    [
        ("profile a {}\n", "policy"),
        ("include <known>\n", "base/known"),
        ("#include <known>\n", "base/known"),
        ("include if exists <known>\n", "base/known"),
        ("include  if\texists  < known >\n", "base/known"),
        ('include <"two words">\n', "base/two words"),
        ('profile a { include "other" }\n', "other"),
        ("profile a { include other\n}\n", "other"),
        ("profile a { /x r, include <known> }\n", "base/known"),
        ("include <d>\n", "base/d/1"),
        ("include <d>\n", "base/d"),
        ("include <deep>\n", "base/known"),
        ("# include <known>, include <deep>\n", "base/known"),
    ],
)
def test_whatever_is_included_counts(base: Path, text: str, changed: str) -> None:
    assert newest(text, changed) == (True, False)


@pytest.mark.parametrize("text", ["abi <abi/4.0>,\n", "abi\n  <abi/4.0>,\n", 'abi "base/abi/4.0",\n'])
def test_feature_sets_are_told_apart(base: Path, text: str) -> None:
    assert newest(text, "base/abi/4.0") == (False, True)


@pytest.mark.parametrize("text", ["# it includes other things\n", "/included r,\n", "include if exists <nothing>\n"])
def test_words_of_comments_name_no_file(base: Path, text: str) -> None:
    assert newest(text, "other") == (False, False)


@pytest.mark.parametrize("text", ["include <nothing>\n", 'profile a { #include "/nothing" }\n'])
def test_of_policy_that_lacks_an_include_nothing_is_known(base: Path, text: str) -> None:
    (base / "policy").write_text(text)
    assert Sources(["base"]).newest("policy") is None
    (base / "policy").write_text(f"# it does not {text}")
    assert Sources(["base"]).newest("policy") is not None


def test_loops_end_and_what_is_no_file_is_not_known(base: Path) -> None:
    (base / "base/known").write_text("include <known>\ninclude <deep>\n")
    assert newest("include <known>\n", "base/deep") == (True, False)
    os.mkfifo("base/fifo")
    (base / "policy").write_text("include <fifo>\n")
    assert Sources(["base"]).newest("policy") is None
    assert Sources(["base"]).newest("nothing") is None
    assert Sources(["base"]).newest("/dev/null") is None
