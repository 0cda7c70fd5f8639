"""The arguments that name a policy and say how to read it, shared by the verbs that take one."""

import os
import sys
from errno import EBADF

from dockarmor.cli import places
from dockarmor.compile import BLOB_MAGIC, MAX_BLOB, is_compressed
from dockarmor.policy.builtin import KERNEL
from dockarmor.text.bounded import read_bounded, read_file
from dockarmor.text.latin import path_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from dockarmor.ask.subject import Subject
    from dockarmor.policy.features import FeatureSet
    from dockarmor.policy.includes import Library
    from dockarmor.text.diagnostic import DiagnosticError


def add_reading(parser: "ArgumentParser") -> None:
    """Options on how policy text is read."""
    parser.add_argument(
        "--base", metavar="DIR", help="where <…> includes are found (default: /etc/apparmor.d, else our own)"
    )
    parser.add_argument(
        "-I", "--include", action="append", default=[], metavar="DIR", help="searched before the base"
    )


def add_features(parser: "ArgumentParser") -> None:
    """The option that says for which kernel policy is compiled."""
    from dockarmor.policy.features import names

    parser.add_argument(
        "--features",
        metavar="NAME|FILE",
        help=f"the kernel to compile for: {', '.join(names())}, or a features file or folder (default: {KERNEL})",
    )


def features(options: "Namespace") -> "FeatureSet":
    """The feature set that was asked for."""
    return feature_set_named(options.features or KERNEL)


def feature_set_named(name: str) -> "FeatureSet":
    """A file, a folder as a kernel shows it, or one of our own sets. Raises DiagnosticError, OSError."""
    from dockarmor.policy.features import FeatureSet, builtin

    if os.sep not in name and not os.path.exists(name):
        return builtin(name)
    from dockarmor.compile.policy_cache import features_text

    return FeatureSet.parse(path_text(name), features_text(name).decode("latin-1"))


def includes(options: "Namespace") -> "Library":
    """The search path of includes, as options and host say."""
    from dockarmor.policy.read import library

    return library(path_text(base_folder(options)), tuple(map(path_text, options.include)))


def base_folder(options: "Namespace") -> str:
    """--base, else the host's policy folder if it has tunables, else our own."""
    return places.base_folder(options.base)


def read_argument(name: str) -> bytes:
    """The bytes behind a POLICY argument: a file, `-` for standard input, or a built-in name.

    A compressed blob is unpacked. Raises DiagnosticError: DA505, DA506 where that fails, DA103 for text that is too
    large.
    """
    data = _argument(name)
    limit = _limit(data)
    if len(data) > limit:
        from dockarmor.text.diagnostic import Diagnostic, DiagnosticError

        code = "DA505" if limit == MAX_BLOB else "DA103"
        raise DiagnosticError([Diagnostic(code, f"{shown(name)} has more than {limit >> 20} MiB")])
    if not is_compressed(data):
        return data
    from dockarmor.compile.compression import decompressed
    from dockarmor.text.diagnostic import DiagnosticError

    try:
        return decompressed(data)
    except DiagnosticError as error:
        raise of_file(name, error) from None


def of_file(name: str, error: "DiagnosticError") -> "DiagnosticError":
    """What is wrong with bytes has no place that says in which file: its sentence does."""
    from dockarmor.text.diagnostic import DiagnosticError
    from dockarmor.value import replace

    found = error.diagnostics
    return DiagnosticError(
        [one if one.span else replace(one, message=f"{shown(name)}: {one.message}") for one in found]
    )


def _argument(name: str) -> bytes:
    if name == "-":
        if sys.stdin is None:  # closed by whoever started this
            raise OSError(EBADF, os.strerror(EBADF), "standard input")
        return read_bounded(sys.stdin.buffer, _one_more)
    if not os.path.exists(name):
        from dockarmor.containers.default import PAGE_NAME, TODAY_NAME, page, today

        if name == PAGE_NAME:
            return page().encode("latin-1")
        if name == TODAY_NAME:
            return today().encode("latin-1")
    if os.path.isdir(name):
        raise IsADirectoryError(21, "is a folder; name a policy file", name)
    return read_file(name, _one_more)


def _limit(head: bytes) -> int:
    """So many bytes may a file have that begins like this."""
    from dockarmor.syntax import MAX_BYTES  # here, since a hit of the cache reads no policy

    return MAX_BLOB if head.startswith(BLOB_MAGIC) or is_compressed(head) else MAX_BYTES


def _one_more(head: bytes) -> int:
    return _limit(head) + 1


def shown(name: str) -> str:
    """An argument as diagnostics name it."""
    return "standard input" if name == "-" else path_text(name)


def subject(options: "Namespace", name: str, kernel: "FeatureSet | None" = None) -> "Subject":
    """A policy ready to be asked. Raises DiagnosticError for text or bytes that are no policy."""
    from dockarmor.ask.subject import from_blob, from_policy
    from dockarmor.policy.read import read_text, require
    from dockarmor.text.source import Source

    data = read_argument(name)
    if data.startswith(BLOB_MAGIC):
        return from_blob(shown(name), data)
    resolved = require(read_text(Source.from_bytes(shown(name), data), includes(options)))
    return from_policy(shown(name), resolved.policy, kernel or features(options))
