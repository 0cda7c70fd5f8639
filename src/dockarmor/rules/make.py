"""Rules without a source, one function for each kind.

Words are written as they are meant, without quotes. Several words (permissions, signals, options) are one string
with blanks between them, or a sequence. None, or an empty string, is what a rule does not say: then it means all of
them. Whether a rule can be written is found out when it is (policy/written.py).
"""

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from dockarmor.access.permission import (
    DBUS_NAMES,
    IO_URING_NAMES,
    NETWORK_NAMES,
    PTRACE_NAMES,
    SIGNAL_NAMES,
)
from dockarmor.rules import dbus as bus_rules
from dockarmor.rules import io_uring as uring_rules
from dockarmor.rules import mount_flags, mqueue, signal_names
from dockarmor.rules import ptrace as ptrace_rules
from dockarmor.rules import signal as signal_rules
from dockarmor.rules.all_rule import AllRule
from dockarmor.rules.capability import CapabilityRule
from dockarmor.rules.change_profile import ChangeProfileRule
from dockarmor.rules.file import FileRule
from dockarmor.rules.file_mode import Environment, ModeFault, parse_mode
from dockarmor.rules.kind import PLAIN
from dockarmor.rules.link import LinkRule
from dockarmor.rules.mount import MountRule
from dockarmor.rules.mount_flags import Options
from dockarmor.rules.network import Endpoint, NetworkRule
from dockarmor.rules.pivot_root import PivotRootRule
from dockarmor.rules.rlimit import LimitRule
from dockarmor.rules.socket_entry import EVERY as EVERY_SOCKET
from dockarmor.rules.umount import UmountRule
from dockarmor.rules.unix import UnixRule
from dockarmor.rules.userns import UsernsRule
from dockarmor.syntax.make import NOWHERE, optional_word, word
from dockarmor.text.diagnostic import Diagnostic, DiagnosticError
from dockarmor.value import replace

Text = str | bytes
Words = str | Iterable[str]
R = TypeVar("R")

# -- qualifiers -------------------------------------------------------------------------------------------


def deny(rule: R) -> R:
    """The rule with `deny` before it.

    >>> deny(file("/etc/shadow", "r")).qualifiers.effect
    'deny'
    """
    return _qualified(rule, effect="deny")


def prompt(rule: R) -> R:
    """The rule with `prompt` before it."""
    return _qualified(rule, effect="prompt")


def audit(rule: R) -> R:
    """The rule with `audit` before it."""
    return _qualified(rule, audit=True)


def owner(rule: R) -> R:
    """The file rule with `owner` before it."""
    return _qualified(rule, subject="owner")


def other(rule: R) -> R:
    """The file rule with `other` before it."""
    return _qualified(rule, subject="other")


def priority(rule: R, number: int) -> R:
    """The rule with `priority=number` before it."""
    return _qualified(rule, priority=number)


def _qualified(rule: R, **changes: Any) -> R:
    made: Any = rule
    qualified: R = replace(made, qualifiers=replace(made.qualifiers, **changes))
    return qualified


# -- files ------------------------------------------------------------------------------------------------


def file(
    path: Text | None = None,
    mode: str = "",
    *,
    target: Text | None = None,
    environment: Environment | None = None,
    subset: bool = False,
) -> FileRule:
    """`/etc/passwd r,` or `safe /bin/sh px -> shell,`; without a path `file,`, which is every file.

    `mode` is a permission word of the language. Raises DiagnosticError (DA203 to DA205) where it is none.

    >>> file("/bin/sh", "rix").exec
    'ix'
    """
    if path is None:
        known = parse_mode("mrwlkix")
    else:
        try:
            known = parse_mode(mode)
        except ModeFault as fault:
            message = f"`{mode[:40]}`: {fault.message}"
            raise DiagnosticError([Diagnostic(fault.code, message, help=(fault.help,))]) from None
    return FileRule(
        *(optional_word(path), known.letters, known.exec, environment, optional_word(target), subset),
        *(PLAIN, NOWHERE),
    )


