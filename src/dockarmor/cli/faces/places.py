"""Where a host's files are: the real ones, or a folder that stands for them."""

from dockarmor.cli.places import POLICY
from dockarmor.value import frozen


@frozen
class Places:
    """The kernel's own file systems, and where policy text is kept."""

    proc: str = "/proc"
    sysfs: str = "/sys"
    policy: str = POLICY
