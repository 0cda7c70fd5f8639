"""A string of a table as the request that a task would make: the witness of a lint's proof."""

from dockarmor.access.permission import SIGNAL_NAMES
from dockarmor.policy.profile import PlacedRule
from dockarmor.rules.file import FileRule
from dockarmor.rules.link import LinkRule
from dockarmor.rules.mount import MountRule
from dockarmor.rules.ptrace import PtraceRule
from dockarmor.rules.signal import SignalRule
from dockarmor.rules.signal_names import name_of
from dockarmor.rules.umount import UmountRule

_VERBS = {"r": "read", "w": "write", "a": "append to", "k": "lock", "m": "map", "x": "run"}


def described(placed: PlacedRule, string: bytes, letters: str = "") -> str | None:
    """What a task does with this string, in a few words; None where there are none for it.

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
        word = "send" if rule.permissions & SIGNAL_NAMES["send"] else "receive"
        return f"signal {word} {name_of(string[1])} peer={string[2:].decode('latin-1')}"
    if isinstance(rule, PtraceRule):
        return f"ptrace peer={string[1:].decode('latin-1')}"
    return None


def _on_path(parts: list[str], letters: str) -> str | None:
    if len(parts) == 2:
        return f"link {parts[0]} -> {parts[1]}"
    verbs = [_VERBS[letter] for letter in letters if letter in _VERBS]
    return f"{' or '.join(verbs)} {parts[0]}" if verbs and parts[0] else None
