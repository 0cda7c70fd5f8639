"""What a command line of apparmor_parser(8) asks for, and the file with its defaults.

The line is read twice, as by the original: first for the options that say how the file of defaults is read.
"""

import os
import sys
from errno import EFBIG

from dockarmor.cli.faces.long_options import MAYBE, NONE, ONE, OptionError, read
from dockarmor.kernel.host.parser_conf import CONFIG, MAX_CONFIG, entries, meant

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

CACHE = "/var/cache/apparmor"
#: what the original calls standard input
STDIN = "stdin"

#: long name -> (short name or "", whether it takes a value)
OPTIONS: dict[str, tuple[str, int]] = {
    "add": ("a", NONE),
    "binary": ("B", NONE),
    "base": ("b", ONE),
    "debug": ("d", MAYBE),
    "dump": ("D", ONE),
    "Dump": ("D", ONE),
    "subdomainfs": ("f", ONE),
    "help": ("h", MAYBE),
    "replace": ("r", NONE),
    "remove": ("R", NONE),
    "Include": ("I", ONE),
    "stdout": ("S", NONE),
    "ofile": ("o", ONE),
    "version": ("V", NONE),
    "complain": ("C", NONE),
    "Complain": ("C", NONE),
    "verbose": ("v", NONE),
    "names": ("N", NONE),
    "namespace": ("n", ONE),
    "readimpliesX": ("X", NONE),
    "quiet": ("q", NONE),
    "skip-kernel-load": ("Q", NONE),
    "preprocess": ("p", NONE),
    "match-string": ("m", ONE),
    "features-file": ("M", ONE),
    "skip-cache": ("K", NONE),
    "skip-read-cache": ("T", NONE),
    "write-cache": ("W", NONE),
    "show-cache": ("k", NONE),
    "cache-loc": ("L", ONE),
    "Optimize": ("O", ONE),
    "optimize": ("O", ONE),
    "jobs": ("j", ONE),
    "zstd-compress-level": ("c", MAYBE),
    **dict.fromkeys(("skip-bad-cache", "skip-bad-cache-rebuild", "purge-cache", "create-cache-dir"), ("", NONE)),
    **dict.fromkeys(("debug-cache", "print-cache-dir", "abort-on-error"), ("", NONE)),
    **dict.fromkeys(("max-jobs", "policy-features", "compile-features", "kernel-features"), ("", ONE)),
    **dict.fromkeys(("override-policy-abi", "config-file", "warn", "estimated-compile-size"), ("", ONE)),
    "print-config-file": ("", NONE),
    "prompt-compat": ("", ONE),
    "print-prompt-compat": ("", NONE),
    "Werror": ("", MAYBE),
}
_LONG = {name: kind for name, (_, kind) in OPTIONS.items()}
_SHORT = {short: kind for short, kind in OPTIONS.values() if short}
_FULL = {short: name for name, (short, _) in reversed(OPTIONS.items()) if short}
#: another spelling, which is never offered for a name that is cut short
_ALIASES = dict.fromkeys(("--rel", "--relo", "--reloa", "--reload"), "--replace")

_EARLY = ("config-file", "warn", "Werror")
_ACTIONS = ("add", "replace", "remove", "names", "stdout", "ofile", "preprocess")
#: those that the file of defaults may ask for; the others have no effect there
_CONFIGURED_ACTIONS = ("names", "preprocess")
WARNINGS = (
    *("rule-not-enforced", "rule-downgraded", "abi", "deprecated", "config", "cache", "debug-cache", "jobs"),
    *("dangerous", "unexpected", "format", "missing", "override", "dev", "pound-include", "all"),
)
_DEFAULT_WARNINGS = ("config", "cache", "jobs", "unexpected", "override")
_GROUPS = {
    "all": WARNINGS,
    "dev": ("rule-not-enforced", "rule-downgraded", "abi", "deprecated", "dangerous", "missing", "pound-include"),
}
DUMPS = (
    *("variables", "expanded-variables", "show", "rule-exprs", "expr-stats", "expr-tree", "expr-simplified"),
    *("stats", "progress", "dfa-progress", "dfa-stats", "dfa-states", "dfa-compressed-states"),
    *("dfa-states-initial", "dfa-states-post-filter", "dfa-states-post-minimize", "dfa-states-post-unreachable"),
    *("dfa-perms-build", "dfa-graph", "dfa-minimize", "dfa-unreachable", "dfa-node-map", "dfa-uniq-perms"),
    *("dfa-minimize-uniq-perms", "dfa-minimize-partitions", "compress-progress", "compress-stats"),
    *("compressed-dfa", "equiv-stats", "equiv", "diff-encode", "diff-stats", "diff-progress", "rule-merge"),
    *("state32", "flags_table"),
)
OPTIMIZATIONS = (
    *("show", "0", "equiv", "expr-normalize", "expr-simplify", "expr-left-simplify", "expr-right-simplify"),
    *("minimize", "filter-deny", "remove-unreachable", "compress-default", "compress-small", "compress-fast"),
    *("diff-encode", "rule-merge", "state32", "flags-table", "zstd-recompress"),
)
_LEVELS = ("none", "default", "fast", "small")


