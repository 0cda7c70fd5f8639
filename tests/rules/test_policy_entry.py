"""Entries of the policy table."""

from hypothesis import given
from hypothesis import strategies as st

from dockarmor.access.permission import NETWORK_NAMES
from dockarmor.compile.permission_map import policy_entry
from dockarmor.rules.policy_entry import accept_word

BITS = st.lists(st.sampled_from(list(NETWORK_NAMES.values()))).map(lambda found: sum(set(found)))


@given(BITS)
def test_what_lies_in_an_accept_word_is_what_the_kernel_reads(bits: int) -> None:
    assert policy_entry(accept_word(bits), table=False).allow & ~0x8000 == bits
