"""Formatting whole files with their includes: the policy stays what it was."""

from pathlib import Path

import pytest

from dockarmor.policy import formatted as module
from dockarmor.policy.formatted import formatted, said
from dockarmor.policy.includes import Library
from dockarmor.policy.read import library, read_text
from dockarmor.text.diagnostic import DiagnosticError
from dockarmor.text.source import Source


@pytest.fixture
def empty(tmp_path: Path) -> Library:
    return library(str(tmp_path))


def test_mistakes_of_the_text_are_told(empty: Library) -> None:
    with pytest.raises(DiagnosticError) as caught:
        formatted(Source("t", "profile p { sginal, }"), empty)
    assert [one.code for one in caught.value.diagnostics] == ["DA200"]


def test_a_file_of_rules_alone_is_formatted_too(empty: Library) -> None:
    assert formatted(Source("t", "/a   r,"), empty) == "/a r,\n"


def test_a_text_in_canonical_style_is_given_back(empty: Library) -> None:
    text = "profile p {\n  /a r,\n}\n"
    assert formatted(Source("t", text), empty) is not None
    assert formatted(Source("t", text), empty) == text


def test_said_tells_policies_apart_and_not_places(empty: Library) -> None:
    def of(text: str) -> object:
        return said(read_text(Source("t", text), empty))

    assert of("profile p { /a r, }") == of("\n\nprofile p {\n/a   r,}")
    for other in (
        *("profile p { /a w, }", "profile q { /a r, }", "profile p { /a r, /a r, }", "profile p { }"),
        *("profile p flags=(kill) { /a r, }", "@{A}=b\nprofile p { /a r, }", "profile p { /a r, ^h { } }"),
        *("profile p { /a r, include <none> }", "profile p /x { /a r, }", "abi <kernel-none>, profile p { /a r, }"),
    ):
        assert of(other) != of("profile p { /a r, }"), other


def test_a_text_that_would_mean_something_else_is_refused(empty: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "format_file", lambda file, style: file.source.text.replace("/a", "/b"))
    with pytest.raises(DiagnosticError) as caught:
        formatted(Source("t", "profile p { /a r, }"), empty)
    assert [one.code for one in caught.value.diagnostics] == ["DA090"]


@pytest.mark.shared
@pytest.mark.parametrize("folder", ["upstream/apparmor.d", "heavy", "simple_tests"])
def test_every_file_of_a_corpus_is_formatted_once_and_stays(corpus: Path, folder: str) -> None:
    """`formatted` itself compares the trees, the comments and the policies, and raises DA090."""
    includes = library(str(corpus / folder))
    count = 0
    for path in sorted((corpus / folder).rglob("*")):
        if not path.is_file() or "abi" in path.parts:
            continue
        try:
            once = formatted(Source.from_bytes(str(path), path.read_bytes()), includes)
        except DiagnosticError as error:
            if error.diagnostics[0].code == "DA090" or folder != "simple_tests":
                raise
            continue
        assert formatted(Source(str(path), once), includes) == once, path
        count += 1
    assert count > 150
