"""Comments that accept a warning."""

import pytest

from dockarmor.lint.examine import Depth, examine
from dockarmor.policy.builtin import builtin_base
from dockarmor.policy.features import builtin
from dockarmor.policy.read import library
from dockarmor.text.diagnostic import Diagnostic
from dockarmor.text.edit import Edit, apply
from dockarmor.text.source import Source

WARNS = "/proc/[0-9*]/status r,"  # DA310


def findings(text: str, ignored: tuple[str, ...] = ()) -> list[Diagnostic]:
    found = examine(Source("p", text), library(builtin_base()), builtin("kernel-6.12"), Depth(ignored=ignored))
    return [one for one in found if one.code in ("DA310", "DA390", "DA391")]


def codes(text: str, ignored: tuple[str, ...] = ()) -> list[str]:
    return [one.code for one in findings(text, ignored)]


@pytest.mark.parametrize(
    "text",
    [
        f"profile x {{\n # dockarmor: allow DA310 -- why\n {WARNS}\n}}\n",
        f"profile x {{\n # dockarmor: allow DA310 -- why\n # another comment\n\n {WARNS}\n}}\n",
        f"profile x {{\n {WARNS} # dockarmor: allow DA310 -- why\n}}\n",
        f"# dockarmor: allow DA310 -- why\nprofile x {{\n /a r,\n {WARNS}\n}}\n",
        f"profile x {{\n {WARNS}\n}}\n# dockarmor: allow-file DA310 -- why\n",
        f"profile x {{\n #dockarmor:allow DA200, DA310 -- why\n {WARNS}\n}}",
    ],
)
def test_a_comment_with_a_reason_accepts_a_warning(text: str) -> None:
    assert codes(text) == []


def test_it_speaks_of_the_statement_that_follows_and_of_no_other() -> None:
    text = f"profile x {{\n # dockarmor: allow DA310 -- why\n {WARNS}\n /b[1*] r,\n}}\n"
    assert codes(text) == ["DA310"]


def test_without_a_reason_nothing_is_accepted() -> None:
    assert codes(f"profile x {{\n # dockarmor: allow DA310\n {WARNS}\n}}\n") == ["DA310", "DA390"]
    assert codes(f"profile x {{\n # dockarmor: allow DA310 --\n {WARNS}\n}}\n") == ["DA310", "DA390"]


@pytest.mark.parametrize(
    ("text", "fixed"),
    [
        ("profile x {\n # dockarmor: allow DA310 -- why\n /a r,\n}\n", "profile x {\n /a r,\n}\n"),
        ("profile x {\n /a r,  # dockarmor: allow DA310 -- why\n}\n", "profile x {\n /a r,\n}\n"),
    ],
)
def test_a_comment_that_accepts_nothing_is_found_and_can_be_removed(text: str, fixed: str) -> None:
    (found,) = findings(text)
    assert found.code == "DA391"
    assert found.fix is not None
    assert apply(found.fix.span.source, [Edit(found.fix.span, found.fix.replacement)]) == fixed


def test_errors_cannot_be_accepted() -> None:
    text = "# dockarmor: allow DA101, DA262 -- why\nprofile x {\n signal set=(foo),\n}\n"
    found = examine(Source("p", text), library(builtin_base()), builtin("kernel-6.12"))
    assert "DA262" in [one.code for one in found]


def test_the_configuration_accepts_a_code_everywhere() -> None:
    assert codes(f"profile x {{\n {WARNS}\n}}\n", ("DA310",)) == []
