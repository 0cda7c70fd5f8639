"""parser.conf: what a host's distribution, or its administrator, wants of every run of the policy compiler.

One option a line, by apparmor_parser's long name. Debian and Ubuntu pin there what policy without an abi rule means.
"""

import os
from errno import EFBIG

#: where a host has it
CONFIG = "/etc/apparmor/parser.conf"
#: it is not larger
MAX_CONFIG = 1 << 20

#: options about feature sets -> what else they say
_ALSO = {"features-file": ("kernel-features", "policy-features"), "compile-features": ("policy-features",)}
_FEATURES = ("policy-features", "kernel-features", "override-policy-abi")


def entries(path: str) -> list[tuple[str, str]]:
    """The options that stand there, in order, with their values, of which some are empty.

    Nothing for what is no regular file. Raises OSError, EFBIG for one that is too large.
    """
    if os.path.exists(path) and not os.path.isfile(path):
        return []
    with open(path, "rb") as file:
        text = file.read(MAX_CONFIG + 1)
    if len(text) > MAX_CONFIG:
        raise OSError(EFBIG, os.strerror(EFBIG), path)
    lines = os.fsdecode(text).split("\n")  # and at nothing else that Python takes for the end of a line
    found = (_split(line.strip(" \t\r")) for line in lines)
    return [(name, value) for name, value in found if name and not name.startswith("#")]


def meant(option: str) -> tuple[str, ...]:
    """The feature sets that an option names, by the options that name one each.

    >>> meant("features-file"), meant("policy-features"), meant("jobs")
    (('kernel-features', 'policy-features'), ('policy-features',), ())
    """
    return _ALSO.get(option, (option,) if option in _FEATURES else ())


def feature_files(path: str) -> dict[str, str]:
    """Which files of feature sets parser.conf names, by option; the last one counts. Raises OSError."""
    return {which: value for name, value in entries(path) if value for which in meant(name)}


def _split(line: str) -> tuple[str, str]:
    """The option of a line and its value, with `=` or a blank between them.

    >>> _split("jobs=2"), _split("cache-loc  /x y"), _split("verbose")
    (('jobs', '2'), ('cache-loc', '/x y'), ('verbose', ''))
    """
    line = line.lstrip(" \t=")
    end = min((at for at in map(line.find, " \t=") if at >= 0), default=len(line))
    return line[:end], line[end + 1 :].lstrip(" \t")
