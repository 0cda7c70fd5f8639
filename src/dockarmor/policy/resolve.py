"""A tree to a policy: includes spliced in, conditions decided, names and attachments derived.

Includes and conditions are taken in the order of the text, since what a variable is depends on it. A file that
one scope has included already is skipped there, which also ends loops (apparmor.d(5), #include mechanism).
"""

from collections.abc import Callable

from dockarmor.policy.block import merge, qualified
from dockarmor.policy.condition import Known, holds
from dockarmor.policy.features import FeatureSet, builtin
from dockarmor.policy.flags import read_flags
from dockarmor.policy.implied import implied_rules
from dockarmor.policy.includes import Library
from dockarmor.policy.profile import PlacedRule, Policy, Profile
from dockarmor.policy.variables import Variables
from dockarmor.rules.aare import escape_literal, filter_slashes
from dockarmor.rules.change_profile import ChangeProfileRule
from dockarmor.syntax.qualifiers import PLAIN, Qualifiers
from dockarmor.syntax.structure import Parsed
from dockarmor.syntax.tree import (
    Abi,
    Alias,
    Block,
    BoolVariable,
    Conditional,
    Include,
    Node,
    ProfileNode,
    RuleNode,
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
    return Resolved(Policy(profiles, resolver.abi), tuple(resolver.diagnostics))


#: what can be done where no file with a name like it is there
_ABSENT = ("`--base DIR` or `-I DIR` say where it is; `include if exists <…>` is for files that may be absent",)

#: namespace and name
Identity = tuple[str | None, str]


@mutable
class _Frame:
    """A profile while its body is read."""

    name: str
    variables: Variables
    rules: list[PlacedRule] = field(default_factory=list)
    children: list[Profile] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    names: dict[Identity, Span] = field(default_factory=dict)


Visit = Callable[[Node, tuple[Span, ...], set[str]], None]


class _Resolver:
    def __init__(self, library: Library) -> None:
        self.library = library
        self.sets: dict[str, tuple[str, ...]] = {}
        #: values that `+=` brought since; appending to the tuples one by one would be quadratic
        self.added: dict[str, list[str]] = {}
        self.depth = 0
        self.places: dict[str, Span] = {}
        self.booleans: dict[str, bool] = {}
        self.aliases: list[tuple[str, str]] = []
        self.abi: FeatureSet | None = None
        self.abi_seen = False
        self.started = False
        self.profiles: list[Profile] = []
        self.names: dict[Identity, Span] = {}
        self.diagnostics: list[Diagnostic] = []
        self.includes = 0
        self.reported: set[str] = set()
        #: the head of the first profile, and the source of the last rule that stood outside of every one
        self.first: Span | None = None
        self.stray: Source | None = None

    # -- files --------------------------------------------------------------------------------------------

    def file(self, parsed: Parsed, chain: tuple[Span, ...], visit: Visit, seen: set[str]) -> None:
        name = parsed.file.source.name
        if name not in self.reported:
            self.reported.add(name)
            self.diagnostics += [replace(found, includes=chain) for found in parsed.diagnostics]
        self.nodes(parsed.file.body, chain, visit, seen)

    def nodes(self, nodes: tuple[Node, ...], chain: tuple[Span, ...], visit: Visit, seen: set[str]) -> None:
        if nodes and self.depth >= MAX_DEPTH:
            raise _error("DA101", f"includes and braces nest more than {MAX_DEPTH} levels deep", nodes[0].span)
        self.depth += 1
        try:
            self._nodes(nodes, chain, visit, seen)
        finally:
            self.depth -= 1

    def _nodes(self, nodes: tuple[Node, ...], chain: tuple[Span, ...], visit: Visit, seen: set[str]) -> None:
        for node in nodes:
            try:
                if isinstance(node, RuleNode):
                    visit(node, chain, seen)
                elif isinstance(node, Include):
                    self.include(node, chain, visit, seen)
                elif not isinstance(node, Unreadable):
                    visit(node, chain, seen)
            except DiagnosticError as error:
                # What is wrong with one node is kept, and the next is read.
                self.diagnostics += [replace(found, includes=found.includes or chain) for found in error.diagnostics]

    def include(self, node: Include, chain: tuple[Span, ...], visit: Visit, seen: set[str]) -> None:
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
            if file not in seen:
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
        if not ignored:
            self.abi = self.library.abi(path, node.span)

    # -- preamble -----------------------------------------------------------------------------------------

    def preamble(self, node: Node, chain: tuple[Span, ...], seen: set[str]) -> None:
        if isinstance(node, SetVariable | BoolVariable | Alias | Abi):
            if self.profiles:
                others = (Label(self.first, "the first profile is here"),) if self.first else ()
                message = "an abi rule, variables and aliases belong before the first profile of a file"
                raise DiagnosticError([Diagnostic("DA105", message, node.span, others=others)])
            if isinstance(node, SetVariable):
                self.define_set(node)
            elif isinstance(node, BoolVariable):
                self.define_boolean(node)
            elif isinstance(node, Abi):
                self.read_abi(node)
            else:
                self.aliases.append((node.source.text, node.target.text))
        elif isinstance(node, ProfileNode):
            self.started = True
            self.first = self.first or node.head
            self.stray = None
            self.profiles.append(self.profile(node, None, chain))
            self._refuse_twice(self.profiles, self.names, node)
        elif self.stray is not node.span.source:  # of rules in a row only the first is reported
            self.stray = node.span.source
            help = (
                "an abstraction is included inside of a profile" if chain else "rules stand in `profile NAME { … }`"
            )
            raise _error("DA106", "this stands outside of every profile", node.span, help)

    def define_boolean(self, node: BoolVariable) -> None:
        """Sets and booleans share their names: `:=` makes one of the other."""
        name = node.name.text
        known = name in self.booleans or name in self.sets
        if known and node.operator == "=":
            raise self._defined_twice(node)
        value = holds(node.value, Known(self.variables(), self.booleans))
        if known and node.operator == "?=":
            return
        self.booleans[name] = value
        self.sets.pop(name, None)
        self.places.setdefault(name, node.span)

    def define_set(self, node: SetVariable) -> None:
        name, operator = node.name.text, node.operator
        values = [value.text for value in node.values]
        known = name in self.sets
        if operator == "+=":
            if not known:
                raise _error(
                    "DA107",
                    f"@{{{name}}} is not defined yet: `+=` adds to what is there",
                    node.span,
                    "write `=` to define it, or include the tunables that do before this line",
                )
            self.added.setdefault(name, []).extend(values)
            return
        if known or name in self.booleans:
            if operator == "=":
                raise self._defined_twice(node)
            if operator == "?=":
                return
            self.added.pop(name, None)
            self.booleans.pop(name, None)
        else:
            self.places[name] = node.span
        self.sets[name] = tuple(values)

    def variables(self) -> Variables:
        """What is defined so far."""
        for name, values in self.added.items():
            self.sets[name] += tuple(values)
        self.added.clear()
        return Variables(dict(self.sets))

    def _defined_twice(self, node: SetVariable | BoolVariable) -> DiagnosticError:
        others = (Label(self.places[node.name.text], "it is defined here first"),)
        sign = "$" if isinstance(node, BoolVariable) else "@"
        message = f"{sign}{{{node.name}}} is defined twice"
        adds = "`+=` adds values; " if isinstance(node, SetVariable) else ""
        help = (f"{adds}`:=` replaces; `?=` sets what is not set",)
        return DiagnosticError([Diagnostic("DA108", message, node.span, others=others, help=help)])

    # -- profiles -----------------------------------------------------------------------------------------

    def profile(self, node: ProfileNode, parent: _Frame | None, chain: tuple[Span, ...]) -> Profile:
        known = self.variables()
        namespace, own = _split_namespace(known.expand(node.name.text, node.name.span), node.name.span)
        name = own if parent is None else f"{parent.name}//{own}"
        attachment = self._attachment(node, own, known)
        more = {"profile_name": (escape_literal(name),)}
        if attachment is not None:
            more |= {"attach_path": (attachment,), "exec_path": (attachment,)}
        if parent is not None and node.kind == "profile" and node.name.span.start == node.head.start:
            help = f"write `profile {node.name.span.text[:60]} {{`"
            raise _error("DA035", "a profile within another begins with `profile`", node.name.span, help)
        frame = _Frame(name, known.with_values(more))
        self.nodes(node.body, chain, self._body(frame, PLAIN), frame.seen)
        hat = node.kind == "hat"
        changes = any(isinstance(placed.rule, ChangeProfileRule) for placed in frame.rules)
        frame.rules += implied_rules(node.head, hats=hat or bool(frame.children), change_profile=changes)
        return Profile(
            name,
            node.span,
            namespace if parent is None else None,
            attachment,
            self._alternates(attachment, own),
            tuple((xattr.text, value.text if value else "**") for xattr, value in node.xattrs),
            read_flags(node.flags, frame.variables),
            hat,
            tuple(frame.rules),
            tuple(sorted(frame.children, key=lambda child: child.name)),
            frame.variables,
            tuple(self.aliases),
        )

    def _attachment(self, node: ProfileNode, own: str, known: Variables) -> str | None:
        """What is written, or the own name of a profile that is named by a path."""
        if node.attachment is not None:
            text = known.expand(node.attachment.text, node.attachment.span)
            if not text.startswith("/") and not node.attachment.text.startswith("@{"):
                raise _error("DA028", "an attachment begins with `/` or a variable", node.attachment.span)
            return text
        last = own.split("//")[-1]  # from the left, as compile/attachment.py and the kernel do
        return filter_slashes(last) if own.startswith("/") and last else None

    def _alternates(self, attachment: str | None, own: str) -> tuple[str, ...]:
        text = attachment or own
        return tuple(to + text[len(source) :] for source, to in self.aliases if text.startswith(source))

    def _body(self, frame: _Frame, outer: Qualifiers) -> Visit:
        def visit(node: Node, chain: tuple[Span, ...], seen: set[str]) -> None:
            if isinstance(node, RuleNode):
                rule = node.rule if outer is PLAIN else qualified(node.rule, outer)
                frame.rules.append(PlacedRule(rule, chain))
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

    def conditional(
        self, node: Conditional, chain: tuple[Span, ...], visit: Visit, seen: set[str], frame: _Frame
    ) -> None:
        known = Known(frame.variables, self.booleans)
        taken = False
        for branch in node.branches:
            if branch.condition is not None and not holds(branch.condition, known):
                continue
            if not taken:
                self.nodes(branch.body, chain, visit, seen)
            taken = True

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


def _split_namespace(name: str, span: Span) -> tuple[str | None, str]:
    """`:ns:name` and `:ns://name`."""
    if name.startswith("&"):
        raise _error("DA030", "`&` stacks profiles; it cannot begin a name", span)
    if not name.startswith(":"):
        return None, name
    namespace, colon, own = name[1:].partition(":")
    own = own.removeprefix("//")
    if not colon or not namespace or not own:
        raise _error("DA030", "a name with a namespace is written `:namespace:name`", span)
    return namespace, own


def _error(code: str, message: str, span: Span, *help: str) -> DiagnosticError:
    return DiagnosticError([Diagnostic(code, message, span, help=help)])
