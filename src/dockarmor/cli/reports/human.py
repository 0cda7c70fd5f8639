"""Pictures for people; they were drawn where the text was at hand."""

from collections.abc import Iterable, Iterator

from dockarmor.cli.reports import Checked


def pieces(checked: Iterable[Checked]) -> Iterator[str]:
    for _, text in checked:
        yield text
