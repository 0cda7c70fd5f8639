"""A resolved profile and a feature set to tables and a blob, and blob bytes back to what they say."""

#: how every blob begins: the tag `version` and the type of its value
BLOB_MAGIC = b"\x04\x08\x00version\x00\x02"
