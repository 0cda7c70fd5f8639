"""Hard links: `link /new -> /existing,`, and the pairs of paths by which the kernel decides on them.

A link needs two things: the permission on its new name, and a pair `name NUL existing` that allows it. A pair
may demand in addition that the new name grants nothing that the existing one does not (the subset test).
Source: apparmor.d(5), LINK RULES; security/apparmor/file.c, `profile_path_link`.
"""

from collections.abc import Iterator

from dockarmor.access.confinement import Confinement, StatePermissions
from dockarmor.access.decision import Decision, Match
from dockarmor.access.event import Event
from dockarmor.access.permission import Perm
from dockarmor.access.request import LinkRequest
from dockarmor.rules import exec_transition
from dockarmor.rules.aare import filter_slashes, to_pattern
from dockarmor.rules.conditions import spell_qualifiers
from dockarmor.rules.file_check import answer, is_owner, object_pairs
from dockarmor.rules.file_mode import LINK, SUBSET, both_groups
from dockarmor.rules.kind import Dropped, Entry, Kind, Qualifiers, RecordPairs, Scope
from dockarmor.rules.path import expect_path, finish, read_target, spell_path, spell_target, unexpected
from dockarmor.rules.policy_entry import idle
from dockarmor.syntax.cursor import Cursor, Word
from dockarmor.text.regex import regex
from dockarmor.text.source import Span
from dockarmor.value import field, frozen, replace

_SUBSET = regex(r"subset(?![A-Za-z0-9_])")
#: what `l` without a target allows to link to
_ANY_FILE = b"/[^/].*"
#: what the subset test and the audit record look at (include/file.h, AA_AUDIT_FILE_MASK)
_AUDITED = (
    *(Perm.READ, Perm.WRITE, Perm.EXEC, Perm.APPEND, Perm.CREATE, Perm.DELETE, Perm.GETATTR, Perm.SETATTR),
    *(Perm.CHMOD, Perm.CHOWN, Perm.LOCK, Perm.EXEC_MMAP, Perm.LINK),
)


@frozen
class LinkRule:
    path: Word
    target: Word
    subset: bool
    qualifiers: Qualifiers
    span: Span = field(compare=False, repr=False)


def parse(cursor: Cursor, qualifiers: Qualifiers, start: int) -> LinkRule:
    """`"link" [ "subset" ] path "->" path ","`"""
    subset = cursor.read(_SUBSET) is not None
    path = expect_path(cursor, "the path of the new link")
    target = read_target(cursor, "the path of the existing file")
    if target is None:
        unexpected(cursor, "DA215", "`->` and the path of the existing file")
    return LinkRule(path, target, subset, qualifiers, finish(cursor, start, "link"))


def write(rule: LinkRule) -> str:
    subset = "subset " if rule.subset else ""
    path = spell_path(rule.path.text)
    return f"{spell_qualifiers(rule.qualifiers)}link {subset}{path}{spell_target(rule.target)},"


def encode(rule: LinkRule, scope: Scope) -> Iterator[Entry | Dropped]:
    if rule.subset:
        yield from untested(rule.qualifiers, rule.span)
    pattern = path_pattern(rule.path, scope)
    if rule.qualifiers.effect != "deny":
        yield entry(rule.qualifiers, pattern, LINK)
    yield pair(rule.qualifiers, pattern, rule.target, rule.subset, scope)


def path_pattern(path: Word, scope: Scope) -> bytes:
    return to_pattern(filter_slashes(scope.expand(path.text, path.span)), span=path.span)


def entry(qualifiers: Qualifiers, pattern: bytes, group: int, *, more: int = 0, exact: bool = False) -> Entry:
    """A file entry with a rule's qualifiers; `group` are one group's bits, `more` are permissions as they stand.

    An allow rule audits what it grants where it says `audit`; a deny rule is quiet unless it says so.
    """
    word = both_groups(group, qualifiers.subject)
    marked = qualifiers.audit != (qualifiers.effect == "deny")
    effect, priority = qualifiers.effect, qualifiers.priority
    return Entry("file", pattern, word | more, word if marked else 0, effect, priority, exact)


def pair(qualifiers: Qualifiers, pattern: bytes, target: Word | None, subset: bool, scope: Scope) -> Entry:
    """The pair entry; without a target it is any file, and always with the subset test.

    The test is asked for in the owner's half only, as upstream does; docs/decisions/0003-patterns.md.
    """
    end = _ANY_FILE if target is None else path_pattern(target, scope)
    tested = (subset or target is None) and qualifiers.subject != "other"
    return entry(qualifiers, pattern + b"\\x00" + end, LINK, more=SUBSET if tested else 0)


def untested(qualifiers: Qualifiers, span: Span) -> Iterator[Dropped]:
    """What is said of `subset` where `pair` does not ask for the test."""
    if qualifiers.subject == "other":
        why = "what a link may be made to is compared for the file's owner only"
        yield idle("`subset` of an `other` rule", why, span, "name the files that may be linked to")


def decide(confinement: Confinement, request: LinkRequest) -> Decision:
    """`profile_path_link`."""
    table = confinement.file
    matches = [Match("file", request.link, request.owner)]
    if table is None:
        return answer(StatePermissions(), Perm.LINK, matches)
    start = table.start()
    state = table.walk(start, request.link)
    link = table.permissions(state, owner=request.owner)
    if not link.allow & Perm.LINK:
        return answer(link, Perm.LINK, matches)
    matches.append(Match("file", request.link + b"\0" + request.target, request.owner))
    both = table.permissions(table.walk(state, b"\0" + request.target), owner=request.owner)
    if not both.allow & Perm.LINK:
        return answer(both, Perm.LINK, matches, "target restricted")
    link = replace(link, audit=both.audit, quiet=both.quiet, kill=both.kill)
    if not both.allow & Perm.LOCK:  # the subset bit of a pair
        return answer(link, Perm.LINK, matches)
    matches.append(Match("file", request.target, request.owner))
    target = table.permissions(table.walk(start, request.target), owner=request.owner)
    return _subset(link, target, matches)


def _subset(link: StatePermissions, target: StatePermissions, matches: list[Match]) -> Decision:
    """What the new name grants must be granted on the existing one, exec in the same way."""
    asked = link.allow & ~Perm.LINK
    common = link.allow & (target.allow | Perm.LINK)
    asked |= sum(_AUDITED) & common & ~target.allow
    if asked & ~common:
        return answer(replace(link, allow=common), asked, matches)
    if common & Perm.EXEC and not exec_transition.is_subset(link.exec_index, target.exec_index):
        allowed = replace(link, allow=common & ~Perm.EXEC)
        return answer(allowed, asked | Perm.EXEC, matches, "link not subset of target")
    return answer(replace(link, allow=common), asked, matches)


def record(request: LinkRequest, decision: Decision) -> RecordPairs:
    pairs = (*object_pairs(decision), ("target", request.target))
    return RecordPairs("link", "file", request.link, pairs)


def request(event: Event) -> LinkRequest | None:
    """`operation="link"` (`inode_link` in records of 2.x kernels) with the new name and the existing one."""
    fields = event.fields
    if event.operation not in ("link", "inode_link") or "name" not in fields or "target" not in fields:
        return None
    return LinkRequest(fields["name"].encode("latin-1"), fields["target"].encode("latin-1"), owner=is_owner(event))


KIND = Kind(
    "link",
    keywords=("link",),
    rules=(LinkRule,),
    requests=(LinkRequest,),
    parse=parse,
    write=write,
    encode=encode,
    decide=decide,
    record=record,
    request=request,
)
