"""What a project with a container's profile begins with: the profile, a suite of tests for it, a configuration."""

import os

from dockarmor.text.diagnostic import Diagnostic, DiagnosticError
from dockarmor.text.regex import regex

#: what such a profile may be called: its name is also a file's, and stands in suites, commands and logs
NAME = regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
#: labels that mean something already: who loaded a profile of this name would confine others
TAKEN = ("unconfined", "docker-default", "runc", "crun", "podman", "containerd", "dockerd")

_FILES = {"profile": "profiles/NAME", "suite.toml": "tests/NAME.test.toml", "dockarmor.toml": "dockarmor.toml"}
CONFIG = _FILES["dockarmor.toml"]


def skeleton(name: str) -> dict[str, str]:
    """The files of a project, by their paths in its folder. Raises DiagnosticError (DA940) for an unfit name.

    >>> list(skeleton("web"))
    ['profiles/web', 'tests/web.test.toml', 'dockarmor.toml']
    """
    if not NAME.fullmatch(name) or name in TAKEN:
        reason = "is the name of something else" if name in TAKEN else "is no name of a profile and a file"
        help = "letters, digits, `.`, `_` and `-`, as in `web` or `shop-frontend`"
        raise DiagnosticError([Diagnostic("DA940", f"`{name[:64]}` {reason}", help=(help,))])
    return {path.replace("NAME", name): _text(file).replace("NAME", name) for file, path in _FILES.items()}


def _text(file: str) -> str:
    from dockarmor import data

    with open(os.path.join(os.path.dirname(data.__file__), "skeleton", file), encoding="utf-8") as stream:
        return stream.read()
