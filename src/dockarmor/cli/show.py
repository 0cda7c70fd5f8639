"""Show what a policy file says: its tree, or the policy that it and its includes come to.

  dockarmor show docker-default
  dockarmor show --as flat /etc/apparmor.d/sbin.dhclient | grep /etc/shadow
  dockarmor show --as tree my-profile

policy  the profiles with includes read in, conditions decided and variables replaced. A comment behind each rule says
        where it stands: file:line, then the includes that brought it, the innermost first
flat    the same, one rule a line: `profile  rule  origin`
json    the same, as data (schema dockarmor/show@1)
tree    the statements of this file alone, with line and column
Rules that nobody wrote, but that hats and change_profile imply, are marked.
Exit status: 0, or 2 for text with mistakes.
"""

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator

from dockarmor.cli.main import EXIT_OK, EXIT_USAGE
from dockarmor.cli.policy import add_reading, includes, read_argument, shown
from dockarmor.kernel.label_text import full_name
from dockarmor.policy.expanded import expanded_rule, head
from dockarmor.policy.profile import PlacedRule, Policy, Profile
from dockarmor.policy.read import grammar, read_text, require
from dockarmor.rules.registry import BY_RULE, write
from dockarmor.rules.spelling import spell
from dockarmor.syntax.structure import parse
from dockarmor.syntax.tree import Block, Conditional, File, Node, ProfileNode, RuleNode
from dockarmor.text.diagnostic import DiagnosticError
from dockarmor.text.regex import regex
from dockarmor.text.render import printable
from dockarmor.text.source import Source, Span

_BLANKS = regex(r"[ \t\r\n]+")
_NAMES = {
    "Abi": "abi",
    "Alias": "alias",
    "Block": "block",
    "BoolVariable": "boolean",
    "Include": "include",
    "SetVariable": "variable",
    "Unreadable": "unreadable",
}


def configure(parser: ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="policy text, `-`, or the name of a built-in profile")
    parser.add_argument("--as", dest="form", choices=("tree", "policy", "flat", "json"), default="policy")
    add_reading(parser)


def run(options: Namespace) -> int:
    source = Source.from_bytes(shown(options.file), read_argument(options.file))
    if options.form == "tree":
        return _show_tree(source)
    policy = require(read_text(source, includes(options))).policy
    if options.form == "json":
        _print_json(policy)
        return EXIT_OK
    lines = policy_lines(policy) if options.form == "policy" else _flat(policy)
    for line in list(lines):  # all or nothing: a variable may turn out to be undefined
        sys.stdout.write(printable(line) + "\n")
    return EXIT_OK


# -- what the file comes to -------------------------------------------------------------------------------


def policy_lines(policy: Policy) -> Iterator[str]:
    """The resolved policy as policy text, not escaped yet; read again it means the same."""
    if policy.abi is not None:
        yield f"# abi: {policy.abi.name}"
    if policy.profiles:
        for before, after in policy.profiles[0].aliases:
            yield f"alias {spell(before)} -> {spell(after)},"
    for profile in policy.profiles:
        yield from _profile(profile, profile.name, "")


def _profile(profile: Profile, own: str, indent: str) -> Iterator[str]:
    yield f"{indent}{head(profile, own)} {{  # {_line(profile.span)}"
    for placed in profile.rules:
        mark = "# implied: " if placed.implied else ""
        yield f"{indent}  {mark}{_rule(placed, profile)}  # {_origin(placed)}"
    for child in profile.children:
        yield from _profile(child, child.name[len(profile.name) + 2 :], indent + "  ")
    yield indent + "}"


def _flat(policy: Policy) -> Iterator[str]:
    for profile, name in _all(policy):
        for placed in profile.rules:
            mark = "implied by " if placed.implied else ""
            yield f"{name}  {_rule(placed, profile)}  {mark}{_origin(placed)}"


def _print_json(policy: Policy) -> None:
    from dockarmor.cli.output import Results

    results = Results("show@1", Namespace(output="json"))
    for profile, name in _all(policy):
        results.add(_item(profile, name), ())
    results.finish()


def _item(profile: Profile, name: str) -> dict[str, object]:
    return {
        "name": printable(name),
        "kind": "hat" if profile.hat else "profile",
        "attachment": None if profile.attachment is None else printable(profile.attachment),
        "mode": profile.flags.mode,
        "flags": [printable(word) for word in profile.flags.words],
        "xattrs": {printable(key): printable(value) for key, value in profile.xattrs},
        **_place(profile.span),
        "rules": [
            {
                "kind": BY_RULE[type(placed.rule)].name,
                "rule": printable(_rule(placed, profile)),
                "implied": placed.implied,
                **_place(placed.rule.span),
                "includes": [_place(span) for span in placed.includes],
            }
            for placed in profile.rules
        ],
    }


def _all(policy: Policy) -> Iterator[tuple[Profile, str]]:
    """Every profile, hat and child with its full name, namespace and all."""
    for top in policy.profiles:
        for profile in top.family():
            yield profile, full_name(top.namespace, profile.name)


def _rule(placed: PlacedRule, profile: Profile) -> str:
    return write(expanded_rule(placed.rule, profile.variables))


def _origin(placed: PlacedRule) -> str:
    return " <- ".join(_line(span) for span in (placed.rule.span, *reversed(placed.includes)))


def _line(span: Span) -> str:
    return f"{span.source.name}:{span.position[0]}"


def _place(span: Span) -> dict[str, object]:
    line, column = span.position
    return {"file": printable(span.source.name), "line": line, "column": column}


# -- the file itself --------------------------------------------------------------------------------------


def _show_tree(source: Source) -> int:
    """The tree, also of text with mistakes: these follow on standard error."""
    parsed = parse(source, grammar())
    for line in _tree(parsed.file):
        sys.stdout.write(printable(line) + "\n")
    if parsed.diagnostics:
        from dockarmor.cli.failure import report

        report(DiagnosticError(parsed.diagnostics))
        return EXIT_USAGE
    return EXIT_OK


def _tree(file: File) -> Iterator[str]:
    for node in file.body:
        yield from _node(node, "")


def _node(node: Node, indent: str) -> Iterator[str]:
    text = node.span.source.text
    if isinstance(node, ProfileNode):
        yield _entry(node.span, indent, node.kind, text[node.span.start : node.head.end - 1])
        inner = node.body
    elif isinstance(node, Block):
        yield _entry(node.span, indent, "block", " ".join(node.qualifiers.spans))
        inner = node.body
    elif isinstance(node, Conditional):
        for branch in node.branches:
            condition = branch.condition
            yield _entry(branch.span, indent, "branch", condition.span.text if condition else "else")
            for below in branch.body:
                yield from _node(below, indent + "  ")
        return
    elif isinstance(node, RuleNode):
        yield _entry(node.span, indent, BY_RULE[type(node.rule)].name, node.span.text)
        return
    else:
        yield _entry(node.span, indent, _NAMES[type(node).__name__], node.span.text)
        return
    for below in inner:
        yield from _node(below, indent + "  ")


def _entry(span: Span, indent: str, name: str, text: str) -> str:
    """One line; what the author broke into lines is joined, what is long is cut."""
    line, column = span.position
    words = _BLANKS.sub(" ", text[:200])
    return f"{f'{line}:{column}':<9} {indent}{name:<10} {words}{'…' if len(text) > 200 else ''}".rstrip()
