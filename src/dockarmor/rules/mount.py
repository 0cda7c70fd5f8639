"""Mounting: `mount fstype=proc options=(ro, nosuid) proc -> /proc/,` and `remount options=ro /mnt/,`.

One mount rule speaks of up to five operations: remount, bind, change of propagation, move and new mount; which
of them it means follows from its options. Sources: apparmor.d(5), MOUNT RULES; security/apparmor/mount.c.
"""

from collections.abc import Iterator
from itertools import product
from typing import NoReturn

from dockarmor.access.confinement import Confinement, StatePermissions
from dockarmor.access.decision import Decision, Match
from dockarmor.access.event import Event
from dockarmor.access.mediation import Mediation
from dockarmor.access.permission import MOUNT_NAMES
from dockarmor.access.request import MountRequest
from dockarmor.rules import mount_flags
from dockarmor.rules.aare import ANY, filter_slashes, to_pattern
from dockarmor.rules.conditions import (
    COMBINATION,
    CONDITION,
    OPERATION,
    UNEXPECTED,
    VALUE,
    WORD_UNKNOWN,
    Condition,
    Tail,
    shown,
)
from dockarmor.rules.kernel_check import ALLOWED, check, class_state
from dockarmor.rules.kind import Dropped, Entry, Kind, Qualifiers, RecordPairs, Scope
from dockarmor.rules.mount_flags import Options
from dockarmor.rules.policy_entry import entry, idle, mediated, not_enforced, word_pattern
from dockarmor.rules.spelling import spell, spell_listed, spell_qualifiers
from dockarmor.syntax.cursor import Cursor, Word
from dockarmor.text.diagnostic import Fix, Label
from dockarmor.text.source import Span
from dockarmor.value import field, frozen, replace

_FSTYPE, _OPTIONS = ("fstype", "vfstype"), ("options", "option")
_NUL = rb"\x00"
#: Every exact list of options goes with every optional one, so their number is bounded.
MAX_LISTS = 32
#: of rules with more lists nothing is said of single flags, which bounds the time
_WEIGHED = 2
#: what decides which operations a rule can mean
_OTHERWISE = (
    "bind, move and remount have no `fstype=`",
    "remount and the propagation options (`shared`, `private`, …) take a mount point and no source",
)
_ONE_EACH = ("one call of mount(2) does one of these: write a rule of its own for it", *_OTHERWISE)
_REMOVE = ("remove it: the rule means the same without it",)
#: operations as they are told
_OPERATIONS = {
    "remount": "remounts",
    "bind": "bind mounts",
    "make": "changes of propagation",
    "move": "moves",
    "new": "new mounts",
}


@frozen
class MountRule:
    """`remount`: it was written with that keyword, which means the option. What is absent matches anything."""

    remount: bool
    fstypes: tuple[Word, ...]
    options: tuple[Options, ...]
    source: Word | None
    mountpoint: Word | None
    qualifiers: Qualifiers
    span: Span = field(compare=False, repr=False)


def parse(cursor: Cursor, qualifiers: Qualifiers, start: int) -> MountRule:
    """`"mount" { condition } [ source ] [ "->" mountpoint ] ","`
    `"remount" { condition } [ mountpoint ] ","`

    condition = ( "fstype" | "options" ) ( "=" ( value | list ) | "in" list )
    """
    remount = cursor.text.endswith("remount", start, cursor.pos)
    tail = Tail(cursor, qualifiers, start, "remount" if remount else "mount", "DA25")
    fstypes, options = read_conditions(tail)
    source = mountpoint = None
    if remount:
        mountpoint = tail.word()
    else:
        arrow = tail.arrow()
        if not arrow:
            source = tail.word()
            arrow = source is not None and tail.arrow()
        if arrow:
            mountpoint = tail.word()
            if mountpoint is None:
                tail.unexpected("the mount point")
    span = end(tail)
    rule = MountRule(remount, fstypes, options, source, mountpoint, qualifiers, span)
    _must_mean_something(tail, rule)
    return rule


def read_conditions(tail: Tail) -> tuple[tuple[Word, ...], tuple[Options, ...]]:
    """The conditions of the mount family."""
    fstypes: dict[Word, None] = {}
    options: list[Options] = []
    while (found := tail.condition()) is not None:
        if found.name.text in _FSTYPE:
            fstypes.update(dict.fromkeys(found.values))
        elif found.name.text in _OPTIONS:
            options.append(_options(tail, found))
            if len(options) > MAX_LISTS:
                tail.fail(VALUE, f"a rule has at most {MAX_LISTS} lists of options", found.span)
        else:
            tail.unknown(CONDITION, "condition", found.name, ("fstype", "options"))
    return tuple(fstypes), tuple(options)


