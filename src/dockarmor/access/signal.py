"""AppArmor's own signal numbers, which do not depend on the architecture.

Source: security/apparmor/include/sig_names.h. Real-time signal n (from 0) is 128 + n, written `rtmin+n`.
"""

SIGNALS = {
    name: number
    for number, name in enumerate(
        (
            *("hup", "int", "quit", "ill", "trap", "abrt", "bus", "fpe", "kill", "usr1", "segv", "usr2"),
            *("pipe", "alrm", "term", "stkflt", "chld", "cont", "stop", "stp", "ttin", "ttou", "urg"),
            *("xcpu", "xfsz", "vtalrm", "prof", "winch", "io", "pwr", "sys", "emt", "lost"),
        ),
        1,
    )
} | {"exists": 35}

REALTIME = 128
MAX_REALTIME = 32


def signal_number(name: str) -> int | None:
    """The number of a signal's name, None for a word that is no signal.

    >>> signal_number("kill"), signal_number("rtmin+1"), signal_number("sigkill")
    (9, 129, None)
    """
    if name.startswith("rtmin+"):
        digits = name[6:]
        if digits.isascii() and digits.isdigit() and len(digits) <= 2 and int(digits) <= MAX_REALTIME:
            return REALTIME + int(digits)
        return None
    return SIGNALS.get(name)
