"""DA350: a rule that never has an effect, or letters of one that are never granted. Proved over all strings."""

from collections import Counter
from collections.abc import Iterator, Sequence

from dockarmor.lint.class_denied import class_denied
from dockarmor.lint.coverage import coverage, letters_of, speaking
from dockarmor.lint.dead import Dead
from dockarmor.lint.lint import Examined, Lint
from dockarmor.lint.mode_word import mode_word
from dockarmor.lint.removal import removal
from dockarmor.lint.shown import not_shown
from dockarmor.lint.witness import described
from dockarmor.policy.profile import PlacedRule
from dockarmor.rules.capability import CapabilityRule
from dockarmor.rules.file import FileRule
from dockarmor.rules.file_mode import ModeFault, parse_mode
from dockarmor.rules.link import LinkRule
from dockarmor.rules.unix import UnixRule
from dockarmor.syntax.tree import Conditional, walk
from dockarmor.text.diagnostic import Diagnostic, Fix, Label, Severity
from dockarmor.text.source import Span

#: how many rules one wider rule may make superfluous before they are told together
FEW = 4

_DENY_WINS = "a deny wins over every allow of the same priority, wherever it stands"


def _find(examined: Examined) -> Iterator[Diagnostic]:
    for profile in examined.profiles():
        dead = [one for one in coverage(examined, profile).dead if not class_denied(one)]
        beside = Counter(id(one.by[0]) for one in dead if _is_beside(one))
        told: set[int] = set()
        for one in dead:
            key = id(one.by[0])
            if not _is_beside(one) or beside[key] <= FEW:
                yield _found(examined, one)
            elif key not in told:
                told.add(key)
                yield _many([other for other in dead if _is_beside(other) and other.by[0] is one.by[0]])


def _is_beside(one: Dead) -> bool:
    """Is it one wider rule that makes it superfluous?"""
    return one.reason == "repeated" and len(one.by) == 1


def _many(dead: list[Dead]) -> Diagnostic:
    """One wide rule and all that add nothing to it."""
    wide = dead[0].by[0].rule
    does = "denies" if wide.qualifiers.effect == "deny" else "allows"
    return Diagnostic(
        "DA350",
        f"{len(dead)} rules of this profile add nothing: this one {does} all that they say",
        wide.span,
        Severity.WARNING,
        label=f"{does} it already",
        others=tuple(Label(one.placed.rule.span, f"{does} nothing new") for one in dead[:FEW]),
        help=("remove them, or narrow this rule to what is needed: it is the one that counts",),
        notes=(*_witness(dead[0]), *not_shown(len(dead) - FEW)),
    )


def _found(examined: Examined, one: Dead) -> Diagnostic:
    rule = one.placed.rule
    if isinstance(rule, FileRule) and one.letters:
        return _partly(examined, one, rule)
    if isinstance(rule, CapabilityRule) and one.names:
        return _some_names(examined, one, rule)
    if one.names:
        return _some_permissions(one)
    does = "denies" if rule.qualifiers.effect == "deny" else "allows"
    words = "decides instead"
    help: tuple[str, ...] = ()
    if one.reason == "repeated":
        message, label = _repeated(one, does)
        words = f"{does} it already" if rule != one.by[0].rule else "the first one"
    elif one.reason == "overruled":
        message, label = "this rule has no effect: a stronger one decides everywhere", f"{does} nothing"
    else:
        message, label = f"this rule has no effect: all that it {does} is denied", "never granted"
        help = (_DENY_WINS,)
    return Diagnostic(
        "DA350",
        message,
        rule.span,
        Severity.WARNING,
        label=label,
        others=_labels(one.by, rule.qualifiers.effect == "deny", words),
        help=help,
        notes=_witness(one),
        fix=removal(rule.span, safe=_is_safe(examined, one)),
    )


def _repeated(one: Dead, does: str) -> tuple[str, str]:
    """Message and label."""
    rule = one.placed.rule
    if rule == one.by[0].rule:
        return "this rule is written twice", f"{does} nothing new"
    mixed = does == "allows" and any(other.rule.qualifiers.effect == "deny" for other in one.by)
    others = "another rule" if len(one.by) == 1 else "other rules"
    verb = does if len(one.by) == 1 else does.replace("ies", "y").removesuffix("s")
    what = "what of it is not denied, others allow already" if mixed else f"{others} {verb} it already"
    return f"this rule adds nothing: {what}", f"{does} nothing new"


