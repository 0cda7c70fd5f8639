"""The permissions that rules of the policy table name one by one, and their bits in an accept word."""

import re
from collections.abc import Mapping

from dockarmor.access.permission import DBUS_NAMES, IO_URING_NAMES, NETWORK_NAMES, PTRACE_NAMES, SIGNAL_NAMES
from dockarmor.rules.dbus import DbusRule
from dockarmor.rules.io_uring import IoUringRule
from dockarmor.rules.kind import Rule
from dockarmor.rules.network import NetworkRule
from dockarmor.rules.policy_entry import accept_word
from dockarmor.rules.ptrace import PtraceRule
from dockarmor.rules.signal import SignalRule
from dockarmor.rules.unix import UnixRule

_NAMES: Mapping[type, Mapping[str, int]] = {
    SignalRule: SIGNAL_NAMES,
    PtraceRule: PTRACE_NAMES,
    DbusRule: DBUS_NAMES,
    NetworkRule: NETWORK_NAMES,
    UnixRule: NETWORK_NAMES,
    IoUringRule: IO_URING_NAMES,
}


def named_bits(rule: Rule) -> dict[str, int]:
    """The permissions written in a rule, by name; empty where it names none, and so means all.

    >>> from dockarmor.policy.read import grammar
    >>> from dockarmor.syntax.structure import parse
    >>> from dockarmor.text.source import Source
    >>> node = parse(Source("p", "profile p { signal (send, receive) peer=x, }"), grammar()).file.body[0].body[0]
    >>> named_bits(node.rule)
    {'send': 2, 'receive': 4}
    """
    words = set(re.findall(r"[a-z_]+", rule.span.text.partition("=")[0]))  # what stands before the first condition
    return {name: accept_word(bit) for name, bit in _NAMES.get(type(rule), {}).items() if name in words}
