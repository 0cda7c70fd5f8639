"""Mount rules with the same conditions: a blob says of each what it says of all, as apparmor_parser writes it."""

from collections.abc import Callable

import pytest

from dockarmor.compile.compare import compare
from dockarmor.compile.compiled import CompiledPolicy, CompiledProfile
from dockarmor.compile.pipeline import Built
from dockarmor.compile.reader import read_blob

Build = Callable[..., Built]

MOUNT, UMOUNT = 0x2, 0x4

RULES = """
mount ; umount
mount ; umount ; pivot_root
mount ; remount ; umount
mount /a -> /b ; umount /b ; pivot_root oldroot=/a /b
mount -> /b/ ; umount //b//
mount -> /{a,b}/ ; umount @{v}
audit mount ; umount
audit mount ; audit umount
allow mount ; umount
allow mount ; allow umount ; pivot_root
allow mount ; mount ; umount
audit allow mount -> /b ; audit umount /b ; audit allow pivot_root /b
allow all ; umount ; allow mount
deny mount -> /x ; deny umount /x ; umount
audit deny mount ; deny umount
priority=3 mount ; umount
priority=3 mount ; priority=3 umount
mount fstype=(proc sysfs) -> /p/ ; umount fstype=(sysfs proc) /p/
mount fstype=(proc sysfs) -> /p/ ; umount fstype=proc /p/
mount options=(ro bind) -> /p/ ; umount options=(bind ro) /p/
mount options=(ro bind) -> /p/ ; umount options=ro /p/
mount options in (ro) options=bind -> /p/ ; umount options=bind options in (ro) /p/
mount options=ro options=nosuid -> /p/ ; umount options=nosuid options=ro /p/
remount /p/ ; umount /p/
remount options=ro /p/ ; umount options=(remount ro) /p/
mount -> ** ; umount
mount -> ** ; umount **
pivot_root /p/ -> t ; umount /p/
mount options=make-private -> /p/ ; umount /p/
mount /p/ ; umount /p/
all ; umount /x
all ; audit umount
all ; deny mount ; deny umount
""".strip().splitlines()


@pytest.mark.reference
@pytest.mark.parametrize("rules", RULES)
def test_what_is_joined_is_what_the_reference_parser_joins(
    rules: str, build: Build, reference: Callable[..., CompiledPolicy]
) -> None:
    text = "@{v}=/a/ /b/\nprofile p {\n  " + rules.replace(" ; ", ",\n  ") + ",\n}\n"
    differences = compare(read_blob(build(text, "kernel-6.17").blob), reference(text, "kernel-6.17"))
    assert not differences, "\n".join(map(str, differences))


def _allowed(build: Build, rules: str, string: bytes) -> int:
    profile: CompiledProfile = read_blob(build(f"profile p {{ {rules} }}\n").blob).profiles[0]
    assert profile.policy is not None
    return profile.policy.permissions(profile.policy.walk(profile.policy.first, string)).allow


def test_rules_that_are_not_joined_keep_to_themselves(build: Build) -> None:
    assert _allowed(build, "mount -> /b/, umount /b/,", b"\x07/b/") & (MOUNT | UMOUNT) == MOUNT | UMOUNT
    assert _allowed(build, "mount -> /b/, umount /c/,", b"\x07/c/") & (MOUNT | UMOUNT) == UMOUNT
    assert _allowed(build, "umount /b/,", b"\x07/b/") & (MOUNT | UMOUNT) == UMOUNT
