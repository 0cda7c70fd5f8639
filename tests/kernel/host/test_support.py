"""Whether AppArmor is here, on, and reachable."""

import errno
from typing import Any

from dockarmor.kernel.host.support import Support, missing, securityfs, support


def looked_at(faked_host: Any) -> Support:
    return support(str(faked_host.proc), str(faked_host.sys))


def test_a_host_with_apparmor_on(faked_host: Any) -> None:
    assert looked_at(faked_host) == Support(True, True, None, 0, str(faked_host.securityfs))


def test_switched_off_at_boot(faked_host: Any) -> None:
    (faked_host.parameters / "enabled").write_text("N\n")
    assert looked_at(faked_host).enabled is False


def test_a_parameter_that_is_not_there_is_not_known(faked_host: Any) -> None:
    (faked_host.parameters / "enabled").unlink()
    found = looked_at(faked_host)
    assert (found.module, found.enabled, found.trouble) == (True, None, errno.ENOENT)


def test_the_mount_is_found_by_its_kind_and_its_folder(faked_host: Any, tmp_path: Any) -> None:
    place = (
        tmp_path / "with blank, \N{LATIN CAPITAL LETTER A WITH RING ABOVE}"
    )  # the second byte is a line's end in latin-1
    (place / "apparmor").mkdir(parents=True)
    other = tmp_path / "empty"
    other.mkdir()
    lines = [f"tmpfs {place} tmpfs rw 0 0", f"x {other} securityfs rw 0 0", "short"]
    mounts = faked_host.proc / "mounts"
    mounts.write_text("\n".join(lines) + "\n")
    assert securityfs(str(faked_host.proc)) is None
    mounts.write_text("\n".join([*lines, f"x {str(place).replace(' ', chr(92) + '040')} securityfs rw 0 0"]) + "\n")
    assert securityfs(str(faked_host.proc)) == str(place)


def test_without_a_mount_table_nothing_is_mounted(tmp_path: Any) -> None:
    assert securityfs(str(tmp_path)) is None


def test_what_is_missing_is_told_with_what_to_do(faked_host: Any) -> None:
    faked_host.mount("")
    assert "mount -t securityfs" in missing(looked_at(faked_host))
    (faked_host.parameters / "enabled").write_text("N\n")
    assert "`dockarmor doctor` says by what" in missing(looked_at(faked_host))
    (faked_host.parameters / "available").write_text("Y\n")
    assert "mount -t securityfs" in missing(looked_at(faked_host))
    assert "runs without AppArmor" in missing(support(str(faked_host.proc), str(faked_host.root)))
