"""The page of a diagnostic code: what it means, what brings it about, what to write instead.

A page is data/codes/DAnnn.md:  `# DAnnn: title`, a paragraph, and perhaps `## Example` and `## Instead` with
fenced blocks. The language of a fence says who reads it: `apparmor` is policy text, `request` a request line,
`record` a line of a log, `features` a feature set. A first line `# features: NAME` in policy text names the
kernel that it is compiled for.
"""

import os
import re

from dockarmor.text.regex import regex
from dockarmor.value import frozen

#: what a code looks like
CODE = regex(r"DA[0-9]{3}")
_TITLE = regex(r"# (DA[0-9]{3}): (.+)")
_FENCE = regex(r"^```([a-z]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@frozen
class Example:
    """A fenced block: the heading it stands under, its language, its text."""

    heading: str
    language: str
    text: str


@frozen
class Page:
    """A page. `text` is the whole of it in Markdown, `prose` what stands before the first heading below the title."""

    code: str
    title: str
    prose: str
    text: str
    examples: tuple[Example, ...]


def codes() -> list[str]:
    """Every code that has a page, in order."""
    return sorted(name[:-3] for name in os.listdir(_folder()) if CODE.match(name) and name.endswith(".md"))


def title(code: str) -> str:
    """The title of a code's page, without reading the rest.

    >>> title("DA003")
    'a brace is not closed'
    """
    with open(_path(code), encoding="utf-8") as file:
        return _title(file.readline())


def page(code: str) -> Page:
    """The page of a code that `codes` lists."""
    with open(_path(code), encoding="utf-8") as file:
        text = file.read()
    first, _, rest = text.partition("\n")
    examples: list[Example] = []
    prose, *sections = re.split(r"^## ", rest, flags=re.MULTILINE)
    for section in sections:
        heading, _, body = section.partition("\n")
        examples += (Example(heading.strip(), found[1], found[2]) for found in _FENCE.finditer(body))
    return Page(code, _title(first), prose.strip(), text, tuple(examples))


def _title(line: str) -> str:
    found = _TITLE.match(line)
    return found[2].strip() if found else ""


def _path(code: str) -> str:
    return os.path.join(_folder(), f"{code}.md")


def _folder() -> str:
    from dockarmor import data

    return os.path.join(os.path.dirname(data.__file__), "codes")