def _options(tail: Tail, condition: Condition) -> Options:
    words: dict[str, Word] = {}
    for word in condition.values:
        name = mount_flags.canonical(word.text)
        if name is None:
            _unknown_option(tail, word)
        words.setdefault(name, word)
    optional = condition.operator == "in"
    clash = None if optional else mount_flags.contradiction(words)
    if clash:
        one, other = (words[name] for name in clash)
        tail.fail(
            COMBINATION,
            f"`{one}` and `{other}` contradict each other",
            other.span,
            label=f"`{one}` is to be set, `{other}` says it is not",
            others=(Label(one.span, "said here"),),
            help=(f"`options in ({one}, …)` allows it to be set or not",),
        )
    return Options(optional, tuple(words))


def _unknown_option(tail: Tail, word: Word) -> NoReturn:
    parts = word.text.split(",")
    if len(parts) > 1 and all(mount_flags.canonical(part) for part in parts):
        listed = f"({', '.join(parts)})"
        tail.fail(
            WORD_UNKNOWN,
            f"several options stand in parentheses: `options={listed}`",
            word.span,
            fix=Fix(word.span, listed, safe=True, message="put them in parentheses"),
        )
    if "=" in word.text:
        help = ("only the kernel's mount flags can be named: what a file system is told it never sees",)
        tail.fail(WORD_UNKNOWN, f"`{shown(word.text)}` is an option of a file system", word.span, help=help)
    tail.unknown(WORD_UNKNOWN, "mount option", word, mount_flags.WORDS)


def end(tail: Tail) -> Span:
    """The final comma; conditions may only stand before the paths."""
    late = tail.condition()
    if late is not None:
        tail.fail(
            UNEXPECTED,
            f"`{late.name}` stands behind a path",
            late.span,
            help=(f"move it before the paths: `{tail.keyword} {late.name}=… …`",),
        )
    return tail.end("a condition or a path")


def write(rule: MountRule) -> str:
    words = ["remount" if rule.remount else "mount", *spell_conditions(rule.fstypes, rule.options)]
    if rule.source is not None:
        words.append(spell(rule.source.text))
    if rule.mountpoint is not None:
        words += [] if rule.remount else ["->"]
        words.append(spell(rule.mountpoint.text))
    return f"{spell_qualifiers(rule.qualifiers)}{' '.join(words)},"


def spell_conditions(fstypes: tuple[Word, ...], options: tuple[Options, ...]) -> list[str]:
    words = []
    if fstypes:
        listed = ", ".join(spell_listed(fstype.text) for fstype in fstypes)
        words.append(f"fstype=({listed})" if len(fstypes) > 1 else f"fstype={spell(fstypes[0].text)}")
    for option in options:
        listed = ", ".join(option.words)
        if option.optional:
            words.append(f"options in ({listed})")
        else:
            words.append(f"options=({listed})" if "," in listed else f"options={listed}")
    return words


# -- encoding ---------------------------------------------------------------------------------------------


@frozen
class _Part:
    """An operation that a rule means, with the flags that must and that may be set."""

    operation: str
    required: int
    optional: int


def _parts(rule: MountRule) -> Iterator[_Part]:
    """Every exact list with every optional one; without any list, all flags may be set."""
    every = mount_flags.EVERY
    exact = [options.bits() for options in rule.options if not options.optional]
    optional = [options.bits() for options in rule.options if options.optional]
    without = [(0 if rule.remount else every, every)]
    pairs = product(exact or [0], optional or [0]) if rule.options else without
    for flags, may in pairs:
        if rule.remount:
            flags |= mount_flags.REMOUNT
            may &= ~mount_flags.REMOUNT
        for name in _operations(rule, flags, may):
            mask = mount_flags.MASKS[name]
            yield _Part(name, flags & mask, may & mask)


def _operations(rule: MountRule, flags: int, may: int) -> list[str]:
    typed, source, mountpoint = bool(rule.fstypes), rule.source is not None, rule.mountpoint is not None
    possible = {
        "remount": not typed and not source,
        "bind": not typed,
        "make": not typed and not (source and mountpoint),
        "move": not typed,
        "new": True,
    }
    if not flags or flags == mount_flags.EVERY:
        return [name for name, is_possible in possible.items() if is_possible]
    asked = {
        "remount": flags & mount_flags.REMOUNT,
        "bind": flags & mount_flags.BIND,
        "make": flags & mount_flags.MAKE,
        "move": flags & mount_flags.MOVE,
        "new": (flags | may) & ~mount_flags.COMMANDS,
    }
    return [name for name, is_possible in possible.items() if is_possible and asked[name]][:1]


def _must_mean_something(tail: Tail, rule: MountRule) -> None:
    if any(True for _ in _parts(rule)):
        return
    tail.fail(
        OPERATION,
        "no mount operation has these options together with these conditions",
        rule.span,
        help=_OTHERWISE,
    )


