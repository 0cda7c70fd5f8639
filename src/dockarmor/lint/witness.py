"""A string of a table as the request that a task would make: the witness of a lint's proof."""

from collections.abc import Mapping, Sequence

from dockarmor.access.permission import DBUS_NAMES, NETWORK_NAMES, PTRACE_NAMES, SIGNAL_NAMES
from dockarmor.access.socket import FAMILIES, SOCKET_TYPES
from dockarmor.policy.profile import PlacedRule
from dockarmor.rules.dbus import DbusRule
from dockarmor.rules.file import FileRule
from dockarmor.rules.link import LinkRule
from dockarmor.rules.mount import MountRule
from dockarmor.rules.network import NetworkRule
from dockarmor.rules.ptrace import PtraceRule
from dockarmor.rules.signal import SignalRule
from dockarmor.rules.signal_names import name_of
from dockarmor.rules.umount import UmountRule
from dockarmor.rules.unix import UnixRule

_VERBS = {"r": "read", "w": "write", "a": "append to", "k": "lock", "m": "map", "x": "run"}
#: what of a permission list is named where the string does not tell
_NAMES: dict[type, Mapping[str, int]] = {SignalRule: SIGNAL_NAMES, PtraceRule: PTRACE_NAMES, DbusRule: DBUS_NAMES}
#: the parts of a string about a message, behind the bus
_MESSAGE = ("name", "peer", "path", "interface", "member")
#: the classes LABEL and PTRACE, with which strings about tracing begin
_LABEL = "\x10\x09"


def described(placed: PlacedRule, string: bytes, letters: str = "", names: Sequence[str] = ()) -> str | None:
    """What a task does with this string, in a few words; None where there are none for it.

    `letters` and `names` are the permissions that are meant, of a file rule and of others; none: any of the rule.

    >>> from dockarmor.policy.read import grammar
    >>> from dockarmor.syntax.structure import parse
    >>> from dockarmor.text.source import Source
    >>> node = parse(Source("p", "profile p { /etc/* rw, }"), grammar()).file.body[0].body[0]
    >>> described(PlacedRule(node.rule), b"/etc/a", "w")
    'write /etc/a'
    """
    rule = placed.rule
    parts = [one.decode("latin-1") for one in string.split(b"\0")]
    if isinstance(rule, FileRule | LinkRule):
        return _on_path(parts, letters)
    if isinstance(rule, UmountRule | MountRule) and len(parts[0]) < 2:
        return None
    if isinstance(rule, UmountRule):
        return f"umount {parts[0][1:]}"
    if isinstance(rule, MountRule) and len(parts) > 2:
        source = f" {parts[1]} ->" if parts[1] else ""
        return f"mount{source} {parts[0][1:]}"
    if isinstance(rule, SignalRule) and string[:1] == b"\x0a" and len(string) > 2:
        return f"signal {_said(rule, names)} {name_of(string[1])} peer={string[2:].decode('latin-1')}"
    if isinstance(rule, PtraceRule):
        return f"ptrace {_said(rule, names)} peer={parts[0].lstrip(_LABEL)}"
    if isinstance(rule, DbusRule):
        return _on_bus(rule, parts, names)
    if isinstance(rule, NetworkRule | UnixRule):
        return _on_socket(string, names)
    return None


def _said(rule: SignalRule | PtraceRule | DbusRule, names: Sequence[str]) -> str:
    """One of the permissions that are meant."""
    known = _NAMES[type(rule)]
    return names[0] if names else next(name for name, bit in known.items() if rule.permissions & bit)


def _on_path(parts: list[str], letters: str) -> str | None:
    if len(parts) == 2:
        return f"link {parts[0]} -> {parts[1]}"
    verbs = [_VERBS[letter] for letter in letters if letter in _VERBS]
    return f"{' or '.join(verbs)} {parts[0]}" if verbs and parts[0] else None


def _on_bus(rule: DbusRule, parts: list[str], names: Sequence[str]) -> str:
    """A string of one part is about eavesdropping, one of two about a name that is bound (rules/dbus.py)."""
    bus = f"bus={parts[0][1:]}"
    if len(parts) == 1:
        return f"dbus eavesdrop {bus}"
    if len(parts) == 2:
        return f"dbus bind {bus} name={parts[1]}"
    known = [
        name for name in (*names, *DBUS_NAMES) if name in ("send", "receive") and rule.permissions & DBUS_NAMES[name]
    ]
    pairs = [f"{name}={part}" for name, part in zip(_MESSAGE, parts[1:], strict=False) if part]
    return " ".join(("dbus", *known[:1], bus, *pairs))


def _on_socket(string: bytes, names: Sequence[str]) -> str | None:
    """Class, family, type; behind these the rest of what is known of a unix socket (rules/socket_entry.py)."""
    family = _named(FAMILIES, string[1:3])
    if family is None:
        return None
    words = ["unix"] if family == "unix" else ["network", family]
    words[1:1] = [name for name in names[:1] if name in NETWORK_NAMES]
    if type := _named(SOCKET_TYPES, string[3:5]):
        words.append(type)
    rest = string[7:]
    if family == "unix" and rest[:1] == b"\0" and rest[1:2] not in (b"", b"\0"):
        address, _, rest = rest[1:].partition(b"\0")
        words.append(f"addr=@{address.decode('latin-1')}")
    label = rest.rpartition(b"\0")[2]
    if family == "unix" and b"\0\x01" in rest and label:
        words.append(f"peer={label.decode('latin-1')}")
    return " ".join(words) if words[1:] else None


def _named(numbers: Mapping[str, int], two: bytes) -> str | None:
    return next((name for name, number in numbers.items() if number == int.from_bytes(two, "big")), None)
