"""Show docker-default: the profile that Docker's engine generates and never lets you read.

dockarmor default show            today's docker-default, as the engine renders it on this host
dockarmor default show --page     the one printed on Docker's manual page (Docker 1.9, 2015)
"""

import os
import sys
from argparse import ArgumentParser, Namespace

from dockarmor.cli.main import EXIT_OK
from dockarmor.cli.places import POLICY
from dockarmor.containers.default import TODAY_NAME, Host, page, today


def configure(parser: ArgumentParser) -> None:
    parser.add_argument("action", choices=("show",))
    parser.add_argument("--page", action="store_true", help="the text of the manual page instead of today's")
    parser.add_argument("--name", default=TODAY_NAME, help="the profile's name (default: docker-default)")
    parser.add_argument("--daemon", default="unconfined", metavar="LABEL", help="label of the Docker daemon")
    parser.add_argument("--base", metavar="DIR", help="policy folder that decides which includes are used")


def run(options: Namespace) -> int:
    sys.stdout.write(page() if options.page else today(_host(options), options.name))
    return EXIT_OK


def _host(options: Namespace) -> Host:
    """The engine looks for these three files (moby/profiles apparmor.go); our own base has the last two."""
    if options.base is None and not os.path.isdir(f"{POLICY}/tunables"):
        return Host(options.daemon)
    base = options.base or POLICY
    return Host(
        daemon=options.daemon,
        abi="abi/3.0" if os.path.exists(os.path.join(base, "abi/3.0")) else None,
        tunables=os.path.exists(os.path.join(base, "tunables/global")),
        base=os.path.exists(os.path.join(base, "abstractions/base")),
    )
