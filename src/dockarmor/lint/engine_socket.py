"""DA374: a container that may talk to its engine, which starts containers without any profile."""

from collections.abc import Iterator

from dockarmor.lint.lint import Examined, Lint
from dockarmor.lint.removal import removal
from dockarmor.rules.file import FileRule
from dockarmor.rules.file_mode import WRITE
from dockarmor.text.diagnostic import Diagnostic, Severity

_SOCKETS = tuple(f"/{name}.sock" for name in ("docker", "containerd", "crio", "cri-dockerd", "podman", "buildkitd"))


def _find(examined: Examined) -> Iterator[Diagnostic]:
    for _, rule in examined.own_rules(FileRule):
        if rule.path is None or rule.qualifiers.effect == "deny" or not rule.letters & WRITE:
            continue
        if rule.path.text.endswith(_SOCKETS):
            yield Diagnostic(
                "DA374",
                "who can talk to the engine is root on the host",
                rule.path.span,
                Severity.WARNING,
                label="it starts containers with any mount and without any profile",
                help=("give the container a proxy that lets few requests through, or none of it",),
                fix=removal(rule.span, safe=False),
            )


LINT = Lint("DA374", "engine-socket", _find, container=True)
