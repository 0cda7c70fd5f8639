"""The structure of a policy file: what stands where, and which kind reads it.

    policy = { include | abi | alias | assignment | profile }
    body   = { qualifiers ( rule | block ) | profile | hat | conditional | abi | include }

One reader serves both: an included file may hold either, and only `policy/resolve.py` knows where it is used.
After a mistake reading goes on behind the statement, so one run finds all of them.
"""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Protocol

from dockarmor.syntax import MAX_BYTES
from dockarmor.syntax.condition import parse_condition
from dockarmor.syntax.cursor import MAX_WORD, TRIVIA, Cursor, Word
from dockarmor.syntax.header import HEADER, needs_keyword, parse_name, parse_rest
from dockarmor.syntax.preamble import (
    INCLUDE,
    parse_abi,
    parse_alias,
    parse_assignment,
    parse_include,
    parse_plain_assignments,
    unfinished_line,
)
from dockarmor.syntax.qualifiers import PLAIN, SLOTS, Effect, Qualifiers, Subject, misplaced
from dockarmor.syntax.tree import Block, Branch, Conditional, File, Node, ProfileNode, RuleNode, Unreadable
from dockarmor.text.diagnostic import Diagnostic, DiagnosticError, Fix
from dockarmor.text.regex import regex
from dockarmor.text.source import Source, Span
from dockarmor.value import frozen

#: bounds: the statements of a file, how deep braces nest, how many mistakes of one file are told
MAX_STATEMENTS = 50_000
MAX_BRANCHES = 1_000
MAX_DEPTH = 100
MAX_DIAGNOSTICS = 100

_WORD = regex(r"[A-Za-z][A-Za-z0-9_]*")
_QUALIFIER = regex(
    r"(priority)[ \t]*=[ \t]*([+-]?[0-9]+|[^ \t\r\n,{]*)|(audit|allow|deny|prompt|owner|user|other)(?![A-Za-z0-9_])"
)
# A rule in the shape that nearly all have: no quotes, no escapes, one line.
_SIMPLE = regex(
    TRIVIA + r"*+((?:audit[ \t]+)?(?:deny[ \t]+)?(?:(?:owner|other)[ \t]+)?)"
    r'((?:/|@\{\w+\}(?![+?=]|:=))(?:[^ \t\r\n"!,\\#\x00]++|,(?=[^ \t\r\n"!,\\#\x00]))*+)[ \t]++([a-zA-Z]++)[ \t]*+,',
    re.ASCII,
)
_CONDITION = regex(r"[ \t]*=")
_BODY = regex(r"[^{}\n]*\{")
_BOM = "\xef\xbb\xbf"


class RuleKind(Protocol):
    """What the structure needs of a rule kind (rules/kind.py gives more)."""

    @property
    def keywords(self) -> tuple[str, ...]: ...
    @property
    def parse(self) -> Callable[[Cursor, Qualifiers, int], Any]: ...


@frozen
class Grammar:
    """The rule kinds: by keyword, the one for rules without keyword, and its quick road for simple rules.

    `simple(path, mode, qualifiers, span)` gives a rule, or None where only `file.parse` can tell.
    """

    by_keyword: Mapping[str, RuleKind]
    file: RuleKind
    simple: Callable[[Word, str, Qualifiers, Span], Any]


@frozen
class Parsed:
    """A file's tree, all that is wrong with its text, and how many statements it holds, inner ones too."""

    file: File
    diagnostics: tuple[Diagnostic, ...]
    statements: int = 0


def parse(source: Source, grammar: Grammar) -> Parsed:
    """Read a file. Never raises: what cannot be read is an `Unreadable` node and a diagnostic."""
    reader = _Reader(source, grammar)
    if len(source.text) > MAX_BYTES:
        message = f"the file has more than {MAX_BYTES >> 20} MiB"
        span = Span(source, 0, 0)
        return Parsed(
            File(source, (Unreadable(Span(source, 0, len(source.text))),)),
            (Diagnostic("DA001", message, span),),
        )
    before = reader.byte_order_mark()
    body = reader.body(0, None)
    file = File(source, (*before, *body))
    return Parsed(file, tuple(reader.diagnostics), MAX_STATEMENTS - reader.left)