def encode(rule: MountRule, scope: Scope) -> Iterator[Entry | Dropped]:
    """`07` mountpoint NUL source NUL fstype NUL flags; what an operation does not have matches anything."""
    if not scope.has("mount"):
        yield not_enforced("mount", rule.span, "mount", scope, rule.source, rule.mountpoint, *rule.fstypes)
        return
    if rule.options:
        yield from _idle_options(rule)
    mountpoint, source = path_pattern(rule.mountpoint, scope), path_pattern(rule.source, scope)
    if rule.source is not None and rule.source.text == "detached":
        source = b""
    fstype = b"(" + b"|".join(word_pattern(fstype, scope) for fstype in rule.fstypes) + b")"
    for part in _parts(rule):
        flags = mount_flags.flag_pattern(part.required, part.optional)
        where, what, kind = mountpoint, source, ANY
        if part.operation == "make":
            where, what = path_pattern(rule.mountpoint or rule.source, scope), ANY
        elif part.operation == "remount":
            what = ANY
        elif part.operation == "new":
            kind = fstype if rule.fstypes else ANY
        pattern = rb"\x07" + where + _NUL + what + _NUL + kind + _NUL + flags
        yield entry(rule.qualifiers, pattern, MOUNT_NAMES["mount"])


def _idle_options(rule: MountRule) -> Iterator[Dropped]:
    """What is said of flags that none of the rule's operations looks at."""
    if len(rule.options) > _WEIGHED:
        return
    parts = set(_parts(rule))
    about = " and ".join(sorted({_OPERATIONS[part.operation] for part in parts}))
    why = f"this rule is about {about}, and there the kernel does not look at that flag"
    for at, options in enumerate(rule.options):
        for word in options.words if len(options.words) > 1 else ():  # an empty list means something else than none
            less = Options(options.optional, tuple(other for other in options.words if other != word))
            bits = mount_flags.bits_of((word,)) & ~less.bits()  # 0: a flag that is not set, or named by another word
            without = replace(rule, options=(*rule.options[:at], less, *rule.options[at + 1 :]))
            if bits and (not bits & mount_flags.EVERY or parts == set(_parts(without))):
                yield idle(f"`{word}`", why, rule.span, *(_ONE_EACH if bits & mount_flags.COMMANDS else _REMOVE))


def path_pattern(path: Word | None, scope: Scope) -> bytes:
    """The pattern of a path of the mount family."""
    if path is None:
        return ANY
    return to_pattern(filter_slashes(scope.expand(path.text, path.span)), span=path.span)


def mediates(scope: Scope) -> Iterator[Entry]:
    if scope.has("mount"):
        yield mediated(rb"\x07")


# -- deciding ---------------------------------------------------------------------------------------------


def decide(confinement: Confinement, request: MountRequest) -> Decision:
    """`do_match_mnt`: where a part leads nowhere, that part is what the record complains of."""
    table, state = class_state(confinement, Mediation.MOUNT)
    if table is None or not state:
        return ALLOWED
    source, fstype, flags = _matched(request)
    parts = (request.mountpoint + b"\0", source + b"\0", fstype + b"\0", mount_flags.flag_bytes(flags))
    failures = ("failed mntpnt match", "failed srcname match", "failed type match", "failed flags match")
    matches = (Match("policy", bytes((Mediation.MOUNT,)) + b"".join(parts)),)
    asked = MOUNT_NAMES["mount"]
    for part, failure in zip(parts, failures, strict=True):
        state = table.walk(state, part)
        if not state:
            return check(StatePermissions(), asked, matches, failure)
    permissions = table.permissions(state)
    info = None if permissions.allow & asked else "failed perms check"
    return check(permissions, asked, matches, info)


def _matched(request: MountRequest) -> tuple[bytes, bytes, int]:
    """What the kernel looks at: remount and changes of propagation have no source, only new mounts a type."""
    name, flags = mount_flags.operation(request.flags)
    source = b"" if name in ("remount", "make") else request.source
    return source, request.fstype if name == "new" else b"", flags


def record(request: MountRequest, decision: Decision) -> RecordPairs:
    source, fstype, flags = _matched(request)
    pairs: list[tuple[str, str | bytes]] = []
    if fstype:
        pairs.append(("fstype", fstype))
    if source:
        pairs.append(("srcname", source))
    if flags:
        pairs.append(("flags", mount_flags.audit_text(flags)))
    return RecordPairs("mount", "mount", request.mountpoint, tuple(pairs))


def request(event: Event) -> MountRequest | None:
    """`operation="mount"`; what was done is seen in `flags`."""
    fields = event.fields
    if event.operation != "mount" or "name" not in fields:
        return None
    flags = mount_flags.bits_of(word.strip() for word in fields.get("flags", "").split(","))
    name, source, fstype = (fields.get(key, "").encode("latin-1") for key in ("name", "srcname", "fstype"))
    return MountRequest(name, source, fstype, flags)


KIND = Kind(
    "mount",
    keywords=("mount", "remount"),
    rules=(MountRule,),
    requests=(MountRequest,),
    parse=parse,
    write=write,
    encode=encode,
    decide=decide,
    record=record,
    request=request,
    mediates=mediates,
)
