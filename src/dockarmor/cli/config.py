"""What a project has agreed on: dockarmor.toml, or [tool.dockarmor] in pyproject.toml.

  features = "kernel-6.12"     the kernel that policy is compiled for
  base = "policy"              where <…> includes are found
  include = ["shared"]         searched before the base
  [lint.ignore]
  DA368 = "our abstractions are generated later"

The nearest file upwards counts, up to the folder that holds the repository; paths are relative to it. An option
on the command line wins.
"""

import os
from argparse import Namespace
from collections.abc import Mapping
from typing import Any

from dockarmor.text.diagnostic import Diagnostic, DiagnosticError
from dockarmor.value import field, frozen

_KEYS = {"features": str, "base": str, "include": list, "lint": dict}


@frozen
class Config:
    """The settings and the file they come from, None where there is none."""

    path: str | None = None
    features: str | None = None
    base: str | None = None
    include: tuple[str, ...] = ()
    ignored: Mapping[str, str] = field(default_factory=dict)


def find(folder: str) -> str | None:
    """The file that speaks for this folder."""
    folder = os.path.abspath(folder)
    while True:
        own = os.path.join(folder, "dockarmor.toml")
        if os.path.isfile(own):
            return own
        shared = os.path.join(folder, "pyproject.toml")
        if os.path.isfile(shared) and _mentions_us(shared):
            return shared
        if os.path.exists(os.path.join(folder, ".git")) or folder == os.path.dirname(folder):
            return None
        folder = os.path.dirname(folder)


def read(path: str | None) -> Config:
    """The settings of a file. Raises DiagnosticError (DA950 to DA952)."""
    if path is None:
        return Config()
    import tomllib

    try:
        with open(path, "rb") as file:
            table = tomllib.load(file)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _error("DA950", f"{path} is no TOML: {error}") from None
    if os.path.basename(path) == "pyproject.toml":
        table = table.get("tool", {}).get("dockarmor", {})
    for key, value in table.items():
        _check(path, key, value)
    here = os.path.dirname(path)
    base, include = table.get("base"), table.get("include", [])
    return Config(
        path,
        table.get("features"),
        None if base is None else os.path.join(here, base),
        tuple(os.path.join(here, str(folder)) for folder in include),
        _ignored(path, table.get("lint", {})),
    )


def apply(options: Namespace) -> Config:
    """Fill in the options that the command line leaves open."""
    found = read(find(os.getcwd()))
    options.base = options.base or found.base
    options.include = [*options.include, *found.include]
    if options.features is None:
        options.features = found.features
    return found


def _mentions_us(path: str) -> bool:
    with open(path, "rb") as file:
        return b"tool.dockarmor" in file.read(1 << 20)


def _check(path: str, key: str, value: Any) -> None:
    wanted = _KEYS.get(key)
    if wanted is None:
        import difflib

        near = difflib.get_close_matches(key, _KEYS, 1)
        help = f"did you mean `{near[0]}`?" if near else f"there are {', '.join(_KEYS)}"
        raise _error("DA951", f"{path}: `{key}` is no setting", help)
    if not isinstance(value, wanted):
        raise _error("DA952", f"{path}: `{key}` must be a {wanted.__name__}")


def _ignored(path: str, lint: Mapping[str, Any]) -> dict[str, str]:
    for key in lint:
        if key != "ignore":
            raise _error("DA951", f"{path}: `lint.{key}` is no setting", "there is `lint.ignore`")
    ignored = lint.get("ignore", {})
    if not isinstance(ignored, dict) or not all(isinstance(why, str) and why.strip() for why in ignored.values()):
        raise _error("DA952", f"{path}: lint.ignore gives a reason for each code", 'as in `DA368 = "why"`')
    return dict(ignored)


def _error(code: str, message: str, *help: str) -> DiagnosticError:
    return DiagnosticError([Diagnostic(code, message, help=help)])
