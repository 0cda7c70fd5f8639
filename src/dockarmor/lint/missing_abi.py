"""DA385: policy that means something else on every kernel, for it names no ABI."""

from collections.abc import Iterator

from dockarmor.lint.container import head
from dockarmor.lint.lint import Examined, Lint
from dockarmor.policy.includes import Library
from dockarmor.syntax.tree import Abi, File, Include
from dockarmor.text.diagnostic import Diagnostic, DiagnosticError, Severity

#: from what most policy is written for to what is newest
_AT_HAND = ("abi/4.0", "abi/3.0", "abi/5.0")


def _find(examined: Examined) -> Iterator[Diagnostic]:
    """Nothing is said where there is no ABI file that could be named."""
    profiles = examined.policy.profiles
    if not profiles or examined.policy.abi is not None or profiles[0].span.source is not examined.file.source:
        return
    abi = next((name for name in _AT_HAND if examined.library.locate(name, True)), None)
    if abi is None or _named(examined.file, examined.library):
        return
    yield Diagnostic(
        "DA385",
        "no ABI: a newer kernel enforces more of this policy than the one it was written for",
        head(min(profiles, key=lambda profile: profile.span.start)),
        Severity.NOTE,
        help=(f"begin the file with `abi <{abi}>,`",),
    )


def _named(file: File, library: Library) -> bool:
    """Is there an abi rule after all, `abi <kernel>,`, here or in a preamble that is included?"""
    waiting, seen = [file], {file.source.name}
    while waiting:
        for node in waiting.pop().body:
            if isinstance(node, Abi):
                return True
            path = library.locate(node.path, node.magic) if isinstance(node, Include) else None
            if path is None:
                continue
            try:
                found = [library.read(name).file for name in library.files(path, node.span) if name not in seen]
            except DiagnosticError:
                continue
            seen.update(one.source.name for one in found)
            waiting += found
    return False


LINT = Lint("DA385", "missing-abi", _find)
