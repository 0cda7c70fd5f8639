"""Labels as they are asked for: profiles joined by `//&`, each perhaps in a namespace of its own.

Source: security/apparmor/label.c (aa_label_strn_parse, profile_cmp).
"""

from errno import EINVAL

from dockarmor.kernel.embedded.records import split_namespace
from dockarmor.kernel.protocol import KernelError

#: profiles in one label; a stack deeper than this is not one that anybody runs
MAX_STACK = 64


def components(label: str) -> list[str]:
    """The names in a label, each once, in the kernel's order. A namespace holds for the names after it.

    >>> components("b//&a//&b")
    ['a', 'b']
    >>> components(":n:b//&a")
    [':n:a', ':n:b']
    """
    parts = label.strip(" ").removeprefix("&").split("//&")
    if not all(parts) or len(parts) > MAX_STACK:
        raise KernelError(f"`{label[:200]}` is no label", EINVAL)
    namespace = ""
    names: set[tuple[int, str, str]] = set()
    for part in parts:
        own, name = split_namespace(part)
        namespace = own or namespace
        if not name:
            raise KernelError(f"`{label[:200]}` names no profile", EINVAL)
        names.add((namespace.count("//") + 1 if namespace else 0, namespace, name))
    return [f":{namespace}:{name}" if namespace else name for _, namespace, name in sorted(names)]


def in_one_namespace(names: list[str]) -> list[str]:
    """Of these, in their order, the ones that a query looks at: those in the first one's namespace."""
    first, _ = split_namespace(names[0])
    return [name for name in names if split_namespace(name)[0] == first]
