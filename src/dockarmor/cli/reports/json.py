"""One envelope with all items: schema check@1."""

import json
from collections.abc import Iterable, Iterator

from dockarmor import __version__
from dockarmor.cli.reports import Checked


def pieces(checked: Iterable[Checked]) -> Iterator[str]:
    items = [item for item, _ in checked]
    envelope = {"schema": "dockarmor/check@1", "version": __version__, "items": items}
    yield json.dumps(envelope, ensure_ascii=True, indent=1) + "\n"
