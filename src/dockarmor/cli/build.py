"""Compile policy text into the binary form that the kernel loads.

  dockarmor build my-profile -o my-profile.bin
  dockarmor build docker-default --features kernel-6.17 -o - | sha256sum

Several files become one blob, which a kernel loads as a whole or not at all.
"""

import os
import sys
from argparse import ArgumentParser, Namespace

from dockarmor.cli.main import EXIT_OK
from dockarmor.cli.output import Results, add_output, count_warnings, note
from dockarmor.cli.policy import add_features, add_reading, features, subject


def configure(parser: ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", metavar="FILE")
    parser.add_argument("-o", dest="out", required=True, metavar="OUT", help="the blob's file, or `-`")
    add_reading(parser)
    add_features(parser)
    add_output(parser)


def run(options: Namespace) -> int:
    kernel = features(options)
    built = [subject(options, name, kernel) for name in options.files]
    for one in built:
        count_warnings(one.diagnostics)
    blob = b"".join(one.blob for one in built)
    if options.out == "-":
        sys.stdout.buffer.write(blob)
        return EXIT_OK
    _write(options.out, blob)
    results = Results("build@1", options)
    for one in built:
        for profile in one.compiled.profiles:
            states = len(profile.file_table.tables.base) if profile.file_table else 0
            results.add({"profile": profile.name, "file_states": states, "from": one.name}, ())
    results.finish()
    if options.output == "human":
        count = sum(len(one.compiled.profiles) for one in built)
        note(f"{options.out}: {count} profile(s), {len(blob)} bytes")
    return EXIT_OK


def _write(path: str, blob: bytes) -> None:
    """Beside, then renamed: nobody ever sees half a blob. A device or a pipe is written to as it is."""
    if os.path.exists(path) and not os.path.isfile(path):
        with open(path, "wb") as file:
            file.write(blob)
        return
    beside = f"{path}.{os.getpid()}.new"
    try:
        with open(beside, "xb") as file:
            file.write(blob)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except BaseException:
        if os.path.exists(beside):
            os.unlink(beside)
        raise
