"""Differences that are upstream's faults. docs/decisions/0007-language-differences.md has one paragraph for each.

Where a fault can be written around, the text is: with the rewritten text both must agree again.
"""

import re
from collections.abc import Callable

from verdicts import Comparison, Verdict

from dockarmor.policy.read import grammar
from dockarmor.rules.change_profile import ChangeProfileRule
from dockarmor.rules.file import FileRule
from dockarmor.rules.link import LinkRule
from dockarmor.syntax.structure import parse
from dockarmor.syntax.tree import Block, Conditional, Include, Node, ProfileNode, RuleNode, Unreadable
from dockarmor.text.source import Source

_REALTIME = re.compile(r"rtmin\+(\d*)(?:[^ \t\n,)\"]|,(?=[^ \t\n,\"!]))*")  # a carriage return is part of the word
_DEFINED = re.compile(r"\bdefined\s+\$(?:\{\w+\}|\w+)")
_INCLUDE = r"\binclude(?: if exists)?\s*[<\"]*\s*"
_LOST = (ProfileNode, Include, Unreadable)
#: mistakes that upstream sees in a block, too, since they are of the grammar
_GRAMMATICAL = ("DA250", "DA253", "DA254")
_KEPT = (FileRule, LinkRule, ChangeProfileRule)

Judge = Callable[[str], tuple[Verdict, Verdict | None]]

#: where we refuse and upstream does not: how our message begins, what stands in the text, and the paragraph
_STRICTER = (
    (r"", r"\x00", "No policy holds a NUL"),
    (r"DA043", r"\{", "A block must not contradict what stands in it"),
    (r"DA11[01]", r"(?m)^\s*@[^\n]*=[^\n]*@\{", "Values refer to variables that are there"),
    (r"DA2\d6 `[^`]*` takes one value", r"\(", "A list where one value counts"),
    (r"DA2\d5 `(?:oldroot|type)=` is said twice", r"pivot_root|mqueue", "A list where one value counts"),
    (r"DA271 unknown permission", r"io_uring", "Permissions of io_uring"),
    (r"DA206", r"\bunsafe\b", "`unsafe` with a bare `x`"),
    (r"DA28[45]", r"\brlimit\b", "Limits that are numbers"),
    (r"DA30[39]", r"\b(?:alias|rewrite|xattrs)\b", "Aliases of attachments are compiled"),
    (r"DA401", r"\bprompt\b", "Exec conflicts among prompt rules"),
    (r"DA401", r"\bpriority\s*=\s*-1\b[\s\S]*\ball\b|\ball\b[\s\S]*\bpriority\s*=\s*-1\b", "Exec of `all`"),
    (r"found `include`", r"\binclude\b", "A statement that an include ends"),
    (r"DA207", r"\bother\b[\s\S]*\b(?:owner|user)\b|\b(?:owner|user)\b[\s\S]*\bother\b", "`owner` within `other`"),
    (r"DA110", rf"\bif\b[\s\S]*{_INCLUDE}(\S+)[\s\S]*{_INCLUDE}\1", "A file included in a branch that is not taken"),
    (r"DA018", r"(?m)^\s*\$[^=\n]*=.*(?:/|:\w+:)\S*$", "A profile on the line of an assignment"),
    (r"DA036", r"@\{\w+\}[)<>=!{}]", "What is glued to a variable"),
    (r"DA020", r"\{", "No profile is named by a brace"),
    (r"DA024|DA030", r":[\s\"!]", "No namespace begins with a blank or a quote"),
    (r"DA013 an alias begins", r"", "An alias begins with a path"),
    (r"DA029", r":[^:\s]*:", "Children have no namespace of their own"),
    (r"DA258", r"\bif\b", "Rules in a branch that is not taken"),
)
#: where upstream refuses and we do not: how its message begins, what stands in the text, and the paragraph
_LAXER = (
    (r"Variable '@\{", r"@\{[^}]*,", "An `@` before an alternation"),
    (r"Invalid number of items between", r"@\{[^}]*,[^}]*\}.*@\{", "An `@` before an alternation"),
    (r"profile .*: has merged rule", r"(?m)(?:^|[\s,{])[&:]", "Rules are merged by their whole names"),
    (r"has merged rule", r"\baudit\b", "Exec conflicts below a higher priority"),
    (r"Empty named transition profile name", r"\babi\b", "A namespace alone as a target"),
    (r"The current kernel does not support stacking", r"\babi\b", "Stacking under the default ABI"),
    (r"Invalid capability", r"\bif\b", "A capability in a branch that is not taken"),
    (r"", r"\\=", "A backslash keeps `=` in a word"),
)


def explain(found: Comparison, judge: Judge) -> str | None:
    """The title of the paragraph that explains a difference; None for a difference that nobody has explained."""
    ours, theirs = found.ours.reason, found.theirs.reason if found.theirs else ""
    said, known = (theirs, _LAXER) if found.ours.accepted else (ours, _STRICTER)
    for message, text, title in known:
        if re.search(message, said) and re.search(text, found.text):
            return title
    asked = _DEFINED.sub("false", found.text)
    if asked != found.text and judge(asked)[0].accepted != found.ours.accepted:
        return "`defined` of a boolean"
    blocks = list(_blocks(parse(Source("", found.text), grammar()).file.body))
    if theirs.startswith("Invalid perms, ") and any(map(_denies_exec, blocks)):
        return "Denied exec in a block"
    realtime = _REALTIME.sub(lambda match: f"rtmin+{match[1] or 0}", found.text)
    if realtime != found.text:
        mine, other = judge(realtime)
        if other is None or mine.accepted == other.accepted:
            return "Real-time signals"
    if blocks and ours[:5] not in _GRAMMATICAL and judge(_without_lost_rules(found.text))[0].accepted:
        return "Rules that vanish in blocks"
    return None


def _blocks(nodes: tuple[Node, ...]) -> list[Block]:
    found = []
    for node in nodes:
        if isinstance(node, Block):
            found += [node, *_blocks(node.body)]
        elif isinstance(node, ProfileNode):
            found += _blocks(node.body)
        elif isinstance(node, Conditional):
            found += [block for branch in node.branches for block in _blocks(branch.body)]
    return found


def _rules(nodes: tuple[Node, ...]) -> list[RuleNode]:
    """The rules of a block, those of its conditionals among them."""
    found = [node for node in nodes if isinstance(node, RuleNode)]
    for node in nodes:
        if isinstance(node, Conditional):
            found += [rule for branch in node.branches for rule in _rules(branch.body)]
    return found


def _denies_exec(block: Block) -> bool:
    return any(
        (isinstance(node.rule, FileRule) and node.rule.exec == "x")
        or (isinstance(node.rule, ChangeProfileRule) and node.rule.exec is not None)
        for node in _rules(block.body)
    )


def _without_lost_rules(text: str) -> str:
    """The text without what upstream loses: in blocks, all but file, link and change_profile rules."""
    lost: list[tuple[int, int]] = []
    for block in _blocks(parse(Source("", text), grammar()).file.body):
        lost += ((node.span.start, node.span.end) for node in _rules(block.body) if not isinstance(node.rule, _KEPT))
        lost += ((node.span.start, node.span.end) for node in block.body if isinstance(node, _LOST))
    for start, end in sorted(lost, reverse=True):
        text = text[:start] + re.sub(r"[^\n]", " ", text[start:end]) + text[end:]
    return text
