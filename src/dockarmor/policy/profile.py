"""A resolved profile: everything that its text and its includes say, ready to be compiled or shown."""

from collections.abc import Iterator, Sequence

from dockarmor.policy.features import FeatureSet
from dockarmor.policy.row import PlacedRule as PlacedRule
from dockarmor.policy.variables import Variables
from dockarmor.text.diagnostic import Diagnostic, DiagnosticError
from dockarmor.text.source import Span
from dockarmor.value import field, frozen


@frozen
class Flags:
    """Profile flags (apparmor.d(5), PROFILE FLAGS)."""

    mode: str = "enforce"
    audit: bool = False
    attach_disconnected: bool = False
    disconnected_path: str | None = None
    disconnected_ipc: str | None = None
    mediate_deleted: bool = False
    chroot_relative: bool = False
    chroot_attach: bool = False
    interruptible: bool = False
    debug: bool = False
    kill_signal: str | None = None
    error: str | None = None
    #: every flag word as it was written, for what only matters as "some path flag was given"
    words: tuple[str, ...] = ()

    @property
    def mediates(self) -> bool:
        """Is what no rule allows refused, or logged? In the other modes only what rules say is mediated."""
        return self.mode not in ("unconfined", "default_allow")


@frozen
class Profile:
    """One profile, hat or child.

    `name` is the full name `parent//child`. `attachment` is the pattern text with variables expanded, None for
    a profile that attaches to nothing. `alternates` are further attachments that aliases brought.
    """

    name: str
    span: Span
    namespace: str | None = None
    attachment: str | None = None
    alternates: tuple[str, ...] = ()
    xattrs: tuple[tuple[str, str], ...] = ()
    flags: Flags = Flags()
    hat: bool = False
    rules: Sequence[PlacedRule] = ()
    children: tuple["Profile", ...] = ()
    variables: Variables = field(default_factory=Variables)
    #: aliases `from -> to` of the file
    aliases: tuple[tuple[str, str], ...] = ()

    def family(self) -> Iterator["Profile"]:
        """This profile and its descendants, depth first, children in name order."""
        yield self
        for child in self.children:
            yield from child.family()


@frozen
class Policy:
    """What one file (with its includes) says: its profiles, sorted as they are compiled, and its ABI.

    `abi` is None where the kernel decides: by `abi <kernel>`, or because no abi rule stands there (`has_abi`), where
    the caller may assume another set.
    """

    profiles: tuple[Profile, ...]
    abi: FeatureSet | None = None
    has_abi: bool = False


def split_namespace(name: str, span: Span) -> tuple[str | None, str]:
    """`:ns:name` and `:ns://name`."""
    if name.startswith("&"):
        raise _misnamed("`&` stacks profiles; it cannot begin a name", span)
    if not name.startswith(":"):
        return None, name
    namespace, colon, own = name[1:].partition(":")
    own = own.removeprefix("//")
    if not colon or not namespace or not own:
        raise _misnamed("a name with a namespace is written `:namespace:name`", span)
    return namespace, own


def _misnamed(message: str, span: Span) -> DiagnosticError:
    return DiagnosticError([Diagnostic("DA030", message, span)])
