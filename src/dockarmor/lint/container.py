"""Is a file's policy meant for containers, and where its profiles begin.

An engine puts a container under a profile by name, so such a profile attaches to no program.
"""

import re

from dockarmor.lint.lint import Examined
from dockarmor.policy.profile import Policy, Profile
from dockarmor.rules.file import FileRule
from dockarmor.rules.mount import MountRule
from dockarmor.syntax.tree import File
from dockarmor.text.source import Span

#: what an author may write on a line of its own
_MARK = r"(?m)^[ \t]*#[ \t]*dockarmor:[ \t]*container[ \t]*$"
_NAME = r"(?i)(?:\A|[-_./ ])(?:docker|containers?|podman|nerdctl|crio?|k8s|kube[a-z]*|lxc|lxd|incus)(?:[-_./0-9 ]|\Z)"


def meant_for_containers(policy: Policy, file: File) -> bool:
    """A comment says so; or nothing attaches to a path, and a profile's name or its rules are those of containers."""
    if "dockarmor:" in file.source.text and re.search(_MARK, file.source.text):
        return True
    if any(profile.attachment is not None for profile in policy.profiles):
        return False
    return any(re.search(_NAME, profile.name) or _shaped(profile) for profile in policy.profiles)


def _shaped(profile: Profile) -> bool:
    """The two flags that containers need, and what engines' own profiles begin with: everything, without mounts."""
    if not (profile.flags.attach_disconnected and profile.flags.mediate_deleted):
        return False
    rules = [placed.rule for placed in profile.rules if not placed.includes]
    everything = any(isinstance(rule, FileRule) and rule.path is None for rule in rules)
    return everything or any(isinstance(rule, MountRule) and rule.qualifiers.effect == "deny" for rule in rules)


def everything(profile: Profile, examined: Examined) -> FileRule | None:
    """The bare rule `file,` of a profile that allows all files which it does not deny."""
    for rule in examined.rules_of(profile, FileRule):
        if rule.path is None and rule.qualifiers.effect != "deny":
            return rule
    return None


def head(profile: Profile) -> Span:
    """The profile's first line as far as its name, flags and brace go."""
    span = profile.span
    brace = span.text.find("{\n")
    end = brace if brace > 0 else span.text.find("\n")
    return Span(span.source, span.start, span.start + len(span.text[: end if end > 0 else None].rstrip()))