def _partly(examined: Examined, one: Dead, rule: FileRule) -> Diagnostic:
    word = mode_word(rule)
    span = word or rule.span
    left = "".join(letter for letter in span.text if letter.lower() not in one.letters.lower())
    fix = None
    if word is not None and "x" not in one.letters and _means(left, rule, one.letters):
        fix = Fix(word, left, safe=_is_safe(examined, one), message=f"write `{left}`")
    return Diagnostic(
        "DA350",
        _never(one.letters),
        span,
        Severity.WARNING,
        label="denied" if one.reason == "denied" else "decided elsewhere",
        others=_labels(one.by, False, "decided here"),
        help=(_DENY_WINS,) if one.reason == "denied" else (),
        notes=_witness(one),
        fix=fix,
    )


def _some_names(examined: Examined, one: Dead, rule: CapabilityRule) -> Diagnostic:
    names = [word for word in rule.names if word.text in one.names]
    kept = " ".join(word.text for word in rule.names if word.text not in one.names)
    listed = Span(rule.span.source, rule.names[0].span.start, rule.names[-1].span.end)
    return Diagnostic(
        "DA350",
        _never(one.names),
        names[0].span,
        Severity.WARNING,
        label="denied",
        others=_labels(one.by, False, "denied here"),
        help=(_DENY_WINS,),
        notes=_witness(one),
        fix=Fix(listed, kept, safe=_is_safe(examined, one), message=f"keep `{kept}`"),
    )


def _some_permissions(one: Dead) -> Diagnostic:
    """Of a rule of the policy table, whose permissions stand in a list or alone."""
    return Diagnostic(
        "DA350",
        _never(one.names),
        one.placed.rule.span.part(one.names[0]),
        Severity.WARNING,
        label="denied" if one.reason == "denied" else "decided elsewhere",
        others=_labels(one.by, False, "decided here"),
        help=(_DENY_WINS,) if one.reason == "denied" else (),
        notes=_witness(one),
    )


def _never(what: Sequence[str]) -> str:
    listed = " and ".join(f"`{one}`" for one in what)
    return f"{listed} of this rule {'is' if len(what) == 1 else 'are'} never granted"


def _means(word: str, rule: FileRule, dropped: str) -> bool:
    """Does the shortened word say what the rule says, less these letters?"""
    try:
        mode = parse_mode(word)
    except ModeFault:
        return False
    kept = "".join(letter for letter in letters_of(rule) if letter not in dropped)
    shortened = FileRule(rule.path, mode.letters, mode.exec, None, None, False, rule.qualifiers, rule.span)
    return bool(kept) and letters_of(shortened) == kept and mode.exec == rule.exec


def _labels(by: tuple[PlacedRule, ...], denies: bool, words: str) -> tuple[Label, ...]:
    """Where the others stand; `denies`: the rule is a deny itself."""
    return tuple(
        Label(one.rule.span, "denied here" if one.rule.qualifiers.effect == "deny" and not denies else words)
        for one in by
    )


def _witness(one: Dead) -> tuple[str, ...]:
    rule = one.placed.rule
    text = _capability(one, rule) if isinstance(rule, CapabilityRule) else _request(one)
    if text is None:
        return ()
    if one.reason == "repeated":
        does = "denied" if rule.qualifiers.effect == "deny" else "allowed"
        return (f"witness: {text[:200]} is {does} without it",)
    return (f"witness: {text[:200]} is {'denied' if one.reason == 'denied' else 'decided by the other rule'}",)


def _capability(one: Dead, rule: CapabilityRule) -> str:
    return f"capability {next(iter(one.names or map(str, rule.names)), 'chown')}"


def _request(one: Dead) -> str | None:
    """What a task could do, of all that the rule speaks of in vain."""
    rule, letters = one.placed.rule, one.letters
    if not letters and isinstance(rule, FileRule | LinkRule):
        letters = letters_of(rule)[:1]
    table, wanted = one.table, speaking(one, letters)
    if table is None or not wanted:
        return None
    if isinstance(rule, UnixRule):  # what says most: others are about the family and type alone
        wanted = {max(wanted, key=lambda index: len(table.placed[index].entry.pattern))}
    string = table.shortest(lambda met: not wanted.isdisjoint(met))
    return None if string is None else described(one.placed, string, letters, one.names)


def _is_safe(examined: Examined, one: Dead) -> bool:
    """Is it so on every machine? Included files, variables and conditions may say another thing elsewhere."""
    rule = one.placed.rule
    others = [other.rule for other in one.by]
    if isinstance(rule, UnixRule) and one.reason == "denied":
        return False  # where the kernel knows sockets by type only, the deny is dropped and the rule is not
    if not all(examined.own(other) for other in one.by):
        return False
    if any(rule != other and "@{" in rule.span.text + other.span.text for other in others):
        return False
    branches = [node.span for node in walk(examined.file.body) if isinstance(node, Conditional)]
    return not any(_holds(span, other.span) and not _holds(span, rule.span) for span in branches for other in others)


def _holds(outer: Span, inner: Span) -> bool:
    return outer.start <= inner.start < outer.end


LINT = Lint("DA350", "dead-rule", _find)
