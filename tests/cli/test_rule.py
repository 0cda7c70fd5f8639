"""`dockarmor rule`: the pages of diagnostic codes."""

import json

import pytest

from dockarmor.cli import rule
from dockarmor.cli.main import main
from dockarmor.text.page import codes, page


def test_a_page_is_printed_as_it_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rule", "da203"]) == 0
    assert capsys.readouterr().out == page("DA203").text


def test_without_a_code_all_titles_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rule"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == codes()
    assert "DA203  no such file permission" in lines


def test_every_page_can_be_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rule", "--all"]) == 0
    printed = capsys.readouterr().out
    assert all(page(code).text in printed for code in codes())


@pytest.mark.parametrize("wrong, near", [("DA2O3", "DA203"), ("DA999", "DA"), ("203", "DA203")])
def test_an_unknown_code_suggests_one(wrong: str, near: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rule", wrong]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "no diagnostic has the code" in printed.err
    assert near in printed.err


def test_a_hostile_code_does_not_reach_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rule", "\x1b[31m"]) == 2
    assert "\x1b" not in capsys.readouterr().err


def test_json_has_the_examples_apart(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rule", "DA203", "--output", "json"]) == 0
    envelope = json.loads(capsys.readouterr().out)
    assert envelope["schema"] == "dockarmor/rule@1"
    (item,) = envelope["items"]
    assert item["code"] == "DA203"
    assert [example["heading"] for example in item["examples"]] == ["Example", "Instead"]
    assert item["examples"][0]["language"] == "apparmor"


def test_headings_are_bold_on_a_terminal_and_comments_of_policy_are_not(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rule, "color_wanted", lambda stream: True)
    assert main(["rule", "DA420"]) == 0
    printed = capsys.readouterr().out
    assert "\x1b[1mExample\x1b[0m\n" in printed
    assert "## " not in printed
    assert "\n# features: kernel-6.12\n" in printed
