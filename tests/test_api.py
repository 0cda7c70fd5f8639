"""The interface for programs: cheap to import, typed, and careful with bytes."""

import subprocess
import sys

import pytest

import dockarmor
from dockarmor import make
from dockarmor.rules.file import FileRule
from dockarmor.syntax.tree import RuleNode


def test_to_import_the_package_is_to_import_nothing_else() -> None:
    program = "import sys; before = set(sys.modules); import dockarmor; print(sorted(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['dockarmor']"


def test_to_parse_compiles_nothing() -> None:
    program = (
        "import sys, dockarmor; dockarmor.parse(''); print([m for m in sys.modules if m.startswith('dockarmor.')])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert [room for room in ("compile", "kernel", "ask", "lint", "cli") if f"dockarmor.{room}" in done.stdout] == []


def test_every_public_name_is_there_and_listed() -> None:
    assert all(getattr(dockarmor, name) is not None for name in dockarmor.__all__)
    assert set(dockarmor.__all__) <= set(dir(dockarmor))
    assert sorted(dockarmor.__all__) == dockarmor.__all__


def test_another_name_is_not_there() -> None:
    with pytest.raises(AttributeError, match="no attribute 'prase'"):
        dockarmor.prase  # type: ignore[attr-defined] # noqa: B018


def test_make_lists_what_it_has() -> None:
    assert all(callable(getattr(make, name)) for name in make.__all__)


TEXT = 'profile grün { "/srv/straße/**" r, }\n'


def test_text_comes_out_as_it_went_in() -> None:
    parsed = dockarmor.parse(TEXT)
    assert dockarmor.print_tree(parsed.file) == TEXT
    assert dockarmor.parse(TEXT.encode()).file.body == parsed.file.body
    assert dockarmor.rewrite(parsed.file, lambda node: node) == TEXT
    assert dockarmor.parse(dockarmor.write(parsed.file)).file.body == parsed.file.body


def test_bytes_that_are_no_text_survive() -> None:
    data = b"profile p { /srv/\xff\xfe r, }"
    text = dockarmor.print_tree(dockarmor.parse(data).file)
    assert text.encode("utf-8", "surrogateescape") == data
    assert dockarmor.print_tree(dockarmor.parse(text).file) == text


def test_what_is_made_of_characters_means_their_bytes() -> None:
    policy = dockarmor.read_policy(make.policy(make.profile("p", [make.file("/srv/straße/**", "r")])))
    subject = dockarmor.ask_about(policy)
    assert dockarmor.explain(subject, 'file r "/srv/straße/x"').decision.allowed
    rule = make.file(b"/\xff", "r")
    assert dockarmor.write(rule).encode("utf-8", "surrogateescape") == b'"/\xff" r,'


def test_half_a_character_is_refused() -> None:
    with pytest.raises(dockarmor.DiagnosticError, match="no text"):
        make.file("/\ud800", "r")


def test_a_tree_that_was_not_read_as_it_is_is_not_printed() -> None:
    made = make.policy(make.profile("p"))
    with pytest.raises(ValueError, match="written, not printed"):
        dockarmor.print_tree(made)
    read = dockarmor.parse("profile p {}").file
    with pytest.raises(ValueError, match="written, not printed"):
        dockarmor.print_tree(dockarmor.replace(read, body=(*read.body, *made.body)))


def test_a_changed_tree_is_read_as_what_it_says_now() -> None:
    file = dockarmor.parse("profile p { /a r, }").file
    changed = dockarmor.replace(file, body=(*file.body, make.profile("q", [make.file("/b", "r")])))
    assert [profile.name for profile in dockarmor.read_policy(changed).profiles] == ["p", "q"]
    assert dockarmor.check(changed, base="/nowhere") == ()


def test_a_rule_that_was_changed_in_its_node_is_read_as_what_it_says_now() -> None:
    file = dockarmor.parse("profile p { /a r, }").file
    (profile,) = file.body
    rule = make.file("/b", "w")
    changed = dockarmor.replace(
        file,
        body=(dockarmor.replace(profile, body=(dockarmor.replace(profile.body[0], rule=rule),)),),  # type: ignore[union-attr]
    )
    with pytest.raises(ValueError, match="written, not printed"):
        dockarmor.print_tree(changed)
    (placed,) = dockarmor.read_policy(changed).profiles[0].rules
    assert placed.rule == rule


def test_mistakes_are_raised_where_a_policy_is_wanted() -> None:
    with pytest.raises(dockarmor.DiagnosticError) as caught:
        dockarmor.read_policy("profile p { /a z, }", name="mine")
    assert str(caught.value.diagnostics[0].span).startswith("mine:1:")


def test_rules_are_typed() -> None:
    nodes = list(dockarmor.walk(dockarmor.parse("profile p { /a r, }").file.body))
    assert isinstance(nodes[1], RuleNode)
    assert isinstance(nodes[1].rule, FileRule)
