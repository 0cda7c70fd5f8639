"""A resolved profile and a feature set to tables and a blob, and blob bytes back to what they say."""

#: how every blob begins: the tag `version` and the type of its value
BLOB_MAGIC = b"\x04\x08\x00version\x00\x02"

#: of the version word: bits 12-19 parser abi 2, bits 20-27 policy version 2, from kernel abi 6 on
_PARSER = 0x00202000


def version_word(abi: int) -> int:
    """The version word of a record for a kernel's blob version.

    >>> hex(version_word(5)), hex(version_word(7))
    ('0x5', '0x202007')
    """
    return abi | (_PARSER if abi > 5 else 0)