def link(path: Text, target: Text, *, subset: bool = False) -> LinkRule:
    """`link subset /new -> /existing,`."""
    return LinkRule(word(path), word(target), subset, PLAIN, NOWHERE)


def change_profile(
    target: Text | None = None, *, exec: Text | None = None, environment: Environment | None = None
) -> ChangeProfileRule:
    """`change_profile /usr/bin/man -> man,`."""
    return ChangeProfileRule(environment, optional_word(exec), optional_word(target), PLAIN, NOWHERE)


# -- what a task may do -----------------------------------------------------------------------------------


def capability(*names: str) -> CapabilityRule:
    """`capability net_admin net_raw,`; without names every capability."""
    return CapabilityRule(tuple(map(word, names)), PLAIN, NOWHERE)


def rlimit(resource: str, amount: int | None, unit: str = "") -> LimitRule:
    """`set rlimit nofile <= 1024,`; an amount of None is `infinity`."""
    return LimitRule(resource, amount, unit, PLAIN, NOWHERE)


def userns() -> UsernsRule:
    """`userns create,`."""
    return UsernsRule(PLAIN, NOWHERE)


def io_uring(permissions: Words = "", *, label: Text | None = None) -> uring_rules.IoUringRule:
    """`io_uring (sqpoll, override_creds) label=x,`."""
    bits = _bits("io_uring", permissions, IO_URING_NAMES, uring_rules.EVERY)
    return uring_rules.IoUringRule(bits, optional_word(label), PLAIN, NOWHERE)


def all_rules() -> AllRule:
    """`all,`: a rule of every kind that allows everything."""
    return AllRule(PLAIN, NOWHERE)


# -- other tasks ------------------------------------------------------------------------------------------


def signal(permissions: Words = "", *, signals: Words = "", peer: Text | None = None) -> signal_rules.SignalRule:
    """`signal (send, receive) set=(kill, term) peer=x,`.

    >>> signal("receive", signals="term kill", peer="unconfined").signals
    ('term', 'kill')
    """
    bits = _bits("signal", permissions, SIGNAL_NAMES, signal_rules.BOTH)
    names = (signal_names.canonical(one) or one for one in _each(signals))
    return signal_rules.SignalRule(bits, tuple(dict.fromkeys(names)), optional_word(peer), PLAIN, NOWHERE)


def ptrace(permissions: Words = "", *, peer: Text | None = None) -> ptrace_rules.PtraceRule:
    """`ptrace (read, trace) peer=x,`."""
    bits = _bits("ptrace", permissions, PTRACE_NAMES, ptrace_rules.EVERY)
    return ptrace_rules.PtraceRule(bits, optional_word(peer), PLAIN, NOWHERE)


def dbus(
    permissions: Words = "",
    *,
    bus: Text | None = None,
    name: Text | None = None,
    path: Text | None = None,
    interface: Text | None = None,
    member: Text | None = None,
    peer_name: Text | None = None,
    peer_label: Text | None = None,
) -> bus_rules.DbusRule:
    """`dbus send bus=system path=/x interface=org.x member=Get peer=(name=org.x, label=y),`.

    Without permissions the rule means those that its conditions go with.
    """
    message = any(one is not None for one in (path, interface, member, peer_name, peer_label))
    meant = bus_rules.SEND | bus_rules.RECEIVE if message else bus_rules.BIND if name else bus_rules.EVERY
    bits = _bits("dbus", permissions, DBUS_NAMES, meant)
    own = (optional_word(bus), optional_word(name))
    about = (optional_word(path), optional_word(interface), optional_word(member))
    peer = (optional_word(peer_name), optional_word(peer_label))
    return bus_rules.DbusRule(bits, *own, *about, *peer, PLAIN, NOWHERE)


def message_queue(
    permissions: Words = "",
    name: Text | None = None,
    *,
    type: mqueue.Type | None = None,
    label: Text | None = None,
) -> mqueue.MqueueRule:
    """`mqueue (create, read) type=posix label=x /queue,`."""
    bits = _bits("mqueue", permissions, mqueue.NAMES, mqueue.EVERY)
    return mqueue.MqueueRule(bits, type, optional_word(label), optional_word(name), PLAIN, NOWHERE)


