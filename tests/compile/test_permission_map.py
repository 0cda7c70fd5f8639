"""Accept words are mapped to permissions as the kernel maps them (policy_compat.c)."""

import pytest

from dockarmor.compile.permission_map import (
    audit_of,
    exec_index,
    file_entry,
    file_letters,
    policy_entry,
    quiet_of,
    second_word,
)


@pytest.mark.parametrize(
    ("letters", "bits"),
    [
        (0x4, 0x244),  # r: read, getattr, open
        (0xA, 0x317A),  # w: write, append, create, delete, open, setattr, chmod, chown
        (0x8, 0x8),  # a: append alone
        (0x10, 0x40000),  # l
        (0x20, 0x8000),  # k
        (0x40, 0x10000),  # m
        (0xE, 0x337E),  # rw
    ],
)
def test_letters_of_files(letters: int, bits: int) -> None:
    assert file_letters(letters) == bits


@pytest.mark.parametrize(
    ("group", "word"),
    [
        (0x201, 0x40000000),  # ix
        (0x501, 0x90000000),  # ux
        (0x401, 0x80000000),  # Ux
        (0x901, 0x14000000),  # px
        (0x801, 0x04000000),  # Px
        (0xD01, 0x34000000),  # cx
        (0xC01, 0x24000000),  # Cx
        (0xA01, 0x44000000),  # Pix
        (0x881, 0x84000000),  # PUx
        (0x1001, 0x08000000),  # first named target
        (0x3D01, 0x1800000B),  # last named target, unsafe
    ],
)
def test_exec_words(group: int, word: int) -> None:
    assert exec_index(group) == word


def test_getattr_is_always_granted_on_files() -> None:
    assert file_entry(0).allow == 0x200


def test_owner_and_others_read_their_own_halves() -> None:
    word = 0x4 | 0xA << 14
    assert file_entry(word).allow == 0x244
    assert file_entry(word, owner=False).allow == 0x337A
    quiet = 0xA | 0xA << 14
    assert file_entry(0, quiet=quiet, owner=False).quiet == 0x317A


def test_change_profile_and_onexec_are_for_both_halves() -> None:
    for owner in (True, False):
        assert file_entry(0xC0000000, owner=owner).allow == 0x60000200


def test_a_prompt_does_not_ask_for_what_is_allowed() -> None:
    assert file_entry(0x4, prompt=0x6).prompt == file_letters(0x6) & ~0x244


def test_the_policy_table_extends_its_bits_by_the_other_half() -> None:
    everything = 0x1FC076  # all network permissions
    entry = policy_entry(everything, everything, table=False)
    assert entry.audit == 0x3700376
    assert entry.allow == 0x3700376 | 0x8000
    assert policy_entry(0x4, table=True).allow == 0x8004


def test_more_of_the_string_only_has_a_place_in_the_permission_table() -> None:
    assert policy_entry(0x10000000, table=True).allow == 0x8008000
    assert policy_entry(0x10000000, table=False).allow == 0x8000


def test_version_9_reads_the_exec_bits_instead_of_forcing_lock() -> None:
    assert policy_entry(0x3F80, table=False, abi=9).allow == 0xFC80
    assert policy_entry(0x3F80, table=False, abi=8).allow == 0x8000


def test_the_second_word_holds_audit_and_quiet() -> None:
    quiet = 0xA | 0xA << 14
    assert second_word(0, quiet) == 0x01400500  # `deny /b w`
    assert quiet_of(second_word(0x4, quiet)) == quiet
    assert audit_of(second_word(0x4, quiet)) == 0x4
