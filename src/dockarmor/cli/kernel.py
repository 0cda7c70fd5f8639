"""Which kernel a verb means: --kernel host, embedded, lab, lab:NAME."""

import os
from argparse import ArgumentParser, ArgumentTypeError, Namespace

from dockarmor.cli.output import note
from dockarmor.cli.places import lab_folder, state_folder
from dockarmor.kernel.protocol import Kernel, KernelUnavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dockarmor.kernel.host.kernel import Host
    from dockarmor.policy.features import Feature, FeatureSet


def add_kernel(parser: ArgumentParser) -> None:
    """The option that every verb takes that talks to a kernel."""
    parser.add_argument(
        "--kernel",
        type=_known,
        default="auto",
        metavar="auto|host|embedded|lab[:NAME]",
        help="host: this machine's own; embedded: a simulation in this process; lab: a real kernel in a micro-VM that"
        " `lab up` started (default: auto, which is host where there is AppArmor, else embedded)",
    )


def _known(name: str) -> str:
    if name in ("auto", "host", "embedded") or name.partition(":")[0] == "lab":
        return name
    raise ArgumentTypeError(f"there is no kernel `{name[:40]}`; known are auto, host, embedded, lab and lab:NAME")


def kernel(options: Namespace) -> Kernel:
    """The kernel that the options name. Raises KernelUnavailable."""
    name: str = options.kernel
    if name == "host":
        return host()
    if name == "auto":
        found = host_if_here()
        if found is not None:
            return found
        note("note: this host has no AppArmor; the embedded kernel answers, a simulation: nothing is confined by it")
    if name in ("auto", "embedded"):
        return embedded()
    from dockarmor.kernel.lab import attach

    return attach(name.partition(":")[2] or running_lab(), lab_folder())


def host() -> "Host":
    """This machine's own kernel. Raises KernelUnavailable: what lacks, and what to do."""
    found = host_if_here()
    if found is None:
        from dockarmor.kernel.host.support import missing, support

        raise KernelUnavailable(missing(support()))
    return found


def host_if_here() -> "Host | None":
    """The same, None where AppArmor's policy cannot be reached."""
    from dockarmor.kernel.host.kernel import Host
    from dockarmor.kernel.host.support import SECURITYFS, securityfs

    mount = SECURITYFS if os.path.isdir(f"{SECURITYFS}/apparmor") else securityfs()
    return None if mount is None else Host(mount)


def embedded() -> Kernel:
    """The embedded kernel over this user's state folder."""
    from dockarmor.kernel.embedded.era import LINUX_6_12
    from dockarmor.kernel.embedded.kernel import Embedded
    from dockarmor.policy.features import builtin
    from dockarmor.rules.registry import ALL

    return Embedded(state_folder(), tree(builtin("kernel-6.12")), ALL, era=LINUX_6_12)


def running_lab() -> str:
    """The lab machine that runs, if it is one."""
    from dockarmor.kernel.lab import running

    names = [str(name) for name in running(lab_folder())]
    if len(names) == 1:
        return names[0]
    if not names:
        raise KernelUnavailable("no lab kernel is running; start one with `dockarmor lab up 6.12`")
    raise KernelUnavailable(
        f"several lab kernels run; name one of them: {', '.join('lab:' + name for name in names)}"
    )


def feature_set(kernel: Kernel) -> "FeatureSet":
    """What a kernel can do, for compiling."""
    from dockarmor.policy.features import FeatureSet

    return FeatureSet.from_tree(kernel.name, kernel.features())


def tree(features: "FeatureSet") -> dict[str, object]:
    """A feature set as the nested mappings that Kernel.features gives."""
    return {feature.name: _node(feature) for feature in features.features}


def _node(feature: "Feature") -> object:
    if feature.children:
        return {child.name: _node(child) for child in feature.children}
    return " ".join(feature.words)
