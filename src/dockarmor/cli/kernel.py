"""Which kernel a verb means: --kernel embedded, lab, lab:NAME."""

from argparse import ArgumentParser, Namespace

from dockarmor.cli.output import note
from dockarmor.cli.places import lab_folder, state_folder
from dockarmor.kernel.protocol import Kernel, KernelUnavailable
from dockarmor.policy.features import Feature, FeatureSet, builtin


def add_kernel(parser: ArgumentParser) -> None:
    """The option that every verb takes that talks to a kernel."""
    parser.add_argument(
        "--kernel",
        default="auto",
        metavar="auto|embedded|lab[:NAME]",
        help="embedded: a simulation in this process; lab: a real kernel in a micro-VM that `lab up` started"
        " (default: auto, which is embedded until dockarmor drives this host's own)",
    )


def kernel(options: Namespace) -> Kernel:
    """The kernel that the options name. Raises KernelUnavailable."""
    name: str = options.kernel
    if name in ("auto", "embedded"):
        if name == "auto":
            note("note: the embedded kernel answers; it is a simulation, nothing is confined by it")
        return embedded()
    place, _, version = name.partition(":")
    if place == "lab":
        from dockarmor.kernel.lab import attach

        return attach(version or running_lab(), lab_folder())
    raise KernelUnavailable(f"there is no kernel `{name[:40]}`; known are embedded, lab and lab:NAME")


def embedded() -> Kernel:
    """The embedded kernel over this user's state folder."""
    from dockarmor.kernel.embedded.era import LINUX_6_12
    from dockarmor.kernel.embedded.kernel import Embedded
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


def feature_set(kernel: Kernel) -> FeatureSet:
    """What a kernel can do, for compiling."""
    return FeatureSet.from_tree(kernel.name, kernel.features())


def tree(features: FeatureSet) -> dict[str, object]:
    """A feature set as the nested mappings that Kernel.features gives."""
    return {feature.name: _node(feature) for feature in features.features}


def _node(feature: Feature) -> object:
    if feature.children:
        return {child.name: _node(child) for child in feature.children}
    return " ".join(feature.words)
