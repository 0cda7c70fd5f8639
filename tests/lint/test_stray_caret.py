"""DA356: a `^` outside of brackets."""

from collections.abc import Callable

import pytest

from dockarmor.text.diagnostic import Diagnostic

Find = Callable[..., list[Diagnostic]]


@pytest.mark.parametrize(
    "rule, column",
    [
        ("/tmp/^foo r,", 18),
        ("/a/{^a,b} r,", 17),
        ("deny @{P}/**^[0-9]x w,", 25),
        ('"/a b/^c" r,', 19),
        ("link /a^ -> /b,", 20),
        ("link /a -> /b^,", 26),
        ("mount /a^ -> /b,", 21),
        ("/[^a]^ r,", 18),
        ("/bin/^a px,", 18),
    ],
)
def test_it_is_found_where_it_stands(find: Find, rule: str, column: int) -> None:
    (one,) = find("DA356", f"@{{P}} = /p\nprofile p {{ {rule} }}\n")
    assert one.span is not None
    assert one.span.text == "^"
    assert one.span.position == (2, column)


@pytest.mark.parametrize(
    "rule",
    ["/a/[^b]* r,", "/a/\\^b r,", "/a/[b^] r,", "/a/[^^] r,", "/a/[\\]^] r,", "unix addr=@^,", "signal peer=a^,"],
)
def test_where_it_means_something_it_is_not(find: Find, rule: str) -> None:
    assert find("DA356", f"profile p {{ {rule} }}\n") == []


def test_before_a_class_it_can_be_moved_inside(find: Find, fixed: Callable[..., str]) -> None:
    found = find("DA356", "profile p { deny /proc/^[0-9]*/** w, }\n")
    assert fixed(found) == "profile p { deny /proc/[^0-9]*/** w, }\n"
    assert [one.fix.safe for one in found if one.fix] == [False]


def test_includes_are_not_the_authors(find: Find, tmp_path: object) -> None:
    (tmp_path / "x").write_text("/a^ r,\n")  # type: ignore[operator]
    assert find("DA356", "profile p { include <x> }\n", base=str(tmp_path)) == []
