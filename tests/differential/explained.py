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

_ASSIGNED = re.compile(r"^([ \t]*@(?:\w+|\{\w+\}))([+?:]?=)", re.MULTILINE | re.ASCII)
_GLUED = re.compile(r"(@(?:\w+|\{\w+\}))(?=[)<>=!{])", re.ASCII)
_OPENED = re.compile(r"(\bif\b[^\n{]*(?:\{\w+\}[^\n{]*)*[^\s{@$,])\{(?=\s|\})")
_COMPARED = re.compile(r"(?<=\s)(>=?|[<!=]=|<(?=\d))(?=[^\s=])")
_REALTIME = re.compile(r"rtmin\+(\d*)[^\s,)\"]*")
_LOST = (ProfileNode, Include, Unreadable)
#: mistakes that upstream sees in a block, too, since they are of the grammar
_GRAMMATICAL = ("DA250", "DA253", "DA254")
_KEPT = (FileRule, LinkRule, ChangeProfileRule)

Judge = Callable[[str], tuple[Verdict, Verdict | None]]


def explain(found: Comparison, judge: Judge) -> str | None:
    """The title of the paragraph that explains a difference; None for a difference that nobody has explained."""
    ours, theirs = found.ours.reason, found.theirs.reason if found.theirs else ""
    if ours.startswith("DA043"):
        return "A block must not contradict what stands in it"
    if ours[:5] in ("DA110", "DA111") and re.search(r"^\s*@[^\n]*=[^\n]*@\{", found.text, re.MULTILINE):
        return "Values refer to variables that are there"
    if re.match(r"DA2\d6 `[^`]*` takes one value", ours):
        return "A list where one value counts"
    if ours.startswith("DA271 unknown permission") and "io_uring" in found.text:
        return "Permissions of io_uring"
    if ours.startswith("DA206") and re.search(r"\bunsafe\b", found.text):
        return "`unsafe` with a bare `x`"
    if theirs.startswith("Variable '@{") and "must start with" in theirs:
        return "An `@` before an alternation"
    if ours.startswith("DA401") and "prompt" in found.text:
        return "Exec conflicts among prompt rules"
    if ours.startswith("DA020"):
        return "No profile is named by a brace"
    if ours.startswith("DA010"):
        return "An include names a file on its line"
    if ours.startswith("DA013 an alias begins"):
        return "An alias begins with a path"
    blocks = list(_blocks(parse(Source("", found.text), grammar()).file.body))
    if theirs.startswith("Invalid perms, ") and any(map(_denies_exec, blocks)):
        return "Denied exec in a block"
    if (ours.startswith("DA258") or theirs.startswith(("Profile flag", "Could not open"))) and re.search(
        r"\bif\b", found.text
    ):
        return "Rules in a branch that is not taken"
    for title, rewritten in _rewrites(found.text):
        if rewritten != found.text:
            mine, other = judge(rewritten)
            if other is None or mine.accepted == other.accepted:
                return title
    if blocks and ours[:5] not in _GRAMMATICAL and judge(_without_lost_rules(found.text))[0].accepted:
        return "Rules that vanish in blocks"
    return None


def _rewrites(text: str) -> list[tuple[str, str]]:
    spaced = _GLUED.sub(r"\1 ", _ASSIGNED.sub(r"\1 \2", text)).replace("){", ") {").replace("}else{", "} else {")
    spaced = _COMPARED.sub(r"\1 ", _OPENED.sub(r"\1 {", spaced))
    realtime = _REALTIME.sub(lambda match: f"rtmin+{match[1] or 0}", text)
    uncommented = re.sub(r"[ \t]#[^\n]*(?=\n\s*\{)", "", text)
    return [
        ("Comments before a brace", uncommented),
        ("Words that need no blanks", spaced),
        ("Carriage returns", text.replace("\r", "")),
        ("Real-time signals", realtime),
        ("Words that need no blanks", spaced.replace("\r", "")),
    ]


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
