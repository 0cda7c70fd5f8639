"""Where the permissions of a file rule are written."""

import re

from dockarmor.rules.file import FileRule
from dockarmor.rules.file_mode import MODE, exec_place
from dockarmor.text.source import Span

_WORD = r"#[^\n]*|[^\s,]+"


def mode_word(rule: FileRule) -> Span | None:
    """The permissions of a rule: the only word behind its path, or before it, that reads as such."""
    if rule.path is None:
        return None
    source, path = rule.span.source, rule.path.span
    words = re.compile(_WORD)
    for start, end in ((path.end, rule.span.end), (rule.span.start, path.start)):
        for word in words.finditer(source.text, start, end):
            if word.group() == "->":
                break
            if MODE.fullmatch(word.group()):
                return Span(source, word.start(), word.end())
    return None


def exec_span(rule: FileRule) -> Span:
    """Where the exec transition of a rule is written; the whole rule where that cannot be told."""
    word = mode_word(rule)
    if word is None or not rule.exec:
        return rule.span
    first, last = exec_place(word.text)
    return Span(word.source, word.start + first, word.start + last)
