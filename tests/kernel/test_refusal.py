"""What a kernel's numbers mean, and who may do what."""

import errno

import pytest

from dockarmor.kernel.refusal import Standing, forbidden, meaning


@pytest.mark.parametrize(
    "action, number, words",
    [
        ("load", errno.ENOENT, "the child of one that is not loaded"),
        ("load", errno.EEXIST, "with `--add`: a profile of this name is loaded"),
        ("load", errno.EPROTO, "no policy that this kernel understands"),
        ("load", errno.EPROTONOSUPPORT, "does not know the version"),
        ("load", errno.EINVAL, "tables inconsistent"),
        ("load", errno.ENOSPC, "no room"),
        ("load", errno.ENOMEM, "no memory"),
        ("remove", errno.ENOENT, "`status` lists those that are"),
        ("query", errno.EFBIG, "a page"),
        ("read", errno.EROFS, "read-only"),
        ("read", errno.ENODEV, f"{errno.ENODEV}"),
    ],
)
def test_a_number_is_told_in_words(action: str, number: int, words: str) -> None:
    assert words in meaning(action, number)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "who, words, elsewhere",
    [
        (Standing(root=False), "only root", True),
        (Standing(root=True, capable=False), "CAP_MAC_ADMIN", True),
        (Standing(root=True, capable=True, initial=False), "container", True),
        (Standing(root=True, capable=True, locked=True), "locked", False),
        (Standing(root=True, capable=True, label="snap.x"), "confined by `snap.x`", True),
        (Standing(root=True, capable=True, label="unconfined"), "immutable", False),
    ],
)
def test_what_lacks_is_named(who: Standing, words: str, elsewhere: bool) -> None:
    said, possible = forbidden(who)
    assert words in said
    assert possible is elsewhere
