"""SARIF 2.1.0, for code scanning services (OASIS, Static Analysis Results Interchange Format)."""

import json
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote

from dockarmor import __version__
from dockarmor.cli.reports import Checked, Item

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def pieces(checked: Iterable[Checked]) -> Iterator[str]:
    results = [_result(item, found) for item, _ in checked for found in item["diagnostics"]]
    codes = sorted({result["ruleId"] for result in results})
    numbers = {code: number for number, code in enumerate(codes)}
    for result in results:
        result["ruleIndex"] = numbers[result["ruleId"]]
    driver = {
        "name": "dockarmor",
        "version": __version__,
        "rules": [_rule(code) for code in codes],
    }
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    yield json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, ensure_ascii=True, indent=1) + "\n"


def _rule(code: str) -> dict[str, Any]:
    from dockarmor.text.page import codes, title

    text = title(code) if code in codes() else code
    return {"id": code, "shortDescription": {"text": text}}


def _result(item: Item, found: Item) -> dict[str, Any]:
    parts = [found["message"], *found.get("help", ()), *found.get("notes", ())]
    made: dict[str, Any] = {
        "ruleId": found["code"],
        "level": found["severity"],
        "message": {"text": "\n".join(parts)},
        "locations": [_location(found, item["path"])],
    }
    others = [
        _location(other, item["path"]) | {"message": {"text": other["message"]}} for other in found.get("others", ())
    ]
    if others:
        made["relatedLocations"] = others
    if "fix" in found:
        made["fixes"] = [_fix(found["fix"], item["path"])]
    return made


def _location(place: Item, path: str) -> dict[str, Any]:
    physical: dict[str, Any] = {"artifactLocation": {"uri": quote(place.get("file", path), errors="surrogateescape")}}
    if "line" in place:
        physical["region"] = _region(place)
    return {"physicalLocation": physical}


def _region(place: Item) -> dict[str, int]:
    return {
        "startLine": place["line"],
        "startColumn": place["column"],
        "endLine": place["end_line"],
        "endColumn": place["end_column"],
    }


def _fix(fix: Item, path: str) -> dict[str, Any]:
    change = {
        "artifactLocation": {"uri": quote(fix.get("file", path), errors="surrogateescape")},
        "replacements": [{"deletedRegion": _region(fix), "insertedContent": {"text": fix["replacement"]}}],
    }
    return {"description": {"text": fix["message"]}, "artifactChanges": [change]}
