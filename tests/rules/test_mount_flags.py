"""Mount options: words, bits, and what the kernel looks at."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dockarmor.access.mountflag import MOUNT_FLAGS
from dockarmor.rules import mount_flags as flags


def test_every_word_has_a_canonical_name() -> None:
    for word in flags.WORDS:
        name = flags.canonical(word)
        assert name is not None
        assert flags.canonical(name) == name


def test_a_rule_without_options_allows_every_bit_but_nouser() -> None:
    bits = {bit for bit in range(32) if flags.EVERY >> bit & 1}
    assert bits == {*range(9), *range(10, 22), 23, 24, 25}


@pytest.mark.parametrize(
    ("given", "operation", "matched"),
    [
        ("ro", "new", "ro"),
        ("remount ro bind", "remount", "remount ro bind"),
        ("bind ro nosuid", "bind", "bind"),
        ("rbind", "bind", "rbind"),
        ("make-shared silent ro", "make", "make-shared silent"),
        ("move ro", "move", "move"),
    ],
)
def test_the_kernel_tells_operations_apart(given: str, operation: str, matched: str) -> None:
    assert flags.operation(flags.bits_of(given.split())) == (operation, flags.bits_of(matched.split()))


def test_the_old_magic_number_is_no_flag() -> None:
    assert flags.operation(0xC0ED0001) == ("new", 1)


@given(st.integers(0, 0xFFFFFFFF), st.integers(0, 0xFFFFFFFF))
def test_a_pattern_matches_what_it_requires_and_what_it_allows(required: int, optional: int) -> None:
    import re

    pattern = re.compile(flags.flag_pattern(required, optional), re.DOTALL)
    for may in (0, optional):
        assert pattern.fullmatch(flags.flag_bytes(required & ~optional | may))
    more = ~(required | optional) & 0xFFFFFFFF
    assert not more or not pattern.fullmatch(flags.flag_bytes(required | optional | more))


def test_audit_text_reads_back() -> None:
    for name, bit in MOUNT_FLAGS.items():
        if name == "lazytime":
            continue  # the kernel does not print it
        words = flags.audit_text(bit).split(", ")
        assert flags.bits_of(words) == bit