class _Reader:
    def __init__(self, source: Source, grammar: Grammar) -> None:
        self.cursor = Cursor(source)
        self.grammar = grammar
        self.diagnostics: list[Diagnostic] = []
        #: how many statements the file may still hold, those of bodies that are open not counted
        self.left = MAX_STATEMENTS
        #: nothing more is read, and no brace is missed
        self.stopped = False

    def body(self, depth: int, opened: Span | None) -> list[Node]:
        """Nodes up to the closing brace (which is passed), or to the end of the file for `opened` None."""
        nodes: list[Node] = []
        cursor, text, simple = self.cursor, self.cursor.text, self.grammar.simple
        source = cursor.source
        while True:
            if (len(self.diagnostics) >= MAX_DIAGNOSTICS or len(nodes) >= self.left) and not self.stopped:
                self.stopped = True
                if len(nodes) >= self.left:
                    message = f"a file holds at most {MAX_STATEMENTS:,} statements"
                    self.report(Diagnostic("DA008", message, cursor.span(cursor.pos, cursor.pos)))
                begin, cursor.pos = cursor.pos, len(text)
                nodes.append(Unreadable(cursor.span(begin)))
            match = _SIMPLE.match(text, cursor.pos)
            if match is not None and match.end() - cursor.pos < MAX_WORD:
                start, end = match.start(1), match.end()
                path = Word(match[2], Span(source, match.start(2), match.end(2)))
                rule = simple(path, match[3], _simple_qualifiers(match[1]), Span(source, start, end))
                if rule is not None:
                    cursor.pos = end
                    nodes.append(RuleNode(rule, rule.span))
                    continue
            cursor.skip()
            start = cursor.pos
            if cursor.at_end():
                if opened is not None and not self.stopped:
                    self.stopped = True  # the braces around it are open, too: one mistake, told once
                    self.report(Diagnostic("DA003", "this brace is not closed", opened))
                self.left -= len(nodes)
                return nodes
            if text[start] == "}":
                cursor.pos += 1
                if opened is not None:
                    self.left -= len(nodes)
                    return nodes
                self.report(Diagnostic("DA002", "this brace closes nothing", cursor.span(start)))
                nodes.append(Unreadable(cursor.span(start)))
                continue
            if text[start] == "@" and (plain := parse_plain_assignments(cursor, self.left - len(nodes))):
                nodes += plain
                continue
            try:
                nodes.append(self.statement(depth))
            except DiagnosticError as error:
                for diagnostic in error.diagnostics:
                    self.report(diagnostic)
                nodes.append(self.recover(start))

    def byte_order_mark(self) -> list[Node]:
        """A byte order mark at the start of the file is a mistake, but not the whole file's."""
        if not self.cursor.text.startswith(_BOM):
            return []
        self.cursor.pos = len(_BOM)
        mark = self.cursor.span(0)
        fix = Fix(mark, "", safe=True, message="remove it")
        self.report(Diagnostic("DA006", "the file begins with a byte order mark", mark, fix=fix))
        return [Unreadable(mark)]

    def report(self, diagnostic: Diagnostic) -> None:
        self.diagnostics.append(diagnostic)

    def recover(self, start: int) -> Unreadable:
        """Move to where the next statement may begin."""
        # a file without mistakes has no use for it
        from dockarmor.syntax.recovery import next_statement, statement_pattern

        cursor, begins = self.cursor, statement_pattern(self.grammar.by_keyword)
        cursor.pos = next_statement(cursor.text, start, max(cursor.pos, start + 1), begins)
        return Unreadable(cursor.span(start))

    def statement(self, depth: int) -> Node:
        """One statement; the cursor stands at its first character."""
        cursor, start = self.cursor, self.cursor.pos
        char = cursor.text[start]
        if char in "#i" and cursor.match(INCLUDE):
            return parse_include(cursor)
        if char == "#":  # any other comment has been passed
            unfinished_line(cursor)
        if char in "@$":
            assignment = parse_assignment(cursor)
            if assignment is not None:
                return assignment
        if char == "^":
            cursor.pos += 1
            return self.profile("hat", start, depth)
        if char == "{":
            return self.block(PLAIN, start, depth)
        if cursor.match(HEADER):
            return self.profile("profile", start, depth, keyword=False)
        word = cursor.match(_WORD)
        if word is not None and (node := self.keyword(word.group(), start, word.end(), depth)):
            return node
        qualifiers = self.qualifiers()
        cursor.skip()
        if cursor.peek() == "{":
            return self.block(qualifiers, start, depth)
        return self.rule(qualifiers, start)

    def keyword(self, word: str, start: int, end: int, depth: int) -> Node | None:
        """Statements that begin with a keyword and take no qualifiers."""
        cursor = self.cursor
        if word in ("profile", "hat") and not _CONDITION.match(cursor.text, end):
            cursor.pos = end
            return self.profile(word, start, depth)
        if word == "if":
            cursor.pos = end
            return self.conditional(start, depth)
        if word == "abi":
            cursor.pos = end
            return parse_abi(cursor, start)
        if word in ("alias", "rewrite"):
            cursor.pos = end
            return parse_alias(cursor, start)
        return None

    def rule(self, qualifiers: Qualifiers, start: int) -> RuleNode:
        """rule = keyword tail "," | file rule without keyword"""
        cursor = self.cursor
        word = cursor.match(_WORD)
        kind = self.grammar.by_keyword.get(word.group()) if word else None
        if kind is None:
            rule = self.grammar.file.parse(cursor, qualifiers, start)
        else:
            assert word is not None
            cursor.pos = word.end()
            rule = kind.parse(cursor, qualifiers, start)
        return RuleNode(rule, cursor.span(start))

    def qualifiers(self) -> Qualifiers:
        """qualifiers = [ "priority" "=" INT ] [ "audit" ] [ "allow"|"deny"|"prompt" ] [ "owner"|"other" ]"""
        cursor = self.cursor
        found: dict[str, str] = {}
        spans: dict[str, Span] = {}
        order = ("priority", "audit", "effect", "subject")
        last = -1
        while (match := cursor.match(_QUALIFIER)) is not None:
            word = match[1] or match[3]
            slot = SLOTS[word]
            span = Span(cursor.source, match.start(), match.end())
            if slot <= last:
                raise DiagnosticError([misplaced(word, span, spans)])
            last = slot
            found[order[slot]] = match[2] if match[1] else word
            spans[word] = span
            cursor.pos = match.end()
            cursor.skip()
        if not found:
            return PLAIN
        effect: Effect = found.get("effect", "allow")  # type: ignore[assignment]
        subject = {"owner": "owner", "user": "owner", "other": "other"}.get(found.get("subject", ""))
        priority = _priority(cursor, found.get("priority"), spans)
        return Qualifiers(priority, "audit" in found, effect, subject, spans)  # type: ignore[arg-type]

    # -- what has braces ----------------------------------------------------------------------------------

    def braces(self, start: int, depth: int) -> list[Node]:
        """ "{" body "}"; the cursor stands before the brace."""
        cursor = self.cursor
        cursor.skip()
        cursor.expect("{", "DA004", "rules stand in braces here")
        return self.body(self.deeper(depth), cursor.span(cursor.pos - 1))

    def deeper(self, depth: int) -> int:
        if depth >= MAX_DEPTH:
            at = self.cursor.pos
            self.cursor.pos = self.cursor.end  # nothing behind it can be read sensibly
            self.stopped = True
            raise DiagnosticError(
                [Diagnostic("DA005", f"braces nest deeper than {MAX_DEPTH}", self.cursor.span(at - 1, at))]
            )
        return depth + 1

    def block(self, qualifiers: Qualifiers, start: int, depth: int) -> Block:
        """block = qualifiers "{" body "}" """
        if qualifiers.priority:
            span = qualifiers.spans["priority"]
            help = ("write it before the rules in the block",)
            self.cursor.fail("DA041", "a block takes no priority", span.start, span.end, help=help)
        body = self.braces(start, depth)
        return Block(qualifiers, tuple(body), self.cursor.span(start))

    def conditional(self, start: int, depth: int) -> Conditional:
        """conditional = "if" expression block { "else" "if" expression block } [ "else" block ]"""
        cursor = self.cursor
        branches = [self.branch(parse_condition(cursor), depth)]
        while True:
            if len(branches) > MAX_BRANCHES:
                message = f"a condition has more than {MAX_BRANCHES:,} branches"
                cursor.fail("DA031", message, cursor.pos, cursor.pos + 1)
            before = cursor.pos
            word = cursor.keyword()
            if word is None or word.text != "else":
                cursor.pos = before
                break
            before = cursor.pos
            word = cursor.keyword()
            if word is not None and word.text == "if":
                branches.append(self.branch(parse_condition(cursor), depth))
                continue
            cursor.pos = before
            branches.append(self.branch(None, depth))
            break
        return Conditional(tuple(branches), cursor.span(start))

    def branch(self, condition: Any, depth: int) -> Branch:
        self.cursor.skip()
        start = self.cursor.pos
        body = self.braces(start, depth)
        return Branch(condition, tuple(body), self.cursor.span(start))

    def profile(self, kind: Any, start: int, depth: int, *, keyword: bool = True) -> Node:
        """profile = [ "profile" | "hat" | "^" ] name header "{" body "}" """
        cursor = self.cursor
        try:
            name = parse_name(cursor, keyword and cursor.text[start] != "^")
        except DiagnosticError as error:
            self.to_body(error, start, start)
            self.body(self.deeper(depth), cursor.span(cursor.pos - 1))
            return Unreadable(cursor.span(start))
        if not keyword and not name.text.startswith(("/", ":")):
            self.report(needs_keyword(name))
        try:
            attachment, xattrs, flags = parse_rest(cursor)
        except DiagnosticError as error:
            self.to_body(error, start, cursor.pos)
            attachment, xattrs, flags = None, (), ()
        if depth and kind == "hat" and xattrs:  # at the top of a file a hat is a profile
            self.report(Diagnostic("DA021", "a hat cannot have xattrs", xattrs[0][0].span))
        head = cursor.span(start)
        opened = cursor.span(cursor.pos - 1)
        body = self.body(self.deeper(depth), opened)
        return ProfileNode(kind, name, attachment, xattrs, flags, tuple(body), head, cursor.span(start))

    def to_body(self, error: DiagnosticError, start: int, at: int) -> None:
        """Report a broken header and move into the body, or raise where it cannot be found.

        The body is read all the same: its rules are not to blame for the header. Where only the brace is missing
        at the end of the line, it is as if it were there.
        """
        cursor = self.cursor
        brace = _BODY.match(cursor.text, at)
        line_end = cursor.text.find("\n", start)
        if brace is not None:
            cursor.pos = brace.end()
        elif line_end >= 0 and error.diagnostics[0].code == "DA024":
            cursor.pos = line_end
            cursor.accept("{")
        else:
            raise error
        self.diagnostics += error.diagnostics


@lru_cache(maxsize=256)
def _simple_qualifiers(text: str) -> Qualifiers:
    """Qualifiers of a simple rule, by their words."""
    words = text.split()
    subject: Subject | None = "owner" if "owner" in words else "other" if "other" in words else None
    return Qualifiers(0, "audit" in words, "deny" if "deny" in words else "allow", subject)


def _priority(cursor: Cursor, text: str | None, spans: Mapping[str, Span]) -> int:
    if text is None:
        return 0
    if not re.fullmatch(r"[+-]?[0-9]{1,9}", text) or not -1000 <= int(text) <= 1000:
        span = spans["priority"]
        cursor.fail("DA042", "a priority is a number from -1000 to 1000", span.start, span.end)
    return int(text)
