"""What `build --explain-size` prints."""

import sys
from argparse import Namespace
from collections.abc import Sequence

from dockarmor.cli.policy import features, includes, read_argument, shown
from dockarmor.compile.pipeline import Options, form_of
from dockarmor.compile.size import savings
from dockarmor.policy.features import intersect
from dockarmor.policy.profile import Profile
from dockarmor.policy.read import read_text, require
from dockarmor.text.render import printable
from dockarmor.text.source import Source

#: lines for one profile
_MOST = 8


def explain(name: str, profiles: Sequence[tuple[str, int, int, int]], options: Namespace) -> None:
    """For each profile of a file: figures (name, bytes, file states, policy states), then what costs most.

    To standard output, or, where the blob goes there, to standard error.
    """
    stream = sys.stderr if options.out == "-" else sys.stdout
    policy = require(read_text(Source.from_bytes(shown(name), read_argument(name)), includes(options))).policy
    texts = {profile.name: profile for top in policy.profiles for profile in top.family()}
    negotiated = intersect(policy.abi, features(options))
    form = form_of(negotiated, Options())
    for title, size, file_states, policy_states in profiles:
        states = f"{file_states} file states, {policy_states} other states"
        stream.write(f"{printable(title)}: {size} bytes, {states}\n")
        profile: Profile | None = texts.get(title)
        for one in savings(profile, negotiated, form)[:_MOST] if profile else ():
            place = f"  ({one.span})" if one.span else ""
            what = "without" if one.span else "with one value of"
            stream.write(f"  {one.states:>7} states fewer {what} {printable(one.name)}{printable(place)}\n")
