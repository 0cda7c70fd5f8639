"""Every diagnostic code has a page, and what its examples say is so."""

import os
from collections.abc import Callable

import pytest

from dockarmor.access.grammar import parse_request
from dockarmor.audit.record import read_record
from dockarmor.lint.registry import ALL
from dockarmor.policy.features import FeatureSet
from dockarmor.text.diagnostic import Diagnostic, DiagnosticError, Severity
from dockarmor.text.edit import Edit, apply
from dockarmor.text.page import Example, Page, codes, page, title

Check = Callable[..., list[Diagnostic]]

PAGES = codes()
READERS: dict[str, Callable[[str], object]] = {
    "apparmor": str,  # read by `check_policy`
    "request": parse_request,
    "record": read_record,
    "features": lambda text: FeatureSet.parse("features", text),
}


#: lints for which only the author knows what to write
WITHOUT_FIX = {
    "DA351": "narrow the deny, or keep it",
    "DA354": "which of writing and running is needed",
    "DA361": "which profiles are meant",
    "DA377": "which files",
}


def test_every_code_of_the_source_has_a_page(raised_codes: set[str]) -> None:
    assert sorted(raised_codes - set(PAGES)) == []


def test_every_page_is_of_a_code_of_the_source(raised_codes: set[str]) -> None:
    assert sorted(set(PAGES) - raised_codes) == []


@pytest.mark.parametrize("code", PAGES)
def test_a_page_has_a_title_and_says_something(code: str) -> None:
    found = page(code)
    assert found.code == code
    assert found.title == title(code)
    assert found.text.startswith(f"# {code}: ")
    assert found.title
    assert not found.title.endswith(".")
    assert len(found.prose) > 80
    assert found.text.endswith("\n")
    headings = [example.heading for example in found.examples]
    assert set(headings) <= {"Example", "Instead"}


@pytest.mark.parametrize("code", PAGES)
def test_the_examples_do_what_the_page_says(code: str, check_policy: Check, base: str) -> None:
    found = page(code)
    for example in found.examples:
        if example.language not in READERS or (example.language == "features" and not code.startswith("DA19")):
            continue  # a picture of something else, or the kernel of the policy beside it
        said = _codes(example, found, check_policy, base)
        if example.heading == "Example":
            assert code in said, example.text
        else:
            assert code not in said, example.text
            assert not [one for one in said if one < "DA350"], example.text


def test_a_page_with_policy_text_shows_both_ways() -> None:
    for code in PAGES:
        languages = {(example.heading, example.language) for example in page(code).examples}
        if ("Example", "apparmor") in languages:
            assert ("Instead", "apparmor") in languages, code


@pytest.mark.parametrize("code", sorted({lint.code for lint in ALL} | {"DA390", "DA391"}))
def test_a_lint_s_page_has_a_bad_and_a_good_example(code: str) -> None:
    languages = {(example.heading, example.language) for example in page(code).examples}
    assert {("Example", "apparmor"), ("Instead", "apparmor")} <= languages


@pytest.mark.parametrize("code", sorted({lint.code for lint in ALL}))
def test_what_a_lint_would_write_instead_of_the_bad_example_is_good(
    code: str, check_policy: Check, base: str
) -> None:
    example = next(one for one in page(code).examples if one.heading == "Example")
    fixes = [one.fix for one in check_policy("p", example.text, base, lints=True) if one.code == code and one.fix]
    if not fixes:
        assert code in WITHOUT_FIX
        return
    mended = apply(fixes[0].span.source, [Edit(fix.span, fix.replacement) for fix in fixes])
    found = check_policy("p", mended, base, lints=True)
    assert code not in [one.code for one in found], mended
    assert not [one for one in found if one.severity is Severity.ERROR], mended
    assert code not in WITHOUT_FIX


def _codes(example: Example, whole: Page, check: Check, base: str) -> list[str]:
    """The codes that reading the example gives. A fence of features in its section is the kernel."""
    if example.language == "apparmor":
        beside = [one.text for one in whole.examples if one.language == "features" and one.heading == example.heading]
        kernel = FeatureSet.parse("features", beside[0]) if beside else None
        text = example.text.encode("utf-8").decode("latin-1")
        return [one.code for one in check("example", text, base, kernel, lints=True)]
    try:
        said = READERS[example.language](example.text.rstrip("\n"))
    except DiagnosticError as error:
        return [one.code for one in error.diagnostics]
    return [said.code] if isinstance(said, Diagnostic) else []


def test_pages_are_found_where_the_package_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(os.sep)
    assert page(PAGES[0]).code == PAGES[0]
