"""Other flags in a profile's header, all else as it was written."""

from collections.abc import Iterable

from dockarmor.syntax.tree import ProfileNode
from dockarmor.text.edit import Edit
from dockarmor.text.regex import regex
from dockarmor.text.source import Span

#: from the blank before `flags=(` to what stands before the first flag
_OPENING = regex(r"[ \t]*(?:flags[ \t]*=[ \t\r\n]*)?\([ \t\r\n,]*\Z")
_CLOSING = regex(r"[ \t\r\n,]*\)")


def flag_edit(node: ProfileNode, words: Iterable[str]) -> Edit | None:
    """The edit that gives a header these flags, None where it has them; words are as in the language.

    Flags that stay keep how they are written, quotes too.
    """
    wanted = list(words)
    if wanted == [word.text for word in node.flags]:
        return None
    source = node.head.source
    written = {word.text: word.span.text for word in node.flags}
    said = ", ".join(written.get(word, word) for word in wanted)
    if not node.flags:
        brace = node.head.end - 1
        blank = "" if source.text[brace - 1] in " \t\n" else " "
        return Edit(Span(source, brace, brace), f"{blank}flags=({said}) ")
    first, last = node.flags[0].span.start, node.flags[-1].span.end
    if wanted:
        return Edit(Span(source, first, last), said)
    opening = _OPENING.search(source.text, node.head.start, first)
    closing = _CLOSING.match(source.text, last)
    assert opening is not None
    assert closing is not None
    return Edit(Span(source, opening.start(), closing.end()), "")
