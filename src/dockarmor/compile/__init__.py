"""A resolved profile and a feature set to tables and a blob, and blob bytes back to what they say."""

#: how every blob begins: the tag `version` and the type of its value
BLOB_MAGIC = b"\x04\x08\x00version\x00\x02"

#: bytes of a blob as a kernel is given it: far more than any profile set has
MAX_BLOB = 128 << 20

#: so many of a blob's first bytes tell whether it is compressed, see compile/compression.py
COMPRESSED_HEAD = 12
ZSTD_FRAME = b"\x28\xb5\x2f\xfd"
#: what stands before the frame in a file; the second byte is the level
ZSTD_VERSION = 1

#: of the version word: bits 12-19 parser abi 2, bits 20-27 policy version 2, from kernel abi 6 on
_PARSER = 0x00202000


def is_compressed(head: bytes) -> bool:
    """Do these first bytes begin a compressed blob, as a kernel takes it or as a file holds it?

    >>> is_compressed(ZSTD_FRAME), is_compressed(bytes((1, 10)) + bytes(6) + ZSTD_FRAME), is_compressed(BLOB_MAGIC)
    (True, True, False)
    """
    if head.startswith(ZSTD_FRAME):
        return True
    return head[:1] == bytes((ZSTD_VERSION,)) and head[2:COMPRESSED_HEAD] == bytes(6) + ZSTD_FRAME


def version_word(abi: int) -> int:
    """The version word of a record for a kernel's blob version.

    >>> hex(version_word(5)), hex(version_word(7))
    ('0x5', '0x202007')
    """
    return abi | (_PARSER if abi > 5 else 0)
