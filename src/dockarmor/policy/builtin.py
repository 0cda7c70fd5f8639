"""What is meant where nothing is named: the base folder that the package brings along, and a kernel."""

#: the features that policy is compiled for
KERNEL = "kernel-6.12"


def builtin_base() -> str:
    """The folder of our own tunables and abstractions, where `<…>` includes are found.

    >>> import os
    >>> sorted(os.listdir(builtin_base()))
    ['abstractions', 'tunables']
    """
    import os

    from dockarmor import data

    return os.path.join(os.path.dirname(data.__file__), "policy")
