"""The base folder that the package brings along, for hosts without /etc/apparmor.d."""


def builtin_base() -> str:
    """The folder of our own tunables and abstractions, where `<…>` includes are found.

    >>> import os
    >>> sorted(os.listdir(builtin_base()))
    ['abstractions', 'tunables']
    """
    import os

    from dockarmor import data

    return os.path.join(os.path.dirname(data.__file__), "policy")
