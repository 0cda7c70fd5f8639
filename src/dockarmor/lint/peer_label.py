"""Does a rule's peer mean a label?"""

import re

from dockarmor.policy.profile import Profile
from dockarmor.rules.aare import to_pattern
from dockarmor.syntax.cursor import Word
from dockarmor.text.diagnostic import DiagnosticError

#: the runtimes that have profiles where the distribution brings them; the usual peers of a container
RUNTIMES = ("runc", "crun")


def means(peer: Word | None, label: str, profile: Profile) -> bool:
    """Does the pattern match the label? So does none at all, and one that is wrong, which is said elsewhere."""
    if peer is None:
        return True
    try:
        pattern = to_pattern(profile.variables.expand(peer.text, peer.span), span=peer.span)
    except DiagnosticError:
        return True
    return re.fullmatch(pattern, label.encode("latin-1", "replace")) is not None