# -- sockets ----------------------------------------------------------------------------------------------


def network(
    family: str | None = None,
    type: str | None = None,
    permissions: Words = "",
    *,
    local: Endpoint | None = None,
    peer: Endpoint | None = None,
) -> NetworkRule:
    """`network (send, receive) inet stream,`."""
    bits = _bits("network", permissions, NETWORK_NAMES, EVERY_SOCKET)
    return NetworkRule(bits, family, type, local or Endpoint(), peer or Endpoint(), PLAIN, NOWHERE)


def endpoint(
    *,
    ip: str | None = None,
    port: int | tuple[int, int] | None = None,
    interface: Text | None = None,
    label: Text | None = None,
) -> Endpoint:
    """One end of a connection, for `network`; a port, or the first and last of a range."""
    ports = (port, port) if isinstance(port, int) else port
    return Endpoint(ip, ports, optional_word(interface), optional_word(label))


def unix(
    permissions: Words = "",
    *,
    type: str | None = None,
    address: Text | None = None,
    peer_address: Text | None = None,
    peer_label: Text | None = None,
) -> UnixRule:
    """`unix (connect, send) type=stream addr=@x peer=(addr=@y label=z),`."""
    bits = _bits("unix", permissions, NETWORK_NAMES, EVERY_SOCKET)
    peer = (optional_word(peer_address), optional_word(peer_label))
    return UnixRule(bits, type, optional_word(address), *peer, PLAIN, NOWHERE)


# -- mounts -----------------------------------------------------------------------------------------------


def mount(
    source: Text | None = None,
    mountpoint: Text | None = None,
    *,
    fstype: Words = "",
    options: Words = "",
    optional: Words = "",
) -> MountRule:
    """`mount fstype=proc options=(ro, nosuid) proc -> /proc/,`; `optional` flags may be set or not."""
    paths = optional_word(source), optional_word(mountpoint)
    return MountRule(False, *_conditions(fstype, options, optional), *paths, PLAIN, NOWHERE)


def remount(mountpoint: Text | None = None, *, options: Words = "", optional: Words = "") -> MountRule:
    """`remount options=ro /mnt/,`."""
    return MountRule(True, *_conditions("", options, optional), None, optional_word(mountpoint), PLAIN, NOWHERE)


def umount(mountpoint: Text | None = None) -> UmountRule:
    """`umount /mnt/,`."""
    return UmountRule((), (), optional_word(mountpoint), PLAIN, NOWHERE)


def pivot_root(new_root: Text | None = None, *, old_root: Text | None = None) -> PivotRootRule:
    """`pivot_root oldroot=/new/old/ /new/,`."""
    return PivotRootRule(optional_word(old_root), optional_word(new_root), None, PLAIN, NOWHERE)


# -- words ------------------------------------------------------------------------------------------------


def _conditions(fstype: Words, options: Words, optional: Words) -> tuple[Any, Any]:
    lists = []
    for may, words in ((False, options), (True, optional)):
        names = tuple(dict.fromkeys(mount_flags.canonical(one) or one for one in _each(words)))
        lists += [Options(may, names)] if names else []
    return tuple(map(word, _each(fstype))), tuple(lists)


def _each(words: Words) -> tuple[str, ...]:
    return tuple(words.replace(",", " ").split() if isinstance(words, str) else words)


def _bits(kind: str, permissions: Words, names: Mapping[str, int], every: int) -> int:
    """Raises DiagnosticError (DA091) for a word that is no permission of the kind."""
    bits = 0
    for one in _each(permissions):
        if one not in names:
            help = (f"there are {', '.join(names)}",)
            raise DiagnosticError([Diagnostic("DA091", f"`{one[:40]}` is no permission of {kind} rules", help=help)])
        bits |= names[one]
    return bits or every
