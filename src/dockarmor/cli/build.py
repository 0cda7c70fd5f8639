"""Compile policy text into the binary form that the kernel loads.

  dockarmor build my-profile -o my-profile.bin
  dockarmor build docker-default --features kernel-6.17 -o - | sha256sum
  dockarmor build -j 2 /etc/apparmor.d --output-dir blobs
  dockarmor build --explain-size my-profile -o /dev/null

A compressed blob (--compress) is for the newest kernels; every verb that takes a blob takes it, too.

Several files become one blob, which a kernel loads as a whole or not at all; with --output-dir each has a blob of
its own. Rules that these features drop or weaken are said on standard error, or, with --output json, as `warnings`
beside the profiles; `dockarmor check` says more of them. What was compiled before, from the same text for the same
features, comes from the cache.
"""

import os
import sys
from errno import EBADF
from types import SimpleNamespace

from dockarmor.cli.main import EXIT_OK, EXIT_USAGE

#: no number of processes has so many
_DIGITS = 10

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Mapping, Sequence
    from typing import Any

    from dockarmor.cli.compiling import Built


def configure(parser: "ArgumentParser") -> None:
    from dockarmor.cli.output import add_output
    from dockarmor.cli.policy import add_features, add_reading

    parser.add_argument("files", nargs="+", metavar="FILE|DIR", help="policy text, or a folder of it")
    target = parser.add_mutually_exclusive_group(required=True)
    target.add_argument("-o", dest="out", metavar="OUT", help="the blob's file, or `-`")
    target.add_argument("--output-dir", metavar="DIR", help="a blob for each file, under the file's own name")
    parser.add_argument("-j", "--jobs", type=_jobs, default=1, metavar="N", help="compile N at the same time")
    parser.add_argument("--no-cache", action="store_true", help="compile all anew, remember nothing")
    parser.add_argument(
        "--compress", action="store_true", help="compress with zstd, for kernels with policy/compressed_load (7.3)"
    )
    parser.add_argument("--explain-size", action="store_true", help="say which rules and variables cost most states")
    add_reading(parser)
    add_features(parser)
    add_output(parser)


def plain(arguments: "Sequence[str]") -> "Any":
    """The options of the commonest command lines, without argparse (a third of the time of a cached build).

    None for all others: then `configure` says how they are read.
    """
    options = SimpleNamespace(
        files=[],
        out=None,
        output_dir=None,
        jobs=1,
        no_cache=False,
        explain_size=False,
        compress=False,
        base=None,
        include=[],
    )
    options.features, options.output = None, "human"
    valued = {"-o": "out", "--output-dir": "output_dir", "--base": "base", "--features": "features"}
    rest = iter(arguments)
    for argument in rest:
        value = next(rest, "-") if argument in valued or argument in ("-I", "-j") else ""
        if value.startswith("-") and value != "-":
            return None
        if argument == "--no-cache":
            options.no_cache = True
        elif argument[:2] == "-j":
            jobs = value or argument[2:]
            if not ("1" <= jobs[:1] <= "9" and jobs.isdecimal() and len(jobs) < _DIGITS):
                return None
            options.jobs = int(jobs)
        elif argument in valued:
            setattr(options, valued[argument], value)
        elif argument == "-I":
            options.include.append(value)
        elif argument.startswith("-") and argument != "-":
            return None
        else:
            options.files.append(argument)
    complete = options.files and (options.out is None) != (options.output_dir is None)
    return options if complete else None


def run(options: "Any") -> int:
    from dockarmor.cli.compiling import built, policy_names, road_of

    names = policy_names(options.files)
    if options.output_dir is not None:
        _check_distinct(names)
    if options.compress:
        _check_compressible(options)
    results = built(names, road_of(options))
    errors = [one.error for one in results if one.error is not None]
    if errors:
        from dockarmor.cli.failure import report

        for error in errors:
            report(error)
        return EXIT_USAGE
    written = 0
    for path, blobs in _files(results, options):
        if options.compress:
            from dockarmor.compile.compression import compressed

            blobs = [compressed(b"".join(blobs))]
        written += sum(map(len, blobs))
        if path == "-":
            _print(blobs)
        else:
            _write(path, blobs)
    found: dict[str, Any] = {}
    if options.explain_size:
        from dockarmor.cli.size import costs, explain

        found = {one.name: costs(one, options) for one in results if _is_text(one)}
    if options.output == "human" or options.out == "-":
        from dockarmor.cli.compiling import say_warnings

        say_warnings(results)
    if options.out != "-":
        _say(results, written, found, options)
    if options.output == "human" or options.out == "-":
        for one in results:
            if one.output is not None and one.name in found:
                explain(one.output.profiles, found[one.name], options)
    return EXIT_OK


