"""Labels as they are asked for: profiles joined by `//&`, each perhaps in a namespace of its own.

Source: security/apparmor/label.c (aa_label_strn_parse, profile_cmp); what odd text means is as kernels 6.1 to
7.2 answered.
"""

from errno import EINVAL, ENOENT

from dockarmor.kernel.embedded.records import split_namespace
from dockarmor.kernel.label_text import full_name
from dockarmor.kernel.protocol import KernelError

#: profiles in one label; a stack deeper than this is not one that anybody runs
MAX_STACK = 64

UNCONFINED = "unconfined"


def components(label: str) -> list[str]:
    """The names in a label, each once, in the kernel's order. A namespace holds for the names after it; one
    without a name is its unconfined.

    >>> components("b//&a//&b")
    ['a', 'b']
    >>> components(":n:b//&a")
    [':n:a', ':n:b']
    """
    parts = label.strip(" ").removeprefix("&").removesuffix("//&").split("//&")
    if parts == [""] or len(parts) > MAX_STACK:
        raise KernelError(f"`{label[:200]}` is no label", EINVAL)
    namespace = ""
    names: set[tuple[int, str, str]] = set()
    for part in parts:
        own, name = split_namespace(part)
        namespace = own or namespace
        if not part:
            raise KernelError(f"`{label[:200]}` names a profile without a name", ENOENT)
        names.add((namespace.count("//") + 1 if namespace else 0, namespace, name or UNCONFINED))
    return [full_name(namespace, name) for _, namespace, name in sorted(names)]


def in_one_namespace(names: list[str]) -> list[str]:
    """Of these, in their order, the ones that a query looks at: those in the last one's namespace."""
    last, _ = split_namespace(names[-1])
    return [name for name in names if split_namespace(name)[0] == last]
