"""DA385: policy that means something else on every kernel, for it names no ABI."""

from collections.abc import Iterator
from itertools import chain

from dockarmor.lint.container import head
from dockarmor.lint.included import included
from dockarmor.lint.lint import Examined, Lint
from dockarmor.syntax.tree import Abi
from dockarmor.text.diagnostic import Diagnostic, Fix, Severity
from dockarmor.text.source import Span

#: from what most policy is written for to what is newest
_AT_HAND = ("abi/4.0", "abi/3.0", "abi/5.0")


def _find(examined: Examined) -> Iterator[Diagnostic]:
    """Nothing is said where there is no ABI file that could be named."""
    profiles = examined.policy.profiles
    if not profiles or examined.policy.abi is not None or profiles[0].span.source is not examined.file.source:
        return
    abi = next((name for name in _AT_HAND if examined.library.locate(name, True)), None)
    if abi is None or names_abi(examined):
        return
    yield Diagnostic(
        "DA385",
        "no ABI: a newer kernel enforces more of this policy than the one it was written for",
        head(min(profiles, key=lambda profile: profile.span.start)),
        Severity.NOTE,
        help=(f"begin the file with `abi <{abi}>,`",),
        fix=Fix(Span(examined.file.source, 0, 0), f"abi <{abi}>,\n\n", safe=False, message=f"write `abi <{abi}>,`"),
    )


def names_abi(examined: Examined) -> bool:
    """Is there an abi rule, `abi <kernel>,` too, in the file or in a preamble that it includes?"""
    files = chain([examined.file], included(examined.file, examined.library, preamble=True))
    return any(isinstance(node, Abi) for file in files for node in file.body)


LINT = Lint("DA385", "missing-abi", _find)
