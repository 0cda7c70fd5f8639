"""DA362: a rule on a path that is a symbolic link today. The kernel asks about the file that the link leads to."""

from collections.abc import Iterable, Iterator

from dockarmor.lint.lint import Examined, Lint
from dockarmor.policy.profile import Profile
from dockarmor.rules.change_profile import ChangeProfileRule
from dockarmor.rules.file import FileRule
from dockarmor.rules.file_mode import APPEND, WRITE
from dockarmor.rules.link import LinkRule
from dockarmor.syntax.cursor import Word
from dockarmor.syntax.tree import ProfileNode
from dockarmor.text.diagnostic import Diagnostic, Fix, Severity
from dockarmor.text.source import Span
from dockarmor.value import frozen


@frozen
class _Link:
    """`path` is the link, `to` where it leads, `write` what covers both or is right everywhere."""

    path: str
    to: str
    write: str


_LINKS = (
    *(_Link(f"/{name}/", f"/usr/{name}/", f"/{{,usr/}}{name}/") for name in ("bin", "sbin", "lib", "lib32", "lib64")),
    _Link("/var/run/", "/run/", "/run/"),
    _Link("/var/lock/", "/run/lock/", "/run/lock/"),
    _Link("/dev/fd/", "/proc/PID/fd/", "/proc/[0-9]*/fd/"),
)
#: a link that programs also replace, so rules that write to it may mean the link itself
_MTAB = _Link("/etc/mtab", "/proc/PID/mounts", "/proc/[0-9]*/mounts")
#: what these lead to is whatever the task was given
_STREAMS = ("/dev/stdin", "/dev/stdout", "/dev/stderr")


def _find(examined: Examined) -> Iterator[Diagnostic]:
    for node in examined.file.body:
        if isinstance(node, ProfileNode):
            yield from _attachment(node, examined)
    for profile, rule in examined.own_rules(FileRule):
        if rule.path is not None:
            yield from _rule(examined, rule.path, rule, profile)
    for profile, change in examined.own_rules(ChangeProfileRule):
        if change.exec is not None:
            yield from _path(examined, change.exec, profile, "this rule matches no program")
    for profile, pair in examined.own_rules(LinkRule):
        yield from _path(examined, pair.path, profile, "this rule never matches")


def _rule(examined: Examined, path: Word, rule: FileRule, profile: Profile) -> Iterator[Diagnostic]:
    what = "this rule denies nothing" if rule.qualifiers.effect == "deny" else "this rule never matches"
    if path.text in _STREAMS:
        yield Diagnostic(
            "DA362",
            f"`{path}` is a symbolic link: {what}",
            path.span,
            Severity.WARNING,
            label="it leads to what the task was started with",
            help=("write a rule for that: a terminal is `/dev/pts/[0-9]*`, a pipe needs none",),
        )
    elif path.text == _MTAB.path and not rule.letters & (WRITE | APPEND):
        yield _said(path.span, _MTAB, what)
    else:
        yield from _path(examined, path, profile, what)


def _path(examined: Examined, path: Word, profile: Profile, what: str) -> Iterator[Diagnostic]:
    link = _link(path.text, profile.aliases)
    if link is not None and not _covered(link, path.text, examined.once(_paths, profile)):
        yield _said(path.span, link, what)


def _attachment(node: ProfileNode, examined: Examined) -> Iterator[Diagnostic]:
    word = node.attachment or node.name
    aliases = next((profile.aliases for profile in examined.policy.profiles), ())
    link = _link(word.text, aliases)
    if link is None or node.kind == "hat":
        return
    if node.attachment is not None:
        yield _said(word.span, link, "the profile attaches to no program")
        return
    name = word.text.rpartition("/")[2]
    yield Diagnostic(
        "DA362",
        f"`{link.path}` is a symbolic link on most systems today: the profile attaches to no program",
        word.span,
        Severity.WARNING,
        label=f"the kernel sees `{link.to}…`",
        help=(f"give it a name and both paths: `profile {name} {link.write}{word.text[len(link.path) :]}`",),
    )


def _link(text: str, aliases: Iterable[tuple[str, str]]) -> _Link | None:
    found = next((link for link in _LINKS if text.startswith(link.path)), None)
    if found is None or any(text.startswith(source) for source, _ in aliases):
        return None
    return found


def _covered(link: _Link, text: str, paths: frozenset[str]) -> bool:
    """Is there the same rule for the place where the link leads? Then its author knows."""
    rest = text[len(link.path) :]
    return link.to + rest in paths or link.write + rest in paths


def _paths(_: Examined, profile: Profile) -> frozenset[str]:
    paths = (getattr(placed.rule, "path", None) for placed in profile.rules)
    return frozenset(path.text for path in paths if isinstance(path, Word))


def _said(span: Span, link: _Link, what: str) -> Diagnostic:
    start = span.start + span.text.startswith('"')
    place = Span(span.source, start, start + len(link.path))
    # an escaped spelling is left to its author
    known = place.text == link.path
    fix = Fix(place, link.write, safe=False, message=f"write `{link.write}`") if known else None
    return Diagnostic(
        "DA362",
        f"`{link.path}` is a symbolic link on most systems today: {what}",
        span,
        Severity.WARNING,
        label=f"the kernel sees `{link.to}…`" if link.to.endswith("/") else f"the kernel sees `{link.to}`",
        help=(f"write `{link.write}`" + (", it is right on old and new systems" if "{," in link.write else ""),),
        fix=fix,
    )


LINT = Lint("DA362", "symlinked-path", _find)
