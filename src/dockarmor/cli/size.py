"""What `build --explain-size` prints."""

import sys
from argparse import Namespace
from collections.abc import Mapping, Sequence

from dockarmor.cli.compiling import Built
from dockarmor.cli.policy import features, includes, read_argument, shown
from dockarmor.compile.cache import Figures
from dockarmor.compile.pipeline import Options, form_of
from dockarmor.compile.size import Saving, savings
from dockarmor.policy.features import intersect
from dockarmor.policy.read import read_text, require
from dockarmor.text.render import printable
from dockarmor.text.source import Source

#: lines for one profile
_MOST = 8


def costs(built: Built, options: Namespace) -> dict[str, list[Saving]]:
    """What costs most in each profile of a file, by the profile's name."""
    name = built.name
    source = built.source or Source.from_bytes(shown(name), read_argument(name))
    policy = require(read_text(source, includes(options))).policy
    negotiated = intersect(policy.abi, features(options))
    form = form_of(negotiated, Options())
    profiles = [profile for top in policy.profiles for profile in top.family()]
    return {profile.name: savings(profile, negotiated, form)[:_MOST] for profile in profiles}


def explain(profiles: Sequence[Figures], found: Mapping[str, Sequence[Saving]], options: Namespace) -> None:
    """For people: the figures of a file's profiles, each with what costs most.

    To standard output, or, where the blob goes there, to standard error.
    """
    stream = sys.stderr if options.out == "-" else sys.stdout
    for figures in profiles:
        states = f"{figures.file_states} file states, {figures.policy_states} other states"
        stream.write(f"{printable(figures.name)}: {figures.bytes} bytes, {states}\n")
        for one in found.get(figures.name, ()):
            place = f"  ({one.span})" if one.span else ""
            what = "without" if one.span else "with one value of"
            stream.write(f"  {one.states:>7} states fewer {what} {printable(one.name)}{printable(place)}\n")


def cost_item(one: Saving) -> dict[str, str | int]:
    """The same as JSON data."""
    item: dict[str, str | int] = {"states": one.states, "of": printable(one.name)}
    if one.span:
        item |= {"file": printable(one.span.source.name), "line": one.span.position[0]}
    return item
