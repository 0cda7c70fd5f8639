"""DA352: a child profile that no rule of its file leads to."""

from collections.abc import Iterable, Iterator, Sequence

from dockarmor.automata.determinise import determinise
from dockarmor.automata.limits import LimitExceeded, PatternError
from dockarmor.automata.trie import Trie
from dockarmor.compile.attachment import attachment_patterns
from dockarmor.lint.insertion import first_rule
from dockarmor.lint.lint import Examined, Lint
from dockarmor.lint.mode_word import exec_span, mode_word
from dockarmor.lint.overlap import BOUNDS
from dockarmor.policy.profile import Profile
from dockarmor.rules.aare import escape_literal, filter_slashes, to_pattern
from dockarmor.rules.change_profile import ChangeProfileRule
from dockarmor.rules.file import FileRule
from dockarmor.text.diagnostic import Diagnostic, DiagnosticError, Fix, Severity
from dockarmor.text.source import Span

#: what stands for a path that is not known
_SOME = "/path/of/program"


def _find(examined: Examined) -> Iterator[Diagnostic]:
    parents = [profile for profile in examined.profiles() if any(not child.hat for child in profile.children)]
    if not parents:
        return
    try:
        targets = list(dict.fromkeys(pattern for profile in examined.profiles() for pattern in _named(profile)))
        for parent in parents:
            for child in _unreached(parent, targets):
                if (node := examined.node(child)) is not None:
                    yield _found(examined, parent, child, node.head)
    except DiagnosticError:  # what a variable says cannot be told: that is reported elsewhere
        return


def _unreached(parent: Profile, targets: list[bytes]) -> list[Profile]:
    """The children, without hats, that no target names and no program of the parent attaches to."""
    children = [child for child in parent.children if not child.hat]
    if parent.aliases:  # they give rules and attachments further paths
        return []
    named = _met(targets, [[to_pattern(escape_literal(child.name))] for child in children])
    attached = _met(list(_programs(parent)), [attachment_patterns(child) for child in children])
    return [child for at, child in enumerate(children) if at not in named | attached]


def _found(examined: Examined, parent: Profile, child: Profile, head: Span) -> Diagnostic:
    own = child.name.removeprefix(f"{parent.name}//")
    path = own if own.startswith("/") else child.attachment or _SOME
    rule = f"{path} cx," if path in (own, child.attachment) else f"{path} cx -> {own},"
    return Diagnostic(
        "DA352",
        f"no rule leads to the child profile `{own[:60]}`",
        head,
        Severity.WARNING,
        label=f"only a rule of `{parent.name[:60]}` can start a program under it",
        help=(
            f"add a rule such as `{rule[:120]}` to `{parent.name[:60]}`, or remove the child",
            "if it is started from outside (aa-exec, a container's `apparmor=`), allow this with a comment",
        ),
        fix=None if path == _SOME else _leading(examined, parent, path, rule),
    )


def _leading(examined: Examined, parent: Profile, path: str, rule: str) -> Fix | None:
    """Add the rule; where the parent runs this program in another way, say `cx` there."""
    for other in examined.rules_of(parent, FileRule):
        if other.exec and other.path is not None and other.path.text == path:
            if other.target is not None or not rule.endswith(" cx,") or mode_word(other) is None:
                return None
            return Fix(exec_span(other), "cx", safe=False, message="write `cx`")
    return first_rule(examined, parent, rule)


def _named(profile: Profile) -> Iterator[bytes]:
    """The profiles that rules name as targets, as patterns of full names."""
    for placed in profile.rules:
        rule = placed.rule
        if rule.qualifiers.effect == "deny":
            continue
        if isinstance(rule, ChangeProfileRule):
            text = "**" if rule.target is None else profile.variables.expand(rule.target.text, rule.target.span)
            for part in _stack(text):
                try:
                    yield to_pattern(part)
                except DiagnosticError:
                    yield to_pattern("**")
        elif isinstance(rule, FileRule) and rule.exec and rule.target is not None:
            for part in _stack(rule.target.text):
                yield to_pattern(escape_literal(part))
                if rule.exec[0] in "cC":
                    yield to_pattern(escape_literal(f"{profile.name}//{part}"))


def _stack(text: str) -> list[str]:
    """The labels of a stack, without their namespaces."""
    parts = text.removeprefix("&").split("//&")
    return [part.rpartition(":")[2].removeprefix("//") if part.startswith(":") else part for part in parts]


def _programs(parent: Profile) -> Iterator[bytes]:
    """The paths that rules of the parent run under the child that attaches to them."""
    for placed in parent.rules:
        rule = placed.rule
        if not isinstance(rule, FileRule) or rule.path is None or rule.qualifiers.effect == "deny":
            continue
        if rule.exec and rule.exec[0] in "cC" and rule.target is None:
            yield to_pattern(filter_slashes(parent.variables.expand(rule.path.text, rule.path.span)))


def _met(patterns: Iterable[bytes], groups: Sequence[Iterable[bytes]]) -> set[int]:
    """The groups that match a string which one of the patterns matches, too. All where that is too much work."""
    found: set[int] = set()

    def value(accepts: tuple[int, ...]) -> int:
        if accepts[:1] == (0,):
            found.update(accept - 1 for accept in accepts[1:])
        return 0

    try:
        trie = Trie(BOUNDS)
        for pattern in patterns:
            trie.add(pattern, 0)
        for number, group in enumerate(groups, 1):
            for pattern in group:
                trie.add(pattern, number)
        determinise(trie, value, None, BOUNDS)
    except (LimitExceeded, PatternError):
        return set(range(len(groups)))
    return found


LINT = Lint("DA352", "unreachable-child", _find, whole=True)
