"""One line a finding, `file:line:column: severity[code]: message`: for grep and for editors' error lists."""

from collections.abc import Iterable, Iterator

from dockarmor.cli.reports import Checked, place
from dockarmor.text.render import printable


def pieces(checked: Iterable[Checked]) -> Iterator[str]:
    for item, _ in checked:
        for found in item["diagnostics"]:
            where = place(found) or item["path"]
            yield printable(f"{where}: {found['severity']}[{found['code']}]: {found['message']}") + "\n"
