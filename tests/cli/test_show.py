"""`show` as its users meet it. The golden files are what is printed; DOCKARMOR_GOLDEN=write renews them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from dockarmor import __version__, data

GOLDEN = Path(__file__).resolve().parent.parent / "golden" / "show"

#: the forms, and the ending of the golden file of each
FORMS = {"tree": "tree", "policy": "shown", "flat": "flat", "json": "json"}


def show(*arguments: str, stdin: bytes = b"", status: int = 0) -> "subprocess.CompletedProcess[bytes]":
    command = [sys.executable, "-m", "dockarmor", "show", *arguments]
    done = subprocess.run(command, input=stdin, capture_output=True, check=False, cwd=GOLDEN)
    assert done.returncode == status, done.stderr.decode()
    return done


@pytest.mark.parametrize("form", FORMS)
def test_golden(form: str) -> None:
    seen = show("--base", "base", "--as", form, "web.policy").stdout
    seen = seen.replace(f'"version": "{__version__}"'.encode(), b'"version": "VERSION"')
    golden = GOLDEN / f"web.{FORMS[form]}"
    if os.environ.get("DOCKARMOR_GOLDEN") == "write":
        golden.write_bytes(seen)
    assert seen == golden.read_bytes()


def test_the_policy_is_what_is_shown_first() -> None:
    assert show("--base", "base", "web.policy").stdout == (GOLDEN / "web.shown").read_bytes()


def test_the_schema_says_what_the_items_hold() -> None:
    schema = json.loads((Path(data.__file__).parent / "schemas" / "show@1.json").read_text())
    shown = json.loads(show("--base", "base", "--as", "json", "web.policy").stdout)
    assert shown["schema"] == schema["$id"]
    for item in shown["items"]:
        assert set(item) == set(schema["required"]) == set(schema["properties"])
        assert item["kind"] in schema["properties"]["kind"]["enum"]
        assert item["mode"] in schema["properties"]["mode"]["enum"]
        for rule in item["rules"]:
            assert set(rule) == set(schema["$defs"]["rule"]["required"])
            for place in rule["includes"]:
                assert set(place) == set(schema["$defs"]["place"]["required"])


def test_a_block_gives_its_qualifiers_and_only_the_branch_that_is_taken_is_shown() -> None:
    rules = show("--base", "base", "--as", "flat", "web.policy").stdout.decode()
    assert "deny network alg," in rules
    assert "deny userns" not in rules


def test_controls_do_not_reach_the_terminal() -> None:
    text = b'profile "a\x1b[2J" { "/x\x1b]0;y\x07" r, }\n'
    for form in ("tree", "policy", "flat", "json"):
        assert b"\x1b" not in show("--as", form, "-", stdin=text).stdout, form


def test_bytes_of_utf8_are_shown_as_what_they_are() -> None:
    assert "/caf\N{LATIN SMALL LETTER E WITH ACUTE}\N{LATIN SMALL LETTER A WITH GRAVE} r," in show(
        "--as", "tree", "-", stdin="profile a { /caf\xe9\xe0 r, }".encode()
    ).stdout.decode("utf-8")


def test_a_text_with_mistakes_has_a_tree_and_no_policy() -> None:
    text = b"profile p {\n  sginal,\n  /a r,\n}\n"
    tree = show("--as", "tree", "-", stdin=text, status=2)
    assert b"2:3         unreadable sginal," in tree.stdout
    assert b"did you mean `signal`?" in tree.stderr
    assert show("-", stdin=text, status=2).stdout == b""


def test_a_variable_without_values_is_told_before_anything_is_printed() -> None:
    done = show("-", stdin=b"profile p { /a r, @{NO}/b r, }\n", status=2)
    assert done.stdout == b""
    assert b"@{NO} is not defined" in done.stderr
