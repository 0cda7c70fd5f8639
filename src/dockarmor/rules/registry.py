"""Every rule kind. A new kind is its own file and a line here."""

from dockarmor.rules import all_rule, capability, change_profile, file, link, rlimit
from dockarmor.rules.kind import Kind

ALL: tuple[Kind, ...] = (
    file.KIND,
    link.KIND,
    change_profile.KIND,
    capability.KIND,
    rlimit.KIND,
    all_rule.KIND,
)
