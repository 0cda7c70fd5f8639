"""`python -m dockarmor` is `dockarmor`."""

from dockarmor.cli.main import entry

entry()
