"""The lossless tree: cursor, profile structure, printer. Which rule kinds exist is handed to it."""

#: bytes of a file of policy text
MAX_BYTES = 16 << 20
