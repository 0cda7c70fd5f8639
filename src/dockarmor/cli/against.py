"""`status --against`: what is loaded compared with what policy files compile to, file by file."""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping, Sequence

from dockarmor.cli.policy_features import add_compiling
from dockarmor.kernel.label_text import full_name
from dockarmor.kernel.protocol import Kernel, LoadedProfile
from dockarmor.text.render import printable
from dockarmor.value import field, frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dockarmor.cli.compiling import Built
    from dockarmor.kernel.drift import Drift

#: where a profile is not known to be what its file says
_OTHER = ("differs", "unknown", "not-loaded")


@frozen
class Compared:
    """How each profile stands to the files, by name, and which files could not be compared, with the reason."""

    states: "Mapping[str, Drift]" = field(default_factory=dict)
    broken: Mapping[str, str] = field(default_factory=dict)

    @property
    def agrees(self) -> bool:
        """All is loaded that the files bring, and as they say it. What no file brings is somebody else's."""
        return not self.broken and not any(one.state in _OTHER for one in self.states.values())


def add_against(parser: ArgumentParser) -> None:
    """The options of a comparison."""
    parser.add_argument(
        "--against", action="append", default=[], metavar="FILE|DIR", help="compare with what these files compile to"
    )
    add_compiling(parser, "with --against: ")


def compare(options: Namespace, target: Kernel, profiles: Sequence[LoadedProfile]) -> Compared:
    """Compare. What is wrong with files is said, and ends nothing: the others are compared.

    Of profiles that two files bring nobody knows which of them is meant, so those files are broken, too.
    """
    from dockarmor.cli.loading import compiled_or_not, refuse_missing, say_errors, without_twice
    from dockarmor.cli.policy import shown
    from dockarmor.kernel.drift import Drift, drift

    refuse_missing(options.against)
    options.complain, options.namespace = False, None
    results = without_twice(compiled_or_not(options, options.against, target))
    say_errors(results)
    good = [one.output.blob for one in results if one.output and one.error is None]
    states = {one.name: one for one in drift(profiles, good, target.blob_of)}
    broken: dict[str, str] = {}
    for each in results:
        if each.error is None:
            continue
        broken[each.name] = next((one.message for one in each.error.diagnostics), "")
        for name in _brought(options, each):
            if name in states and states[name].state == "no-file":
                states[name] = Drift(name, "unknown", f"{shown(each.name)}, which brings it, is not compared")
    return Compared(states, broken)


def _brought(options: Namespace, broken: "Built") -> Iterator[str]:
    """The profiles of a file with mistakes, as far as it can be read."""
    from dockarmor.cli.loading import profile_names
    from dockarmor.cli.policy import includes, read_argument, shown
    from dockarmor.policy.read import read_text
    from dockarmor.text.diagnostic import DiagnosticError
    from dockarmor.text.source import Source

    if broken.output is not None:
        yield from profile_names([broken])
        return
    try:
        source = Source.from_bytes(shown(broken.name), read_argument(broken.name))
    except (OSError, DiagnosticError):
        return
    for top in read_text(source, includes(options)).policy.profiles:
        for profile in top.family():
            yield full_name(top.namespace, profile.name)


def lines(compared: Compared, profiles: Sequence[LoadedProfile]) -> Iterator[str]:
    """What stands below the table of what is loaded."""
    from dockarmor.cli.policy import shown

    loaded = {one.name for one in profiles}
    for name in compared.states:
        if name not in loaded:
            yield f"not loaded: {printable(name)}"
    for name in compared.broken:
        yield f"not compared: {printable(shown(name))}"
