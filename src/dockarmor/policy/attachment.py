"""Which programs a profile is for: what is written, or the name of one that is named by a path."""

from collections.abc import Sequence

from dockarmor.policy.variables import Variables
from dockarmor.rules.aare import filter_slashes
from dockarmor.syntax.tree import ProfileNode
from dockarmor.text.diagnostic import Diagnostic, DiagnosticError


def attachment_of(node: ProfileNode, own: str, known: Variables) -> str | None:
    """A profile's attachment, given its own name; None for one without.

    Raises DiagnosticError (DA028).
    """
    if node.attachment is not None:
        text = known.expand(node.attachment.text, node.attachment.span)
        if not text.startswith("/") and not node.attachment.text.startswith("@{"):
            message = "an attachment begins with `/` or a variable"
            raise DiagnosticError([Diagnostic("DA028", message, node.attachment.span)])
        return text
    last = own.split("//")[-1]  # from the left, as compile/attachment.py and the kernel do
    return filter_slashes(last) if own.startswith("/") and last else None


def alternates(text: str, aliases: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """What the aliases make of an attachment, or of the name of a profile without one.

    >>> alternates("/usr/bin/a", [("/usr/", "/mnt/"), ("/etc/", "/opt/")])
    ('/mnt/bin/a',)
    """
    return tuple(to + text[len(source) :] for source, to in aliases if text.startswith(source))
