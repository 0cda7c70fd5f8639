"""Workflow commands: annotations on a pull request (GitHub Actions, "Workflow commands")."""

from collections.abc import Iterable, Iterator

from dockarmor.cli.reports import Checked, Item

_COMMANDS = {"error": "error", "warning": "warning", "note": "notice"}


def pieces(checked: Iterable[Checked]) -> Iterator[str]:
    for item, _ in checked:
        for found in item["diagnostics"]:
            yield _command(item["path"], found) + "\n"


def _command(path: str, found: Item) -> str:
    properties = {"file": found.get("file", path), "title": found["code"]}
    if "line" in found:
        properties |= {"line": found["line"], "col": found["column"]}
        properties |= {"endLine": found["end_line"], "endColumn": found["end_column"]}
    listed = ",".join(f"{name}={_property(str(value))}" for name, value in properties.items())
    message = "\n".join([found["message"], *(f"help: {help}" for help in found.get("help", ()))])
    return f"::{_COMMANDS[found['severity']]} {listed}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
