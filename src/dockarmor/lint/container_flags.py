"""DA376: a container profile without the two flags that a container's files need."""

from collections.abc import Iterator

from dockarmor.lint.container import head
from dockarmor.lint.lint import Examined, Lint
from dockarmor.syntax.tree import ProfileNode
from dockarmor.text.diagnostic import Diagnostic, Fix, Severity
from dockarmor.text.source import Span

_WHY = {
    "attach_disconnected": "a file from outside of the container's root, as one the engine opened, has no path",
    "mediate_deleted": "a file that is deleted while it is open is refused",
}


def _find(examined: Examined) -> Iterator[Diagnostic]:
    for profile in examined.own_profiles():
        node = examined.node(profile)
        given = {
            "attach_disconnected": profile.flags.attach_disconnected,
            "mediate_deleted": profile.flags.mediate_deleted,
        }
        missing = [flag for flag, there in given.items() if not there]
        if node is None or not missing:
            continue
        yield Diagnostic(
            "DA376",
            f"a container's profile needs the flag{'s' if len(missing) > 1 else ''} {' and '.join(missing)}",
            head(profile),
            Severity.WARNING,
            help=(f"write `flags=({','.join(missing)})`" if not node.flags else f"add {', '.join(missing)}",),
            notes=tuple(f"{flag}: without it, {_WHY[flag]}" for flag in missing),
            fix=_fix(node, missing),
        )


def _fix(node: ProfileNode, missing: list[str]) -> Fix:
    source, message = node.span.source, f"add {' and '.join(missing)}"
    if node.flags:
        end = node.flags[-1].span.end
        return Fix(Span(source, end, end), "".join(f",{flag}" for flag in missing), safe=False, message=message)
    last = node.attachment or node.name
    for xattr, value in node.xattrs:
        last = value or xattr
    end = source.text.index("{", last.span.end)
    return Fix(Span(source, end, end), f"flags=({','.join(missing)}) ", safe=False, message=message)


LINT = Lint("DA376", "container-flags", _find, container=True)