def _is_text(one: "Built") -> bool:
    """Was this policy compiled, or did it come as a blob?"""
    return one.output is not None and all(figures.bytes for figures in one.output.profiles)


def _files(results: "Sequence[Built]", options: "Any") -> "list[tuple[str, Sequence[bytes]]]":
    """Paths and what goes there."""
    outputs = [(one.name, one.output.blob) for one in results if one.output is not None]
    if options.output_dir is None:
        return [(options.out, [blob for _, blob in outputs])]
    os.makedirs(options.output_dir, exist_ok=True)
    return [(os.path.join(options.output_dir, os.path.basename(name)), [blob]) for name, blob in outputs]


def _check_compressible(options: "Any") -> None:
    """The kernel that it is for must take it. Raises DiagnosticError (DA409)."""
    from dockarmor.cli.policy import features
    from dockarmor.compile.compression import FEATURE
    from dockarmor.text.diagnostic import Diagnostic, DiagnosticError

    kernel = features(options)
    if not kernel.has(FEATURE):
        message = f"a kernel with the features {kernel.name} does not take compressed policy ({FEATURE})"
        raise DiagnosticError([Diagnostic("DA409", message, help=("leave --compress away, or see --features",))])


def _check_distinct(names: "Sequence[str]") -> None:
    from dockarmor.text.diagnostic import Diagnostic, DiagnosticError

    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(os.path.basename(name), name)
        if other is not name:
            message = f"{other} and {name} would be written to one file"
            raise DiagnosticError([Diagnostic("DA408", message, help=("build them one after the other",))])


def _say(results: "Sequence[Built]", written: int, found: "Mapping[str, Any]", options: "Any") -> None:
    """`found`: what costs most, by policy and profile, where that was asked for."""
    if options.output != "human":
        from dockarmor.cli.compiling import left_out, warnings_of
        from dockarmor.cli.output import Results
        from dockarmor.kernel.label_text import characters

        printed = Results("build@1", options)
        for one in results:
            for profile in one.output.profiles if one.output else ():
                states = {"file_states": profile.file_states, "policy_states": profile.policy_states}
                item = {"profile": characters(profile.name), **states, "bytes": profile.bytes, "from": one.name}
                if one.name in found:
                    from dockarmor.cli.size import cost_item

                    item["costs"] = list(map(cost_item, found[one.name].get(profile.name, ())))
                printed.add(item, ())
        told = warnings_of(results)
        printed.finish(warnings=[one.item() for one in told], left_out=left_out(results, told))
        return
    count = sum(len(one.output.profiles) for one in results if one.output)
    sys.stderr.write(f"{options.out or options.output_dir}: {count} profile(s), {written} bytes\n")


def _print(blobs: "Sequence[bytes]") -> None:
    """To standard output. Raises OSError where whoever started this has closed it (main.entry)."""
    if sys.stdout.name == os.devnull:
        raise OSError(EBADF, os.strerror(EBADF), "standard output")
    sys.stdout.buffer.writelines(blobs)


def _write(path: str, blobs: "Sequence[bytes]") -> None:
    """Beside, then renamed: nobody ever sees half a blob. A device or a pipe is written to as it is."""
    if os.path.exists(path) and not os.path.isfile(path):
        try:
            with open(path, "wb") as file:
                file.writelines(blobs)
        except OSError as error:
            raise OSError(error.errno, error.strerror, path) from None
        return
    from dockarmor.cli.places import replace_file

    replace_file(path, blobs, made_anew=True)


def _jobs(text: str) -> int:
    """-j: a number, or `auto` for as many as there are processors."""
    from argparse import ArgumentTypeError

    from dockarmor.compile.pool import processors

    if text == "auto":
        return processors()
    if not text.isdecimal() or len(text) >= _DIGITS or int(text) < 1:
        raise ArgumentTypeError("a number from 1 on, or `auto`")
    return int(text)
