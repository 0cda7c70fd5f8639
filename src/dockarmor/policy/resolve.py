"""A tree to a policy: includes spliced in, conditions decided, names and attachments derived.

Includes and conditions are taken in the order of the text, since what a variable is depends on it. A file that
one scope has included already is skipped there, which also ends loops (apparmor.d(5), #include mechanism).
"""

from collections.abc import Callable, Sequence
from functools import partial

from dockarmor.policy.attachment import alternates, attachment_of
from dockarmor.policy.block import merge, qualified
from dockarmor.policy.condition import Known, holds
from dockarmor.policy.definitions import Definitions
from dockarmor.policy.features import FeatureSet, builtin
from dockarmor.policy.flags import read_flags
from dockarmor.policy.implied import implied_rules
from dockarmor.policy.includes import Library
from dockarmor.policy.profile import Policy, Profile, split_namespace
from dockarmor.policy.row import PlacedRow, PlacedRules, Row, in_rows
from dockarmor.policy.variables import Variables
from dockarmor.rules.aare import escape_literal
from dockarmor.rules.change_profile import ChangeProfileRule
from dockarmor.syntax.qualifiers import PLAIN, Qualifiers
from dockarmor.syntax.structure import MAX_DIAGNOSTICS, Parsed
from dockarmor.syntax.tree import (
    Abi,
    Alias,
    Block,
    BoolVariable,
    Conditional,
    Expression,
    Include,
    Node,
    ProfileNode,
    SetVariable,
    Unreadable,
)
from dockarmor.text.diagnostic import Diagnostic, DiagnosticError, Label, Severity
from dockarmor.text.source import Source, Span
from dockarmor.value import field, frozen, mutable, replace

#: how deep includes, profiles, blocks and conditions nest, counted together
MAX_DEPTH = 150
#: how deep includes nest, and how many one file may reach
MAX_INCLUDE_DEPTH = 100
MAX_INCLUDES = 20_000
#: how much the files of a policy hold together, and how many statements, each counted wherever it is included
MAX_TEXT = 32 << 20
MAX_REACHED = 200_000
#: what multiplies the work: aliases, and profiles with their hats and children
MAX_ALIASES = 256
MAX_PROFILES = 4_000


@frozen
class Resolved:
    """A policy and everything that was said about its text. With an error among it, it is not to be used."""

    policy: Policy
    diagnostics: tuple[Diagnostic, ...]

    @property
    def failed(self) -> bool:
        return any(diagnostic.severity is Severity.ERROR for diagnostic in self.diagnostics)


def resolve(parsed: Parsed, library: Library) -> Resolved:
    """Resolve a parsed file. Never raises for what the text says; it is all in the diagnostics."""
    resolver = _Resolver(library)
    resolver.file(parsed, (), resolver.preamble, set())
    profiles = tuple(sorted(resolver.profiles, key=lambda profile: (profile.namespace or "", profile.name)))
    return Resolved(Policy(profiles, resolver.abi, resolver.has_abi), tuple(resolver.diagnostics))


#: what can be done where no file with a name like it is there
_ABSENT = ("`--base DIR` or `-I DIR` say where it is; `include if exists <…>` is for files that may be absent",)

#: what is wrong with the variables in a text, or with what they stand for
_OF_VARIABLES = ("DA110", "DA111", "DA112", "DA113", "DA131")

#: namespace and name
Identity = tuple[str | None, str]


@mutable
class _Frame:
    """A profile while its body is read."""

    name: str
    variables: Variables
    rows: list[PlacedRow] = field(default_factory=list)
    children: list[Profile] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    names: dict[Identity, Span] = field(default_factory=dict)


@frozen
class _Preamble:
    """What including a file does where nothing is defined yet: the same in every policy that begins with it."""

    defined: Definitions
    seen: set[str]
    includes: int


Visit = Callable[[Row | Node, tuple[Span, ...], set[str]], None]


