"""Which programs a profile attaches to: a path automaton, and behind it extended attributes of the file.

Source: security/apparmor/domain.c (find_attach, aa_xattrs_match). The path must end in a state that allows
exec. From there an out-of-band step leads to the first attribute: a NUL, its value, again a state that allows
exec, an out-of-band step to the next one. An attribute that the file lacks has no such step: no match.
"""

from array import array
from collections.abc import Iterator, Sequence
from contextlib import suppress

from dockarmor.automata.dfa import Dfa
from dockarmor.automata.limits import LimitExceeded
from dockarmor.compile.compiled import START, CompiledTable
from dockarmor.compile.construction import construct, construct_all
from dockarmor.compile.encoding import Findings, PlacedEntry
from dockarmor.compile.specificity import specificity
from dockarmor.compile.table import Form, Permissions, too_large
from dockarmor.policy.features import Negotiated
from dockarmor.policy.profile import Profile
from dockarmor.rules.aare import filter_slashes, to_pattern
from dockarmor.rules.kind import Entry
from dockarmor.rules.policy_entry import lacking
from dockarmor.text.diagnostic import Diagnostic, DiagnosticError, Severity
from dockarmor.text.regex import regex
from dockarmor.value import frozen, replace

_EXEC = 1
_XATTRS = "domain/attach_conditions/xattr"
_ALPHABET = 256
_GLOB = regex(r"(?:[^\\]|\\[\s\S])*?[*?\[\]{}]")


@frozen
class Attached:
    """What a profile attaches to: patterns of paths, of which the least length counts, and of attributes' values.

    `xattrs` are the names of the attributes.
    """

    paths: tuple[bytes, ...] = ()
    values: tuple[bytes, ...] = ()
    length: int = 0
    xattrs: tuple[str, ...] = ()


def attach(profile: Profile, features: Negotiated, warnings: Findings) -> Attached:
    """What a profile attaches to: its attachment, or a name that is a path or a pattern.

    Attributes are written in the reverse of their order in the text, as the reference parser does. Where the
    kernel does not look at them a warning (DA411) is added. Raises DiagnosticError.
    """
    xattrs = profile.xattrs[::-1] if _knows_xattrs(profile, features, warnings) else ()
    paths = attachment_patterns(profile, named=bool(profile.xattrs))
    if not paths:
        return Attached()
    values = [to_pattern(value, null_allowed=True, span=profile.span) for _, value in xattrs]
    names = tuple(name for name, _ in xattrs)
    return Attached(tuple(dict.fromkeys(paths)), tuple(values), specificity(paths), names)


def attachment_patterns(profile: Profile, *, named: bool = False) -> list[bytes]:
    """The paths that a profile attaches to; `named`: by its name even where that is no pattern.

    None for the name `a///b` without a glob either: the kernel compares that itself. Raises DiagnosticError.
    """
    own = profile.name.split("//")[-1]  # from the left, as the kernel does (lib.c, hname_tail): a///b is /b in a
    plain = profile.attachment is None and not _GLOB.match(own)
    texts = [profile.attachment or own, *profile.alternates]
    patterns = [to_pattern(filter_slashes(text), span=profile.span) for text in texts]
    return [] if plain and not profile.alternates and not named else patterns


def _knows_xattrs(profile: Profile, features: Negotiated, warnings: Findings) -> bool:
    lost = next((one for one in ("policy/outofband", _XATTRS) if not features.has(one)), None)
    if profile.xattrs and lost is not None:
        message = f"`xattrs` has no effect, the profile attaches by path alone: {lacking(lost, features)}"
        warnings.append(Diagnostic("DA411", message, profile.span, Severity.WARNING))
    return lost is None


def attachments(several: Sequence[Attached], form: Form) -> Iterator[CompiledTable | DiagnosticError | None]:
    """The table of each, None where it attaches to nothing, or what is wrong with it (DA402, DA404).

    A file matches whose path matches one of the paths and whose attributes match the values in order. Never by
    classes, which would not make such small tables smaller, and never differential: the kernel walks them with
    single steps (match.c, aa_dfa_leftmatch).
    """
    plain = replace(form, permission_table=False, wide=False, differential=False, classes=False)
    permissions = Permissions("attachment", plain)
    simple = [_placed(one.paths) for one in several if one.paths and not one.values]
    made: Iterator[Dfa] | None = None
    if len(simple) > 1:
        with suppress(LimitExceeded):
            made = construct_all(simple, permissions.classes, form.limits)
    for one in several:
        try:
            if not one.paths:
                yield None
            elif made is not None and not one.values:
                yield permissions.table(next(made))
            else:
                parts = [construct(_placed(part), permissions.classes, form.limits) for part in _parts(one)]
                yield permissions.table(_chain(parts) if one.values else parts[0])
        except LimitExceeded as reached:
            yield DiagnosticError([replace(too_large(reached), label="what it attaches to makes it grow")])
        except DiagnosticError as error:
            yield error


def _parts(one: Attached) -> list[Sequence[bytes]]:
    return [one.paths, *([value] for value in one.values)]


def _placed(patterns: Sequence[bytes]) -> list[PlacedEntry]:
    return [PlacedEntry(Entry("file", pattern, _EXEC), None) for pattern in patterns]


def _chain(parts: Sequence[Dfa]) -> Dfa:
    """One automaton of several: out of band from where one accepts, over a NUL into the next."""
    rows: list[list[int]] = [[0] * _ALPHABET]
    values, bands = [0], [0]
    for number, part in enumerate(parts):
        if number:  # the state between: a NUL says that the attribute is there
            rows.append([len(rows) + 1, *[0] * (_ALPHABET - 1)])
            values.append(0)
            bands.append(0)
        offset = len(rows) - START
        after = offset + part.states if number + 1 < len(parts) else 0
        for state in range(START, part.states):
            targets = [part.step(state, byte) for byte in range(_ALPHABET)]
            rows.append([target + offset if target else 0 for target in targets])
            values.append(part.values[state])
            bands.append(after if part.values[state] else 0)
    return _from_rows(rows, values, bands)


def _from_rows(rows: Sequence[Sequence[int]], values: Sequence[int], bands: Sequence[int]) -> Dfa:
    offsets, columns, targets = array("I", [0]), array("I"), array("I")
    for row in rows:
        default = row[-1]
        for byte, target in enumerate(row):
            if target != default:
                columns.append(byte)
                targets.append(target)
        offsets.append(len(columns))
    return Dfa(
        bytes(range(_ALPHABET)),
        _ALPHABET,
        array("I", [row[-1] for row in rows]),
        offsets,
        columns,
        targets,
        array("I", values),
        array("I", bands),
    )
