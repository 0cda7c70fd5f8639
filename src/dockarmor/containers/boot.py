"""Why a kernel that has AppArmor runs without it: what its command line says, and what that should say.

Sources: security/security.c and security/apparmor/lsm.c; measured on Debian's 6.12 with other command lines.
"""

#: of these modules a kernel takes the first one only (LSM_FLAG_EXCLUSIVE), and says nothing of the others
EXCLUSIVE = ("apparmor", "selinux", "smack")
#: their place is fixed, nobody need name them
_FIXED = ("capability", "ima", "evm")


def why_off(command_line: str | None, active: tuple[str, ...] | None) -> tuple[str, str]:
    """The reason, empty where it is not to be seen, and what to do.

    >>> why_off("ro apparmor=0", ("capability", "yama"))
    ("the kernel's command line has `apparmor=0`", 'take it off, and boot again')
    >>> why_off("lsm=yama,selinux,apparmor,bpf", ("capability", "yama", "selinux", "bpf"))[1]
    'put `lsm=yama,apparmor,bpf` there instead, and boot again'
    """
    # The last word of a name counts, and `lsm` before `security`.
    given = dict(word.partition("=")[::2] for word in (command_line or "").split())
    has = "the kernel's command line has"
    if given.get("apparmor") == "0":
        return f"{has} `apparmor=0`", "take it off, and boot again"
    if "lsm" in given:
        named = given["lsm"].split(",")
        first = next((name for name in named if name in EXCLUSIVE), "")
        behind = (
            f", and a kernel takes one of {first} and AppArmor: the first" if "apparmor" in named and first else ""
        )
        return (
            f"{has} `lsm={given['lsm']}`{behind}",
            f"put `lsm={_with_apparmor(named)}` there instead, and boot again",
        )
    if given.get("security", "apparmor") != "apparmor":
        return f"{has} `security={given['security']}`", "put `security=apparmor` there instead, and boot again"
    if command_line is None or active is None:
        return "", "boot with `apparmor` among the modules of `lsm=`, and without `apparmor=0`"
    wanted = _with_apparmor(active)
    return "the kernel was built so", f"put `lsm={wanted}` on the kernel's command line, and boot again"


def _with_apparmor(names: tuple[str, ...] | list[str]) -> str:
    """The same modules, AppArmor where the first stands that excludes it, else at the end."""
    place = next((number for number, name in enumerate(names) if name in EXCLUSIVE), len(names))
    wanted = [*names[:place], "apparmor", *names[place:]]
    return ",".join(
        name
        for number, name in enumerate(wanted)
        if name and name not in _FIXED and (name not in EXCLUSIVE or number == place)
    )
