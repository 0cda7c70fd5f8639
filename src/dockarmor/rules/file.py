"""File rules: `/etc/passwd r,`, `file rw /tmp/**,`, `/usr/bin/man Px -> man,`, `file,`.

Source: apparmor.d(5), FILE RULES; security/apparmor/file.c. What leads a task into another profile is in
exec_transition.py, what a link needs in link.py.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import NoReturn

from dockarmor.access.confinement import Confinement, StatePermissions
from dockarmor.access.decision import Decision, Match
from dockarmor.access.event import Event
from dockarmor.access.request import ExecRequest, FileRequest
from dockarmor.rules import exec_transition, file_record, link
from dockarmor.rules.aare import is_exact
from dockarmor.rules.conditions import shown, spell_qualifiers
from dockarmor.rules.file_check import answer
from dockarmor.rules.file_idle import globs_in_classes, idle_parts
from dockarmor.rules.file_mode import (
    EXEC,
    LINK,
    MODE,
    Environment,
    Mode,
    ModeFault,
    exec_place,
    exec_word,
    parse_mode,
    spell_mode,
)
from dockarmor.rules.kind import Dropped, Entry, Kind, Qualifiers, RecordPairs, Scope
from dockarmor.rules.path import (
    expect_path,
    finish,
    read_path,
    read_target,
    spell_path,
    spell_target,
    unexpected,
)
from dockarmor.rules.policy_entry import mediated
from dockarmor.syntax.cursor import Cursor, Word
from dockarmor.syntax.lexer import KEYWORDS
from dockarmor.text.diagnostic import Diagnostic, DiagnosticError, Label
from dockarmor.text.regex import regex
from dockarmor.text.source import Span
from dockarmor.value import field, frozen

_ENVIRONMENT = regex(r"(?:un)?safe(?![A-Za-z0-9_])")
_SUBSET = regex(r"subset(?![A-Za-z0-9_])")
_WRITTEN_MODE = regex(r"[^ \t\r\n,\"]+")
# Permissions as the next word but one: what is before them is the rest of a path with a blank in it.
_MODE_BEHIND = regex(r"[ \t]+" + MODE.pattern)
#: what the bare rule `file,` says: every path, every permission
_EVERYTHING = "/{**,}"
_ALL_LETTERS = parse_mode("mrwlk").letters


@frozen
class FileRule:
    """`path` is None for the bare rule `file,`. `letters` are the bits of file_mode.py, without exec.

    `exec` is an exec transition as file_mode.EXEC_WORDS spells it (`x` in deny rules), `environment` the word
    before the rule. `target`: what `-> target` names, the profile to run under, or the file to link to where
    there is no exec. `subset` belongs to the latter.
    """

    path: Word | None
    letters: int
    exec: str | None
    environment: Environment | None
    target: Word | None
    subset: bool
    qualifiers: Qualifiers
    span: Span = field(compare=False, repr=False)

    @property
    def links_to(self) -> Word | None:
        """The existing file that a link may be made to; None: any, with the subset test."""
        return self.target if self.exec is None and self.letters & LINK else None


# -- reading ----------------------------------------------------------------------------------------------


def parse(cursor: Cursor, qualifiers: Qualifiers, start: int) -> FileRule:
    """The cursor stands after `file`, or at the first word of a rule without it.

    file   = "file" ","
           | [ "file" ] [ "safe" | "unsafe" ] path mode [ "->" target ] ","
           | [ "file" ] [ "safe" | "unsafe" ] mode [ "subset" ] path [ "->" target ] ","
    target = id | quoted
    """
    if cursor.text.endswith("file", start, cursor.pos) and cursor.accept(","):
        return _everything(cursor, qualifiers, start)
    written = cursor.read(_ENVIRONMENT)
    first = cursor.read(MODE)
    subset = cursor.read(_SUBSET) if first else None
    path = expect_path(cursor, "the path after the permissions") if first else _path(cursor)
    mode_word = first or cursor.read(MODE)
    if mode_word is None:
        _no_mode(cursor, path)
    mode = _mode(cursor, mode_word)
    target = read_target(cursor, "the target")
    environment: Environment | None = None
    if written is not None:
        environment = "unsafe" if written.text == "unsafe" else "safe"
        if mode.exec is None:
            _fail(
                cursor,
                *(
                    "DA208",
                    f"`{written}` without an exec permission",
                    written.span,
                    "scrub the environment of what?",
                ),
                help="it belongs to rules that allow exec, as in `safe /bin/sh px,`",
                others=(Label(mode_word.span, "no exec permission in these"),),
            )
    _check_exec(cursor, qualifiers, mode_word, mode)
    if written is not None and environment == "unsafe" and qualifiers.effect == "deny":
        message = "a deny rule denies exec with any environment"
        _fail(cursor, "DA208", message, written.span, help="remove `unsafe`")
    if subset is not None and (mode.letters != LINK or mode.exec):
        _fail(
            cursor,
            "DA209",
            "`subset` is for link rules",
            subset.span,
            help="with it, `l` stands alone: `l subset`",
        )
    if first is not None and target is not None and mode.letters & LINK:
        _check_link_target(cursor, mode_word, mode, target)
    return FileRule(
        *(path, mode.letters, mode.exec, environment, target, subset is not None, qualifiers),
        finish(cursor, start, "file"),
    )


def simple(path: Word, mode: str, qualifiers: Qualifiers, span: Span) -> FileRule | None:
    """A rule `path mode,` that needed no cursor; None where only `parse` can say what it is or what is wrong.

    `path` is a whole path word with its escapes decoded.
    """
    known = _simple_mode(mode)
    if known is None or (known.exec == "x") != (known.exec is not None and qualifiers.effect == "deny"):
        return None
    return FileRule(path, known.letters, known.exec, None, None, False, qualifiers, span)


@lru_cache(maxsize=1024)
def _simple_mode(text: str) -> Mode | None:
    if not MODE.fullmatch(text):
        return None
    try:
        return parse_mode(text)
    except ModeFault:
        return None


def _everything(cursor: Cursor, qualifiers: Qualifiers, start: int) -> FileRule:
    if qualifiers.effect == "deny":
        _fail(
            cursor,
            *(
                "DA211",
                "`deny file,` cannot be: `file,` says how programs run (`ix`), and a deny rule must not",
                cursor.span(start),
                "",
            ),
            help="write `deny /{**,} mrwlkx,`",
        )
    return FileRule(None, _ALL_LETTERS, "ix", None, None, False, qualifiers, cursor.span(start))


def _path(cursor: Cursor) -> Word:
    path = read_path(cursor)
    if path is None:
        unexpected(cursor, "DA201", "a path, permissions, or another rule")
    return path


def _mode(cursor: Cursor, word: Word) -> Mode:
    try:
        return parse_mode(word.text)
    except ModeFault as fault:
        _mode_fault(cursor, word.span.start, fault)


def _mode_fault(cursor: Cursor, at: int, fault: ModeFault) -> NoReturn:
    first = fault.first
    others = (Label(cursor.span(at + first[0], at + first[1]), "this is the first one"),) if first else ()
    span = cursor.span(at + fault.start, at + fault.end)
    _fail(cursor, fault.code, fault.message, span, fault.label, help=fault.help, others=others)


def _no_mode(cursor: Cursor, path: Word) -> NoReturn:
    """Nothing that is a permission word stands behind the path: say what is there instead."""
    cursor.skip()
    written = cursor.match(_WRITTEN_MODE)
    if not path.span.text.startswith(("/", '"', "@", ":", "&")):
        _unknown_rule(cursor, path)
    if cursor.pos == path.span.end and cursor.peek() in tuple('!"+?='):
        behind = "right behind a variable" if cursor.peek() in "+?=" else "in an unquoted path"
        message = f"`{cursor.peek()}` cannot stand {behind}"
        _fail(
            cursor,
            "DA202",
            message,
            cursor.span(cursor.pos, cursor.pos + 1),
            help="put the whole path in quotes",
        )
    help = "write the permissions behind the path, as in `/etc/passwd r,`"
    if path.text.count("{") > path.text.count("}"):
        help = "an unquoted path ends at a blank, and its `{` is still open: put it in quotes"
    elif written and _MODE_BEHIND.match(cursor.text, written.end(), cursor.end):
        help = "an unquoted path ends at a blank: put all of it in quotes"
    elif written and not written.group().startswith(("->", "/", "}", "{", "#")):
        try:
            parse_mode(written.group())
        except ModeFault as fault:
            _mode_fault(cursor, cursor.pos, fault)
    end = path.span.end
    label = (Label(cursor.span(written.start(), written.end()), "this is no permission"),) if written else ()
    message = f"this rule gives no permissions to `{shown(path.text)}`"
    _fail(cursor, "DA202", message, cursor.span(end, end), "expected permissions here", help=help, others=label)


def _unknown_rule(cursor: Cursor, word: Word) -> NoReturn:
    from difflib import get_close_matches

    near = get_close_matches(word.text[:64], sorted((*KEYWORDS, "include")), 1, 0.7)
    help = f"did you mean `{near[0]}`?" if near else "a rule begins with a keyword or a path"
    _fail(cursor, "DA200", f"there is no rule `{shown(word.text)}`", word.span, help=help)


def _check_exec(cursor: Cursor, qualifiers: Qualifiers, word: Word, mode: Mode) -> None:
    if mode.exec is None or (mode.exec == "x") == (qualifiers.effect == "deny"):
        return
    start, end = exec_place(word.text)
    span = Span(cursor.source, word.span.start + start, word.span.start + end)
    if mode.exec == "x":
        _fail(
            cursor,
            *(
                "DA206",
                "`x` does not say under which profile the program runs",
                span,
                "only deny rules may leave it open",
            ),
            help="`ix` keeps this profile, `Px` takes the program's own, `Cx` a child; `Ux` is unconfined",
        )
    denied = qualifiers.spans.get("deny")
    _fail(
        cursor,
        *("DA207", f"a deny rule denies every exec: write `x`, not `{word.text[start:end]}`", span, ""),
        others=(Label(denied, "denied here"),) if denied else (),
    )


def _check_link_target(cursor: Cursor, word: Word, mode: Mode, target: Word) -> None:
    if mode.exec is not None:
        _fail(
            cursor,
            *("DA213", "is the target a profile to run under, or a file to link to?", target.span, ""),
            help="write two rules, one for exec and one for `l`",
            others=(Label(word.span, "both exec and `l` are here"),),
        )
    if target.text.startswith(":"):
        _fail(cursor, "DA214", "a link's target is a file, it has no namespace", target.span)


def _fail(
    cursor: Cursor,
    code: str,
    message: str,
    span: Span,
    label: str = "",
    *,
    help: str | None = None,
    others: tuple[Label, ...] = (),
) -> NoReturn:
    helps = (help,) if help else ()
    raise DiagnosticError(
        [Diagnostic(code, message, span, label=label, help=helps, others=others, includes=cursor.includes)]
    )


# -- writing and encoding ---------------------------------------------------------------------------------


def write(rule: FileRule) -> str:
    before = spell_qualifiers(rule.qualifiers)
    if rule.path is None:
        return f"{before}file,"
    environment = f"{rule.environment} " if rule.environment else ""
    path = spell_path(rule.path.text)
    mode = spell_mode(rule.letters, rule.exec)
    target = spell_target(rule.target)
    if rule.subset:
        return f"{before}{environment}{mode} subset {path}{target},"
    return f"{before}{environment}{path} {mode}{target},"


def encode(rule: FileRule, scope: Scope) -> Iterator[Entry | Dropped]:
    """One entry for the path, and a pair for `l`. That ix implies m is settled per state, not here."""
    path = rule.path or Word(_EVERYTHING, rule.span)
    if "[" in path.text:
        yield from globs_in_classes(path)
    if rule.target is not None or rule.environment == "safe" or rule.subset:
        yield from idle_parts(rule)
    pattern = link.path_pattern(path, scope)
    group = rule.letters | (_exec_bits(rule, rule.exec, scope) if rule.exec else 0)
    denied = rule.qualifiers.effect == "deny"
    own = group & ~LINK if denied else group  # a denied link is denied by its pair
    if own:
        exact = bool(group & EXEC) and is_exact(pattern)
        yield link.entry(rule.qualifiers, pattern, own, exact=exact)
    if group & LINK:
        yield link.pair(rule.qualifiers, pattern, rule.links_to, rule.subset, scope)


def _exec_bits(rule: FileRule, exec: str, scope: Scope) -> int:
    if rule.target is None or rule.path is None:
        return exec_word(exec, rule.environment)
    target = rule.target.text
    if exec[0] in "cC":
        if target == rule.path.text:
            return exec_word(exec, rule.environment)
        if not target.removeprefix("&").startswith(":"):  # what is in another namespace is no child
            target = f"{scope.profile}//{target}"
    try:
        slot = scope.exec_slot(target)
    except ValueError:
        message = "a profile can name at most 12 different targets of exec transitions"
        help = ("let programs with one target share a profile, or use `Px` without a target",)
        raise DiagnosticError([Diagnostic("DA221", message, rule.target.span, help=help)]) from None
    return exec_word(exec, rule.environment, slot)


# -- deciding ---------------------------------------------------------------------------------------------


def decide(confinement: Confinement, request: FileRequest | ExecRequest) -> Decision:
    """`aa_path_perm`: what is asked and not allowed is denied."""
    if isinstance(request, ExecRequest):
        return exec_transition.decide(confinement, request)
    table = confinement.file
    permissions = StatePermissions()
    if table is not None:
        state = table.walk(table.start(), request.path)
        permissions = table.permissions(state, owner=request.owner)
    return answer(permissions, request.permissions, (Match("file", request.path, request.owner),))


def record(request: FileRequest | ExecRequest, decision: Decision) -> RecordPairs:
    if isinstance(request, ExecRequest):
        return exec_transition.record(request, decision)
    return file_record.record(request, decision)


def request(event: Event) -> FileRequest | ExecRequest | None:
    if event.operation == "exec":
        return exec_transition.request(event)
    return file_record.request(event)


def mediates(scope: Scope) -> Iterator[Entry]:
    """A policy table says that files are mediated, for kernels whose blobs have the class there (abi 6, 7)."""
    if scope.kernel_has("policy/versions/v6") or scope.kernel_has("policy/versions/v7"):
        yield mediated(b"\\x02")


KIND = Kind(
    "file",
    keywords=("file",),
    rules=(FileRule,),
    requests=(FileRequest, ExecRequest),
    parse=parse,
    write=write,
    encode=encode,
    decide=decide,
    record=record,
    request=request,
    mediates=mediates,
)
