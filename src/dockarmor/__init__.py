"""dockarmor: AppArmor for containers, end to end, in Python.

What a program uses is here; docs/api.md tells the story. Nothing of it is imported before it is used.
"""

__version__ = "0.1.0"

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dockarmor import make
    from dockarmor.api import (
        ask_about,
        check,
        compile_policy,
        explain,
        features_of,
        format_text,
        parse,
        print_tree,
        read_policy,
        rewrite,
        write,
    )
    from dockarmor.policy.features import FeatureSet
    from dockarmor.syntax.tree import walk
    from dockarmor.text.diagnostic import Diagnostic, DiagnosticError, Severity
    from dockarmor.text.render import render
    from dockarmor.value import replace

__all__ = [
    "Diagnostic",
    "DiagnosticError",
    "FeatureSet",
    "Severity",
    "ask_about",
    "check",
    "compile_policy",
    "explain",
    "features_of",
    "format_text",
    "make",
    "parse",
    "print_tree",
    "read_policy",
    "render",
    "replace",
    "rewrite",
    "walk",
    "write",
]

_ELSEWHERE = {
    **dict.fromkeys(("Diagnostic", "DiagnosticError", "Severity"), "text.diagnostic"),
    "FeatureSet": "policy.features",
    "render": "text.render",
    "replace": "value",
    "walk": "syntax.tree",
}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    if name == "make":
        return importlib.import_module("dockarmor.make")
    found = getattr(importlib.import_module(f"dockarmor.{_ELSEWHERE.get(name, 'api')}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted((*globals(), *__all__))
