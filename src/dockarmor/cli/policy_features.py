"""What policy text knows of that has no abi rule: what the kernel can do, or what the host's parser.conf pins.

Debian and Ubuntu pin a feature set there, and load all of a host's policy with it. See docs/decisions/0014.
"""

import os
from argparse import ArgumentParser
from collections.abc import Iterable, Sequence

from dockarmor.cli import places
from dockarmor.cli.output import note
from dockarmor.cli.policy import feature_set_named
from dockarmor.kernel.host.parser_conf import CONFIG, feature_files
from dockarmor.policy.features import FeatureSet
from dockarmor.text.diagnostic import Diagnostic, DiagnosticError
from dockarmor.text.latin import path_text
from dockarmor.text.render import printable
from dockarmor.value import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dockarmor.cli.compiling import Built

#: what --policy-features takes beside names and files
HOST, KERNEL = "host", "kernel"

_HELP = ("`--policy-features kernel` does without it: policy without an abi rule is for all that the kernel can do",)


@frozen
class Pin:
    """Feature sets that decide beside the kernel's own. `pinned`: who says so, where that is the host's parser.conf.

    `policy`: for policy without an abi rule; `override`: for all policy; `kernel`: instead of the kernel's own.
    """

    pinned: str = ""
    policy: FeatureSet | None = None
    override: FeatureSet | None = None
    kernel: FeatureSet | None = None

    def key(self) -> tuple[str, ...]:
        """All that decides on what is compiled, for caches."""
        return tuple(one.text() if one else "" for one in (self.policy, self.override, self.kernel))


def add_compiling(parser: ArgumentParser, when: str = "") -> None:
    """Options on how policy is compiled for a kernel. `when` they have a meaning is said in the help."""
    parser.add_argument("-j", "--jobs", type=int, default=1, metavar="N", help=f"{when}compile N at the same time")
    parser.add_argument("--no-cache", action="store_true", help=f"{when}compile all anew, remember nothing")
    parser.add_argument(
        "--policy-features",
        metavar="host|kernel|NAME|FILE",
        help=f"what policy without an abi rule is for: host: what {CONFIG} pins; kernel: all that the kernel can do;"
        f" or a feature set (default: host for files below {places.POLICY} that go to this host's kernel, else"
        " kernel)",
    )


def pin(given: str | None, kernel: str, config: str | None = None) -> Pin | None:
    """What is pinned, by --policy-features (`given`) or the host; None where the kernel decides alone.

    `kernel`: the name of the kernel that policy is for. Raises DiagnosticError (DA193) where a feature set cannot be
    read that is pinned, OSError where parser.conf cannot be.
    """
    config = CONFIG if config is None else config
    if given == KERNEL or (given is None and (kernel != "host" or not os.path.exists(config))):
        return None
    if given is not None and given != HOST:
        return Pin(policy=feature_set_named(given))
    files = feature_files(config)
    found = {which: _read(config, which, place) for which, place in files.items()}
    if not found:
        return None
    said = " ".join(f"{which}={place}" for which, place in files.items())
    words = printable(path_text(f"{said} of {config}"))
    return Pin(words, *map(found.get, ("policy-features", "override-policy-abi", "kernel-features")))


def is_pinned(name: str, given: str | None) -> bool:
    """Does a pin concern this file? All where one is asked for; else those of the host's own policy folder."""
    if given is not None:
        return True
    below = os.path.realpath(places.POLICY) + os.sep
    return name != "-" and os.path.realpath(name).startswith(below)


def tell(found: Pin, results: "Sequence[Built]") -> None:
    """Say it where it matters: of policy that was compiled in another way than the kernel alone would have it.

    Who named a feature set knows.
    """
    if not found.pinned:
        return
    if found.override or found.kernel:
        those, count = "files are", len(results)
    else:
        those, count = "files have no abi rule: they are", sum(_without_abi(results))
    if count:
        note(
            f"{count} of {len(results)} {those} compiled for {found.pinned}, as apparmor_parser does it;"
            " `--policy-features kernel` compiles for all that the kernel can do"
        )


def _without_abi(results: "Iterable[Built]") -> Iterable[bool]:
    return (one.output is not None and not one.output.has_abi for one in results)


def _read(config: str, which: str, place: str) -> FeatureSet:
    try:
        return feature_set_named(os.path.abspath(place))
    except OSError as error:
        message = f"{config} pins {which}={place}, which cannot be read: {error.strerror}"
        raise DiagnosticError([Diagnostic("DA193", path_text(message), help=_HELP)]) from None
