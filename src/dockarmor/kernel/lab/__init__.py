"""A real AppArmor kernel from Debian's packages in a micro-VM under plain software emulation."""

from dockarmor.kernel.lab.lab import Lab, Run
from dockarmor.kernel.lab.packages import KERNELS
from dockarmor.kernel.lab.store import attach, available, down, prepare, release, restore, running, up

__all__ = [
    "KERNELS",
    "Lab",
    "Run",
    "attach",
    "available",
    "down",
    "prepare",
    "release",
    "restore",
    "running",
    "up",
]
