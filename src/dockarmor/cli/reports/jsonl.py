"""One object a line, as soon as its file is read."""

import json
from collections.abc import Iterable, Iterator

from dockarmor.cli.reports import Checked


def pieces(checked: Iterable[Checked]) -> Iterator[str]:
    encode = json.JSONEncoder(ensure_ascii=True).encode
    for item, _ in checked:
        yield encode({"schema": "dockarmor/check@1", **item}) + "\n"
