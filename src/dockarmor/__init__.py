"""dockarmor: AppArmor for containers, end to end, in Python."""

__version__ = "0.1.0"
