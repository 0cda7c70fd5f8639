"""Rules on paths that are symbolic links today."""

from collections.abc import Callable
from pathlib import Path

import pytest

from dockarmor.text.diagnostic import Diagnostic

Find = Callable[..., list[Diagnostic]]
Fixed = Callable[[list[Diagnostic]], str]


@pytest.mark.parametrize(
    ("rule", "mended"),
    [
        ("/bin/sh ix,", "/{,usr/}bin/sh ix,"),
        ("deny /sbin/** x,", "deny /{,usr/}sbin/** x,"),
        ("/lib64/ld-*.so m,", "/{,usr/}lib64/ld-*.so m,"),
        ('"/var/run/a b" rw,', '"/run/a b" rw,'),
        ("/var/lock/x w,", "/run/lock/x w,"),
        ("/etc/mtab r,", "/proc/[0-9]*/mounts r,"),
        ("change_profile /bin/a -> b,", "change_profile /{,usr/}bin/a -> b,"),
        ("link /lib/a -> /b,", "link /{,usr/}lib/a -> /b,"),
    ],
)
def test_a_literal_path_through_a_link_is_found_and_mended(rule: str, mended: str, find: Find, fixed: Fixed) -> None:
    found = find("DA362", f"profile p {{ {rule} }}\n")
    assert fixed(found) == f"profile p {{ {mended} }}\n"
    assert not find("DA362", fixed(found))
    assert not any(one.fix.safe for one in found if one.fix)


@pytest.mark.parametrize(
    "rules",
    [
        "/usr/bin/sh ix,",
        "/{,usr/}bin/sh ix,",
        "/{usr/,}{,s}bin/* r,",
        "/binary/x r,",
        "/etc/mtab rw,",
        "/bin/sh ix, /usr/bin/sh ix,",
        "owner /run/x w,",
    ],
)
def test_what_matches_today_is_not(rules: str, find: Find) -> None:
    assert not find("DA362", f"profile p {{ {rules} }}\n")


def test_variables_and_aliases_are_their_author_s_answer(find: Find) -> None:
    assert not find("DA362", "@{bin}=/{,usr/}bin\nprofile p { @{bin}/sh ix, }\n")
    assert not find("DA362", "alias /bin/ -> /usr/bin/,\nprofile p { /bin/sh ix, }\n")


def test_a_deny_rule_is_said_to_deny_nothing(find: Find) -> None:
    (found,) = find("DA362", "profile p { deny /bin/sh x, }\n")
    assert "denies nothing" in found.message


def test_standard_streams_have_no_path_of_their_own(find: Find) -> None:
    (found,) = find("DA362", "profile p { /dev/stdout w, }\n")
    assert found.fix is None


def test_an_attachment_through_a_link_is_found(find: Find, fixed: Fixed) -> None:
    found = find("DA362", "profile ping /bin/ping { }\n")
    assert fixed(found) == "profile ping /{,usr/}bin/ping { }\n"
    (named,) = find("DA362", "/bin/ping { }\n")
    assert named.fix is None
    assert "profile ping /{,usr/}bin/ping" in named.help[0]


def test_rules_of_included_files_are_theirs(find: Find, tmp_path: Path) -> None:
    (tmp_path / "a").write_text("/bin/sh ix,\n")
    assert not find("DA362", "profile p { include <a> }\n", base=str(tmp_path))
