"""JUnit's XML: a test case for each file; errors fail it, warnings are its failures, too."""

from collections.abc import Iterable, Iterator

from dockarmor.cli.reports import Checked, Item, place
from dockarmor.text.regex import regex

# What XML 1.0 cannot hold at all, escaped or not.
_FORBIDDEN = regex("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def pieces(checked: Iterable[Checked]) -> Iterator[str]:
    items = [item for item, _ in checked]
    bad = sum(bool(_failing(item)) for item in items)
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    yield f'<testsuites><testsuite name="dockarmor check" tests="{len(items)}" failures="{bad}" errors="0">\n'
    for item in items:
        yield f' <testcase classname="dockarmor.check" name="{_text(item["path"])}">'
        for found in _failing(item):
            head = f"{found['severity']}[{found['code']}]: {found['message']}"
            body = "\n".join([place(found), *found.get("help", ()), *found.get("notes", ())])
            yield f'<failure type="{found["code"]}" message="{_text(head)}">{_text(body)}</failure>'
        yield "</testcase>\n"
    yield "</testsuite></testsuites>\n"


def _failing(item: Item) -> list[Item]:
    return [found for found in item["diagnostics"] if found["severity"] != "note"]


def _text(text: str) -> str:
    from xml.sax.saxutils import quoteattr

    return quoteattr(_FORBIDDEN.sub("\ufffd", text), {'"': "&quot;"})[1:-1]
