"""DA383: quotes around a word that reads the same without them."""

import re
from collections.abc import Iterator
from typing import Any

from dockarmor.lint.lint import Examined, Lint
from dockarmor.rules.spelling import spell
from dockarmor.syntax.cursor import Word
from dockarmor.syntax.tree import Alias, Node, ProfileNode, RuleNode, SetVariable, walk
from dockarmor.text.diagnostic import Diagnostic, Fix, Severity
from dockarmor.value import fields

#: what may stand around a bare word: a comma behind it ends the rule
_BEFORE = " \t\n=("
_BEHIND = r"[ \t\r\n)]|,(?:[ \t\r\n]|\Z)|\Z"


def _find(examined: Examined) -> Iterator[Diagnostic]:
    if '"' not in examined.file.source.text:
        return
    names = {node.name.text for node in walk(examined.file.body) if isinstance(node, ProfileNode)}
    for node in walk(examined.file.body):
        for word in _words(node):
            # who generates profiles quotes the name, which may have blanks, wherever it stands
            if word.text not in names and _needless(word):
                yield Diagnostic(
                    "DA383",
                    "these quotes are needless",
                    word.span,
                    Severity.NOTE,
                    help=("only blanks, and a comma or brace outside of `{}`, need quotes",),
                    fix=Fix(word.span, word.text, safe=True, message=f"write `{word.text[:60]}`"),
                )


def _words(node: Node) -> Iterator[Word]:
    if isinstance(node, ProfileNode):
        yield from (node.name, *((node.attachment,) if node.attachment else ()))
    elif isinstance(node, RuleNode):
        if '"' in node.span.text:
            yield from _held(node.rule)
    elif isinstance(node, SetVariable | Alias):
        yield from _held(node)


def _held(value: Any) -> Iterator[Word]:
    for one in fields(value):
        held = getattr(value, one.name)
        for word in held if isinstance(held, tuple) else (held,):
            if isinstance(word, Word):
                yield word
            elif hasattr(word, "_fields_") and one.compare:
                yield from _held(word)


def _needless(word: Word) -> bool:
    """Is it a quoted word without commas, escapes and what begins or ends a rule?"""
    quoted, text, source = word.span.text, word.text, word.span.source.text
    if quoted != f'"{text}"' or re.search(r"[\\,{}]", text.replace("@{", "").replace("}", "", text.count("@{"))):
        return False
    before = source[word.span.start - 1 : word.span.start]
    return spell(text) == text and before in _BEFORE and bool(re.compile(_BEHIND).match(source, word.span.end))


LINT = Lint("DA383", "needless-quotes", _find)