class _Resolver:
    def __init__(self, library: Library) -> None:
        self.library = library
        self.depth = 0
        self.defined = Definitions()
        self.abi: FeatureSet | None = None
        self.abi_seen = self.has_abi = False
        self.started = False
        self.profiles: list[Profile] = []
        self.names: dict[Identity, Span] = {}
        self.diagnostics: list[Diagnostic] = []
        self.includes = 0
        self.reached = self.text = self.read = 0
        self.opened: set[str] = set()
        self.full = False
        self.reported: set[str] = set()
        #: what conditions could not answer; a branch that is not taken excuses none of it
        self.unanswered: list[Span | None] = []
        #: the head of the first profile, and the source of the last rule that stood outside of every one
        self.first: Span | None = None
        self.stray: Source | None = None

    # -- files --------------------------------------------------------------------------------------------

    def file(self, parsed: Parsed, chain: tuple[Span, ...], visit: Visit, seen: set[str]) -> None:
        if parsed.diagnostics and parsed.file.source.name not in self.reported:
            self.reported.add(parsed.file.source.name)
            self.diagnostics += [replace(found, includes=chain) for found in parsed.diagnostics]
        self.reached += parsed.statements
        source = parsed.file.source
        if source.name not in self.opened:
            self.opened.add(source.name)
            self.text += len(source.text)
        if self.reached > MAX_REACHED or self.text > MAX_TEXT:
            self.full = True
            message = f"a policy with its includes holds at most {MAX_REACHED:,} statements and {MAX_TEXT >> 20} MiB"
            raise _error("DA101", message, chain[-1] if chain else Span(source, 0, 0))
        self.nodes(parsed.file.body, chain, visit, seen)

    def nodes(self, nodes: tuple[Node, ...], chain: tuple[Span, ...], visit: Visit, seen: set[str]) -> None:
        if nodes and self.depth >= MAX_DEPTH:
            raise _error("DA101", f"includes and braces nest more than {MAX_DEPTH} levels deep", nodes[0].span)
        self.depth += 1
        # What is included belongs to the library, and is the same for the next policy.
        self._nodes(self.library.rows(nodes) if chain else in_rows(nodes), chain, visit, seen)
        self.depth -= 1

    def _nodes(self, nodes: Sequence[Row | Node], chain: tuple[Span, ...], visit: Visit, seen: set[str]) -> None:
        for node in nodes:
            if self.full:
                return
            try:
                if isinstance(node, Include):
                    self.include(node, chain, visit, seen)
                elif not isinstance(node, Unreadable):
                    visit(node, chain, seen)
            except DiagnosticError as error:
                # What is wrong with one node is kept, and the next is read.
                self.fail(error, chain)

    def fail(self, error: DiagnosticError, chain: tuple[Span, ...]) -> None:
        self.diagnostics += [replace(found, includes=found.includes or chain) for found in error.diagnostics]

    def enough(self) -> bool:  # more files would only bring more mistakes
        return self.full or len(self.diagnostics) >= MAX_DIAGNOSTICS

    def include(self, node: Include, chain: tuple[Span, ...], visit: Visit, seen: set[str]) -> None:
        if self.enough():
            return
        if not (chain or self.includes or self.started) and visit == self.preamble and self.defined.nothing():
            key = node.path, node.magic, node.if_exists
            same: _Preamble | None = self.library.once(key, partial(_preamble, node))
            if same is not None:
                self.defined = same.defined.copy()
                self.includes = same.includes
                seen |= same.seen
                return
        if len(chain) < MAX_INCLUDE_DEPTH and self.includes < MAX_INCLUDES:
            known = self.library.included(node.path, node.magic)
            if known is not None:
                inner = (*chain, node.span)
                for file, parsed in known:
                    if file not in seen and not self.enough():
                        seen.add(file)
                        self.includes += 1
                        self.file(parsed, inner, visit, seen)
                return
        path = self.library.locate(node.path, node.magic)
        if path is None:
            if node.if_exists:
                return
            where = f" in {' or '.join(self.library.search)}" if node.magic else ""
            near = self.library.similar(node.path) if node.magic else None
            help = (f"did you mean `include <{near}>`?",) if near else _ABSENT if node.magic else ()
            raise _error("DA100", f"there is no `{node.path[:200]}`{where}", node.span, *help)
        if len(chain) >= MAX_INCLUDE_DEPTH or self.includes >= MAX_INCLUDES:
            raise _error("DA101", f"more than {MAX_INCLUDE_DEPTH} includes deep, or {MAX_INCLUDES} in all", node.span)
        inner = (*chain, node.span)
        for file in self.library.files(path, node.span):
            if file not in seen and not self.enough():
                seen.add(file)
                self.includes += 1
                self.file(self.library.read(file, node.span), inner, visit, seen)

    def read_abi(self, node: Abi) -> None:
        """The first abi rule before the first profile decides for the whole file; all others are ignored.

        Abstractions have such rules, and a profile does not get another ABI by including one (upstream
        parser_yacc.y: the features are set when the first profile starts).
        """
        ignored = self.abi_seen or self.started
        self.abi_seen = True
        self.has_abi |= not ignored
        if node.magic and node.path in ("kernel", "default"):
            if node.path == "default" and not ignored:
                self.abi = builtin("default")
            return
        path = self.library.locate(node.path, node.magic)
        if path is None:
            raise _error(
                "DA104",
                f"there is no ABI file `{node.path[:200]}`",
                node.span,
                "without an abi rule, a policy means what the kernel can do",
            )
        found = self.library.abi(path, node.span)  # also one that is ignored must be there and be one
        if not ignored:
            self.abi = found

    # -- preamble -----------------------------------------------------------------------------------------

    def preamble(self, node: Row | Node, chain: tuple[Span, ...], seen: set[str]) -> None:
        if isinstance(node, SetVariable | BoolVariable | Alias | Abi):
            if self.profiles:
                others = (Label(self.first, "the first profile is here"),) if self.first else ()
                message = "an abi rule, variables and aliases belong before the first profile of a file"
                raise DiagnosticError([Diagnostic("DA105", message, node.span, others=others)])
            if isinstance(node, SetVariable):
                self.defined.set(node)
            elif isinstance(node, BoolVariable):
                self.defined.boolean(node)
            elif isinstance(node, Abi):
                self.read_abi(node)
            else:
                if len(self.defined.aliases) >= MAX_ALIASES:
                    self.full = True
                    raise _error("DA114", f"a policy has at most {MAX_ALIASES} aliases", node.span)
                self.defined.aliases.append((node.source.text, node.target.text))
        elif isinstance(node, ProfileNode):
            self.started = True
            self.first = self.first or node.head
            self.stray = None
            self.profiles.append(self.profile(node, None, chain))
            self._refuse_twice(self.profiles, self.names, node)
        elif self.stray is not (span := node.rules[0].span if isinstance(node, Row) else node.span).source:
            self.stray = span.source  # of rules in a row only the first is reported
            help = (
                "an abstraction is included inside of a profile" if chain else "rules stand in `profile NAME { … }`"
            )
            raise _error("DA106", "this stands outside of every profile", span, help)

    # -- profiles -----------------------------------------------------------------------------------------

    def profile(self, node: ProfileNode, parent: _Frame | None, chain: tuple[Span, ...]) -> Profile:
        self.read += 1
        if self.read > MAX_PROFILES:
            self.full = True
            raise _error("DA101", f"a policy has at most {MAX_PROFILES:,} profiles, hats and children", node.head)
        known = self.defined.variables()
        namespace, own = split_namespace(known.expand(node.name.text, node.name.span), node.name.span)
        name = own if parent is None else f"{parent.name}//{own}"
        attachment = attachment_of(node, own, known)
        more = {"profile_name": (escape_literal(name),)}
        if attachment is not None:
            more |= {"attach_path": (attachment,), "exec_path": (attachment,)}
        if parent is not None and node.kind == "profile" and node.name.span.start == node.head.start:
            help = f"write `profile {node.name.span.text[:60]} {{`"
            raise _error("DA035", "a profile within another begins with `profile`", node.name.span, help)
        frame = _Frame(name, known.with_values(more))
        self.nodes(node.body, chain, self._body(frame, PLAIN), frame.seen)
        hat = node.kind == "hat"
        changes = any(ChangeProfileRule in placed.row.types for placed in frame.rows)
        implied = implied_rules(node.head, hats=hat or bool(frame.children), change_profile=changes)
        if implied:
            frame.rows.append(PlacedRow(Row.of(implied), implied=True))
        return Profile(
            name,
            node.span,
            namespace if parent is None else None,
            attachment,
            alternates(attachment or own, self.defined.aliases),
            tuple((xattr.text, value.text if value else "**") for xattr, value in node.xattrs),
            read_flags(node.flags, known),
            hat,
            PlacedRules(frame.rows),
            tuple(sorted(frame.children, key=lambda child: child.name)),
            frame.variables,
            tuple(self.defined.aliases),
        )

    def _body(self, frame: _Frame, outer: Qualifiers) -> Visit:
        def visit(node: Row | Node, chain: tuple[Span, ...], seen: set[str]) -> None:
            if isinstance(node, Row):
                row = node if outer is PLAIN else self.qualified(node, outer, chain)
                frame.rows.append(PlacedRow(row, chain))
            elif isinstance(node, Block):
                inner = node.qualifiers if outer is PLAIN else merge(outer, node.qualifiers, node.span)
                self.nodes(node.body, chain, self._body(frame, inner), seen)
            elif isinstance(node, Conditional):
                self.conditional(node, chain, visit, seen, frame)
            elif isinstance(node, ProfileNode):
                frame.children.append(self.profile(node, frame, chain))
                self._refuse_twice(frame.children, frame.names, node)
            elif isinstance(node, Abi):
                self.read_abi(node)
            else:
                message = "variables and aliases belong before the first profile of a file, not in one"
                raise _error("DA109", message, node.span, "move it to the top of the file")

        return visit

    def qualified(self, row: Row, outer: Qualifiers, chain: tuple[Span, ...]) -> Row:
        """A row in a block."""
        rules = []
        for rule in row.rules:
            try:
                rules.append(qualified(rule, outer))
            except DiagnosticError as error:
                self.fail(error, chain)
        return Row.of(rules)

    def conditional(
        self, node: Conditional, chain: tuple[Span, ...], visit: Visit, seen: set[str], frame: _Frame
    ) -> None:
        known = Known(self.defined.variables(), self.defined.booleans)
        taken = False
        for branch in node.branches:
            if branch.condition is not None and not self._holds(branch.condition, known):
                self._untaken(branch.body, chain, seen, frame)
                continue
            if not taken:
                self.nodes(branch.body, chain, visit, seen)
            else:
                self._untaken(branch.body, chain, seen, frame)
            taken = True

    def _holds(self, condition: Expression, known: Known) -> bool:
        try:
            return holds(condition, known)
        except DiagnosticError as error:
            self.unanswered += [found.span for found in error.diagnostics]
            raise

    def _untaken(self, body: tuple[Node, ...], chain: tuple[Span, ...], seen: set[str], frame: _Frame) -> None:
        """A branch that is not taken must be right all the same, as upstream, but for the variables in its rules."""
        before = len(self.diagnostics)
        apart = _Frame(frame.name, frame.variables)
        self.nodes(body, chain, self._body(apart, PLAIN), set(seen))
        self.diagnostics[before:] = [
            found
            for found in self.diagnostics[before:]
            if found.code not in _OF_VARIABLES or any(found.span is span for span in self.unanswered)
        ]

    def _refuse_twice(self, profiles: list[Profile], names: dict[Identity, Span], node: ProfileNode) -> None:
        last = profiles[-1]
        identity = (last.namespace, last.name)
        first = names.get(identity)
        if first is None:
            names[identity] = last.span
        else:
            profiles.pop()
            others = (Label(first, "the first is here"),)
            message = f"there are two profiles `{last.name}`"
            raise DiagnosticError([Diagnostic("DA029", message, node.head, others=others)])


def _preamble(node: Include, library: Library) -> _Preamble | None:
    """What including a file does; None where it is more than variables and aliases, or something is wrong with it."""
    inner = _Resolver(library)
    inner.depth = 1  # below the file that includes it
    seen: set[str] = set()
    try:
        inner.include(node, (node.span,), inner.preamble, seen)
    except DiagnosticError:
        return None
    if inner.diagnostics or inner.started or inner.abi_seen:
        return None
    return _Preamble(inner.defined.settled(), seen, inner.includes)


def _error(code: str, message: str, span: Span, *help: str) -> DiagnosticError:
    return DiagnosticError([Diagnostic(code, message, span, help=help)])
