"""How specific an attachment is: apparmor_parser's number, since it decides which of two profiles a program gets."""

from collections.abc import Callable

import pytest

from dockarmor.compile.compiled import CompiledPolicy
from dockarmor.compile.pipeline import Built
from dockarmor.compile.reader import read_blob
from dockarmor.compile.specificity import specificity

#: what a profile attaches to, several with a blank between them, and the bytes that are sure
ATTACHMENTS = {
    "/bin/{sh,dash}x": 8,
    "/bin/?x": 6,
    "/*/sh": 2,
    # what alternatives begin with changes nothing
    "/opt/a /opt/**/b": 6,
    # what they end with is counted once, behind what they do not share: the shorter of those counts
    "/a/x /bb/*/x": 2,
    "/a/x /bb/*/y": 4,
    "/{usr/,}bin/foo /opt/*/lib/foo": 4,
    "{/a,/bb/*}/x": 2,
    "/{a/x,bb/*/x}": 2,
    "/{a,{b,c/*/}x}": 2,
    "/{,*/}x": 1,
    "/{ab,c*}{d,ed}": 2,
    "/{a{b,cb},d*b}": 2,
    "/é/x /éé/*/x": 2,
}


@pytest.mark.reference
def test_the_number_is_the_reference_parsers(
    build: Callable[..., Built], reference: Callable[..., CompiledPolicy]
) -> None:
    for attachment, number in ATTACHMENTS.items():
        text = f"@{{v}}={attachment}\nprofile p @{{v}} {{ }}\n"
        ours = read_blob(build(text, "kernel-6.17").blob).profiles[0]
        theirs = reference(text, "kernel-6.17").profiles[0]
        assert (attachment, theirs.attachment_length) == (attachment, number)
        assert (attachment, ours.attachment_length) == (attachment, number)


def test_alternatives_that_are_alternatives_only_are_taken_apart() -> None:
    assert specificity([b"/(a|(b|cc[^/])x)x"]) == specificity([b"/((a|(b|cc[^/])x))x"]) == 2


def test_many_alternatives_with_one_end_take_no_time() -> None:
    """Each of them begins where another one ends: as deep as patterns can be nested by their ends."""
    assert specificity([b"/" + b"a" * length + b"[^/]" for length in range(2000)]) == 2
    assert specificity([b"b" * length + b"/x" for length in range(1, 500)] + [b"[^/]/x"]) == 1
