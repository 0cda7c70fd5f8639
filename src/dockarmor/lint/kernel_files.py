"""DA373: a container that may write a file by which the kernel runs programs, restarts, or takes new policy.

What a profile's deny rules leave is asked of its compiled table: patterns that try to say "all but" often miss.
"""

from collections.abc import Iterator

from dockarmor.access.permission import Perm
from dockarmor.lint.container import everything, head
from dockarmor.lint.insertion import first_rule, insertion
from dockarmor.lint.lint import Examined, Lint
from dockarmor.policy.profile import Profile
from dockarmor.text.diagnostic import Diagnostic, Severity

_REACH = {
    "/proc/sys/kernel/core_pattern": "the kernel starts what stands in it, on the host, when a program crashes",
    "/proc/sys/kernel/modprobe": "the kernel starts what stands in it, on the host",
    "/proc/sys/fs/binfmt_misc/register": "whoever writes it says what the host starts programs with",
    "/proc/sysrq-trigger": "it restarts or crashes the machine",
    "/sys/kernel/uevent_helper": "the kernel starts what stands in it, on the host",
    "/sys/kernel/security/apparmor/.replace": "it takes new AppArmor policy",
}


def _find(examined: Examined) -> Iterator[Diagnostic]:
    for profile in examined.own_profiles():
        written = _written(profile, examined)
        if written:
            first, *more = written
            rule = everything(profile, examined)
            denies = [f"deny {path} w," for path in written]
            yield Diagnostic(
                "DA373",
                f"the container may write `{first}`" + (f" and {len(more)} more of its kind" if more else ""),
                rule.span if rule else head(profile),
                Severity.WARNING,
                label="nothing denies it",
                help=(f"add `deny {first} w,`" + (" and the like" if more else ""),),
                notes=(
                    *(f"{path}: {_REACH[path]}" for path in written),
                    "the engine mounts most of these read-only, but not for privileged containers nor with "
                    "`systempaths=unconfined`",
                ),
                fix=insertion(rule.span, *denies) if rule else first_rule(examined, profile, *denies),
            )


def _written(profile: Profile, examined: Examined) -> list[str]:
    """Which of these files may be written; none where the profile cannot be compiled."""
    from dockarmor.lint.compiled import compiled

    record = compiled(examined, profile).record
    table = record.profile.file if record else None
    if table is None:
        return []
    allowed = []
    for path in _REACH:
        state = table.walk(table.start(), path.encode())
        if table.permissions(state).allow & Perm.WRITE:
            allowed.append(path)
    return allowed


LINT = Lint("DA373", "container-writes-kernel-files", _find, container=True)
