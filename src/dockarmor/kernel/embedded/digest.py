"""The kernel's own digest of a loaded profile: by it, what is loaded is compared with what was built."""

import hashlib
from struct import pack

from dockarmor.compile.stream import STRUCT, Stream


def profile_hashes(blob: bytes, algorithm: str = "sha256") -> tuple[str, ...]:
    """The hash of each profile record, in order, as `policy/profiles/*/sha256` (`sha1` on 6.1) shows it.

    The kernel hashes the version word and the profile's bytes, without the header (crypto.c,
    aa_calc_profile_hash). `blob` must be one that `read_blob` reads.
    """
    stream = Stream(blob)
    version = 0
    hashes: list[str] = []
    while not stream.at_end():
        found = stream.u32("version")
        version = version if found is None else found
        stream.string("namespace")
        start = stream.pos
        stream.enter(STRUCT, "profile")
        stream.skip_struct()
        hashes.append(hashlib.new(algorithm, pack("<I", version) + blob[start : stream.pos]).hexdigest())
    return tuple(hashes)
