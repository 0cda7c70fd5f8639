"""Lines with labels, as the kernel prints them."""

import pytest

from dockarmor.kernel.label_text import split_label


@pytest.mark.parametrize(
    "line, expected",
    [
        ("/usr/bin/man (enforce)\n", ("/usr/bin/man", "enforce")),
        ("a//&b (mixed)", ("a//&b", "mixed")),
        ("with (brackets) (kill)", ("with (brackets)", "kill")),
        (":ns:x y (unconfined)\n", (":ns:x y", "unconfined")),
        ("unconfined", ("unconfined", None)),
        ("unconfined\n", ("unconfined", None)),
        ("unconfined (complain)", ("unconfined", "complain")),
        ("no mode", None),
        (" (enforce)", None),
        ("(enforce)", None),
        ("system_u:system_r:kernel_t:s0", None),
        ("", None),
    ],
)
def test_the_last_bracket_is_the_mode(line: str, expected: tuple[str, str | None] | None) -> None:
    assert split_label(line) == expected
