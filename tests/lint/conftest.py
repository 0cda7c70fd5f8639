"""Policy text as `check` reads it, and what one lint says of it."""

from collections.abc import Callable

import pytest

from dockarmor.lint.examine import examine
from dockarmor.policy.builtin import builtin_base
from dockarmor.policy.features import builtin
from dockarmor.policy.read import library
from dockarmor.text.diagnostic import Diagnostic, Severity
from dockarmor.text.edit import Edit, apply
from dockarmor.text.source import Source

Find = Callable[..., list[Diagnostic]]


def found(code: str, text: str, *, base: str | None = None, kernel: str = "kernel-6.12") -> list[Diagnostic]:
    """The findings of this code. The text has no errors."""
    said = examine(Source("p", text), library(base or builtin_base()), builtin(kernel))
    assert not [one for one in said if one.severity is Severity.ERROR], said
    return [one for one in said if one.code == code]


def mended(diagnostics: list[Diagnostic]) -> str:
    """The text after the fixes of these findings."""
    fixes = [one.fix for one in diagnostics if one.fix is not None]
    return apply(fixes[0].span.source, [Edit(fix.span, fix.replacement) for fix in fixes])


@pytest.fixture(scope="session")
def find() -> Find:
    return found


@pytest.fixture(scope="session")
def fixed() -> Callable[[list[Diagnostic]], str]:
    return mended
