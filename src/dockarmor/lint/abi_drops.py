"""DA364: rules that the file's own ABI makes without effect, though the kernel could enforce them."""

from collections.abc import Iterator

from dockarmor.lint.lint import Examined, Lint
from dockarmor.policy.includes import Library
from dockarmor.rules import userns
from dockarmor.rules.dbus import DbusRule
from dockarmor.rules.io_uring import IoUringRule
from dockarmor.rules.mount import MountRule
from dockarmor.rules.network import NetworkRule
from dockarmor.rules.ptrace import PtraceRule
from dockarmor.rules.signal import SignalRule
from dockarmor.rules.unix import UnixRule
from dockarmor.rules.userns import UsernsRule
from dockarmor.syntax.tree import Abi
from dockarmor.text.diagnostic import Diagnostic, DiagnosticError, Fix, Severity
from dockarmor.value import frozen


@frozen
class _Class:
    """The rules of a class have effect where the features have one of these."""

    name: str
    rule: type
    features: tuple[str, ...]


_CLASSES = (
    _Class("unix", UnixRule, ("network_v9/af_unix", "network/af_unix")),
    _Class("network", NetworkRule, ("network_v9", "network_v8")),
    _Class("signal", SignalRule, ("signal",)),
    _Class("ptrace", PtraceRule, ("ptrace",)),
    _Class("mount", MountRule, ("mount",)),
    _Class("dbus", DbusRule, ("dbus",)),
    _Class("userns", UsernsRule, (userns.FEATURE,)),
    _Class("io_uring", IoUringRule, ("io_uring",)),
)
#: what to look for where the ABI is too old, from old to new
_NEWER = ("abi/3.0", "abi/4.0", "abi/5.0")


def _find(examined: Examined) -> Iterator[Diagnostic]:
    abi = next((node for node in examined.file.body if isinstance(node, Abi)), None)
    if abi is None or examined.policy.abi is None:
        return
    lost = [one for one in _CLASSES if _lost(one, examined)]
    if not lost:
        return
    names = ", ".join(one.name for one in lost)
    newer = _newer(lost, examined.library, abi)
    notes = []
    if any(one.name == "unix" for one in lost):
        notes.append("unix rules then hold for every address and peer, and those that deny do nothing")
    yield Diagnostic(
        "DA364",
        f"this ABI leaves {names} rules of the file without effect; the kernel could enforce them",
        abi.span,
        Severity.WARNING,
        label="its features are the only ones that count",
        help=(
            f"write `abi <{newer}>,`" if newer else "write an ABI that has them; `abi <kernel>,` takes what is there",
        ),
        notes=tuple(notes),
        fix=Fix(abi.span, f"abi <{newer or 'kernel'}>,", safe=False, message=f"write `abi <{newer or 'kernel'}>,`"),
    )


def _lost(one: _Class, examined: Examined) -> bool:
    features = examined.features
    if any(features.has(name) for name in one.features) or not any(map(features.kernel_has, one.features)):
        return False
    return bool(examined.own_rules(one.rule))


def _newer(lost: list[_Class], library: Library, abi: Abi) -> str | None:
    """The oldest ABI file at hand that has all of these."""
    for name in _NEWER:
        path = library.locate(name, True)
        if path is None:
            continue
        try:
            known = library.abi(path, abi.span)
        except DiagnosticError:
            continue
        if all(any(map(known.has, one.features)) for one in lost):
            return name
    return None


LINT = Lint("DA364", "abi-drops-rules", _find)