class Stop(Exception):
    """All is said; the exit status."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Wanted:
    """What the line and the file of defaults ask for. Options that came without effect are said by then."""

    def __init__(self, program: str) -> None:
        self.program = program
        self.files: list[str] = []
        self.actions: list[str] = []
        self.flags: set[str] = set()
        self.values: dict[str, str] = {}
        self.include: list[str] = []
        self.warnings = set(_DEFAULT_WARNINGS)
        self.errors: set[str] = set()
        #: what is said of options without effect
        self.notes: list[str] = []
        self.jobs = 0

    @property
    def action(self) -> str:
        return self.actions[0] if self.actions else "add"

    @property
    def writes(self) -> bool:
        """Is a kernel written to?"""
        return self.action in ("add", "replace", "remove") and "skip-kernel-load" not in self.flags

    def warns(self, what: str) -> bool:
        return what in self.warnings and "quiet" not in self.flags


def wanted(program: str, arguments: "Sequence[str]", config: str = CONFIG) -> Wanted:
    """Read a command line. Raises Stop where nothing else is to be done."""
    arguments = [_ALIASES.get(word, word) for word in arguments]
    early, made = Wanted(program), Wanted(program)
    options, _ = _read(program, arguments, several=True)
    for option, value in options:
        if option in _EARLY:
            _take(early, option, value)
    place = early.values.get("config-file", config)
    made.values["config-file"] = place
    made.warnings, made.errors = early.warnings, early.errors
    for option, value in _configured(early, place):
        if option not in _ACTIONS or option in _CONFIGURED_ACTIONS:
            _take(made, option, value, told=False)
    configured = len(made.actions)
    options, made.files = _read(program, arguments)
    for option, value in options:
        _take(made, option, value)
    if len(made.actions) > configured + 1:
        say(f"{program}: Too many actions given on the command line.")
        raise Stop(1)
    for note in made.notes if "quiet" not in made.flags else ():
        say(note)
    return made


def _read(
    program: str, arguments: "Sequence[str]", *, several: bool = False
) -> tuple[list[tuple[str, str | None]], list[str]]:
    """The options by their long names. `several`: say what is wrong, then read on as far as possible."""
    try:
        options, files = read(arguments, _SHORT, _LONG, anywhere=True)
    except OptionError as error:
        options, files = error.found, []
        options.append(("", str(error)))
    if several and options and options[-1][0] == "":
        say(f"{program}: {options.pop()[1]}")
    return [(_canonical(option), value) for option, value in options], files


def _canonical(option: str) -> str:
    """One name for the spellings of an option, of which some are one letter."""
    return _FULL.get(OPTIONS[option][0] if option in OPTIONS else option, option)


def _configured(early: Wanted, place: str) -> list[tuple[str, str | None]]:
    """The options in the file of defaults."""
    try:
        given = entries(place)
    except OSError as error:
        if error.errno == EFBIG:
            say(f"{early.program}: config file '{place}' has more than {MAX_CONFIG >> 20} MiB")
            raise Stop(1) from None
        if warn(early, "config", "stdin (line 1)", f"config file '{place}' not found"):
            raise Stop(1) from None
        return []
    found: list[tuple[str, str | None]] = []
    for name, value in given:
        if name not in OPTIONS:
            say(f"{early.program}: unknown option ({name}) in config file.")
            continue
        kind = OPTIONS[name][1]
        if kind == ONE and not value:
            say(f"{early.program}: option '{name}' in config file requires an argument")
            raise Stop(1)
        found.append((_canonical(name), None if kind == NONE else value))
    return found


def _take(made: Wanted, option: str, value: str | None, *, told: bool = True) -> None:
    """Obey one option."""
    if option == "":
        say(f"{made.program}: {value}")
        raise Stop(1)
    if option in ("help", "version"):
        from dockarmor.cli.faces.parser_words import answer

        raise Stop(answer(made.program, option, value))
    if option in ("warn", "Werror"):
        _warn(made, option, value)
    elif option == "Include":
        made.include.append(value or "")
    elif option in ("jobs", "max-jobs"):
        _jobs(made, option, value or "")
    elif option in _ACTIONS:
        made.actions.append(option)
        made.values[option] = value or ""
    elif option in ("dump", "debug", "Optimize", "zstd-compress-level", "match-string", "readimpliesX"):
        _without_effect(made, option, value, told=told)
    elif option == "quiet":
        made.warnings.clear()
        made.flags.add(option)
        made.flags.discard("verbose")
    elif meant(option):
        made.values[option] = value or ""
        made.values |= dict.fromkeys(meant(option), value or "")
    elif value is None:
        made.flags.add(option)
    else:
        _check(made.program, option, value)
        made.values[option] = value
    if option == "print-config-file":
        sys.stdout.write(made.values["config-file"] + "\n")


def _check(program: str, option: str, value: str) -> None:
    """Refuse values of options without effect that the original refuses, too."""
    if option == "prompt-compat" and value not in ("ignore", "flag", "permsv2", "default"):
        say(f"{program}: Invalid --prompt-compat option '{value}'")
        raise Stop(1)
    if option == "estimated-compile-size":
        size = value[:-2] if value[-2:] in ("KB", "MB", "GB") else value
        if _number(size) is None:
            say(f"{program}: --estimated-compile-size invalid size '{value}'")
            raise Stop(1)


def _warn(made: Wanted, option: str, value: str | None) -> None:
    """Switch classes of warnings on or off."""
    kept = made.warnings if option == "warn" else made.errors
    name = "all" if value is None else value
    plain = name.removeprefix("no-")
    if name == "show":
        classes = ", ".join(word for word in WARNINGS if word in kept)
        sys.stdout.write(f"{option.removeprefix('no-')}={classes}\n")
    elif plain not in WARNINGS:
        say(f"{made.program}: Invalid --{option} option {value}")
        raise Stop(1)
    elif name == plain:
        kept.update(_GROUPS.get(plain, (plain,)))
    else:
        kept.difference_update(_GROUPS.get(plain, (plain,)))


def _jobs(made: Wanted, option: str, value: str) -> None:
    """A number of processes, `xN` for as many per processor, `auto` and `max` for as many as there are."""
    if value in ("auto", "max"):
        return
    number = _number(value.removeprefix("x"))
    if number is None:
        say(f"{made.program}: Invalid option {'-j' if option == 'jobs' else option}={value}")
        raise Stop(1)
    if value.startswith("x"):
        number *= os.cpu_count() or 1
    if option == "jobs":
        made.jobs = max(1, number)
    else:
        made.values[option] = str(max(1, number))


def _number(text: str) -> int | None:
    """A number as strtol(3) takes it.

    >>> _number("12"), _number("-0x10"), _number("010"), _number("1k"), _number("")
    (12, -16, 8, None, None)
    """
    if text[-1:].isspace() or "_" in text:
        return None
    for base in (0, 8):
        try:
            return int(text, base)
        except ValueError:
            pass
    return None


def _without_effect(made: Wanted, option: str, value: str | None, *, told: bool) -> None:
    """Options that ask how the original works inside: known ones are said to do nothing here, others are refused."""
    known = {"dump": DUMPS, "Optimize": OPTIMIZATIONS}.get(option)
    if known is not None and (value or "").removeprefix("no-") not in known:
        say(f"{made.program}: Invalid --{option.title()} option {value}")
        raise Stop(1)
    if option == "debug" and value is not None:
        say(f"{made.program}: Invalid --debug option '{value}'")
        raise Stop(1)
    if option == "zstd-compress-level" and value is not None:
        if value in ("none", "0"):
            return
        if value not in _LEVELS and not value.isdecimal():
            say(f"Invalid compression level '{value}'. Use none, default, fast, small, or 0-22")
            raise Stop(1)
    from dockarmor.cli.faces.parser_words import WITHOUT_EFFECT

    words, fatal = WITHOUT_EFFECT[value if value in WITHOUT_EFFECT else option]
    note = f"{made.program}: --{option} {words}"
    if fatal:
        say(note)
        raise Stop(1)
    if told:
        made.notes.append(note)


#: what policy text must not do to a terminal; line ends are the original's own
_CONTROLS = {number: f"\\x{number:02x}" for number in (*range(9), *range(11, 32), 127)}


def say(line: str) -> None:
    """A line on standard error, behind all that standard output was given. That nobody can be told stops nothing."""
    sys.stdout.flush()
    try:
        sys.stderr.flush()
        sys.stderr.buffer.write(os.fsencode(line.translate(_CONTROLS)) + b"\n")
        sys.stderr.buffer.flush()
    except OSError:
        # What could not be written must not be tried again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


def warn(asked: Wanted, what: str, place: str, message: str) -> bool:
    """Say something that belongs to a class of warnings, if that is wanted; whether it is to count as an error."""
    if not asked.warns(what):
        return False
    fatal = what in asked.errors
    say(f"Warning {'converted to Error ' if fatal else ''}from {place}: {message}")
    return fatal


def show(asked: Wanted, line: str) -> None:
    """What --show-cache is about."""
    if "show-cache" in asked.flags:
        say(line)
