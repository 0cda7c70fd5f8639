"""What stands in a policy file, as nodes."""

import pytest

from dockarmor.policy.read import grammar
from dockarmor.syntax.structure import Parsed, parse
from dockarmor.syntax.tree import (
    Abi,
    Alias,
    Block,
    BoolVariable,
    Conditional,
    Include,
    Node,
    ProfileNode,
    RuleNode,
    SetVariable,
    walk,
)
from dockarmor.text.source import Source


def read(text: str) -> Parsed:
    return parse(Source("t", text), grammar())


def only(text: str) -> Node:
    parsed = read(text)
    assert parsed.diagnostics == ()
    assert len(parsed.file.body) == 1
    return parsed.file.body[0]


def codes(text: str) -> list[str]:
    return [found.code for found in read(text).diagnostics]


def test_a_header_is_name_attachment_xattrs_flags() -> None:
    node = only("profile web /usr/bin/web xattrs=(user.a=b) flags=(complain, audit) { }")
    assert isinstance(node, ProfileNode)
    assert (node.name.text, str(node.attachment)) == ("web", "/usr/bin/web")
    assert [(name.text, str(value)) for name, value in node.xattrs] == [("user.a", "b")]
    assert [flag.text for flag in node.flags] == ["complain", "audit"]


@pytest.mark.parametrize(
    "text, kind, name",
    [
        ("/bin/a { }", "profile", "/bin/a"),
        ("profile profile { }", "profile", "profile"),
        ('profile "a b" { }', "profile", "a b"),
        ("profile a(complain) { }", "profile", "a(complain)"),
        (":ns:x { }", "profile", ":ns:x"),
        ("profile #b { }", "profile", "#b"),
        ("hat h { }", "hat", "h"),
        ("^h { }", "hat", "h"),
    ],
)
def test_names(text: str, kind: str, name: str) -> None:
    node = only(text)
    assert isinstance(node, ProfileNode)
    assert (node.kind, node.name.text) == (kind, name)


@pytest.mark.parametrize("text", ["profile\nx { }", "profile { }", "^ h { }", 'profile "" { }'])
def test_a_profile_needs_a_name_on_its_line(text: str) -> None:
    assert codes(text)[0] == "DA020"


@pytest.mark.parametrize(
    "text, path, magic, if_exists",
    [
        ("include <a/b>", "a/b", True, False),
        ("#include < a/b >\n", "a/b", True, False),
        ("#include<a>\n", "a", True, False),
        ('include if exists "/x y"', "/x y", False, True),
        ("include some/where", "some/where", False, False),
    ],
)
def test_includes(text: str, path: str, magic: bool, if_exists: bool) -> None:
    node = only(text)
    assert isinstance(node, Include)
    assert (node.path, node.magic, node.if_exists) == (path, magic, if_exists)


def test_a_comment_with_a_blank_is_no_include() -> None:
    assert read("# include <a>\n").file.body == ()


@pytest.mark.parametrize("operator", ["=", "+=", "?=", ":="])
def test_assignments(operator: str) -> None:
    node = only(f'@{{X}} {operator} a "b c" d,e \\\n f # comment\n')
    assert isinstance(node, SetVariable)
    assert (node.name.text, node.operator) == ("X", operator)
    assert [value.text for value in node.values] == ["a", "b c", "d,e", "f"]


def test_booleans_aliases_and_abi() -> None:
    kinds = [type(node) for node in read("$B = not $C\nalias /a -> /b,\nabi <abi/4.0>,\n").file.body]
    assert kinds == [BoolVariable, Alias, Abi]


def test_an_assignment_ends_with_its_line_and_without_a_comma() -> None:
    assert codes("@{X} = a,\n") == ["DA017"]
    assert codes("@{X} =\n") == ["DA014"]


def test_branches_of_a_conditional() -> None:
    profile = only("profile p { if $a { /a r, } else if @{b} == c { /b r, } else { /c r, } }")
    assert isinstance(profile, ProfileNode)
    node = profile.body[0]
    assert isinstance(node, Conditional)
    assert [branch.condition is not None for branch in node.branches] == [True, True, False]
    assert len([inner for inner in walk(profile.body) if isinstance(inner, RuleNode)]) == 3


def test_qualifiers_of_a_rule_and_of_a_block() -> None:
    profile = only("profile p { priority=-3 audit deny owner /a w, audit { /b r, } }")
    assert isinstance(profile, ProfileNode)
    rule, block = profile.body
    assert isinstance(rule, RuleNode)
    assert isinstance(block, Block)
    said = rule.rule.qualifiers
    assert (said.priority, said.audit, said.effect, said.subject) == (-3, True, "deny", "owner")
    assert block.qualifiers.audit


@pytest.mark.parametrize(
    "rule, code",
    [
        ("deny audit /a r,", "DA040"),
        ("owner deny /a r,", "DA040"),
        ("audit audit /a r,", "DA040"),
        ("allow deny /a r,", "DA040"),
        ("priority=1001 /a r,", "DA042"),
        ("priority=x /a r,", "DA042"),
        ("priority=1 { /a r, }", "DA041"),
    ],
)
def test_qualifiers_stand_once_and_in_order(rule: str, code: str) -> None:
    assert codes(f"profile p {{\n{rule}\n}}\n") == [code]


def test_one_run_tells_all_mistakes() -> None:
    text = "profile p {\n  /a zz,\n  /ok r,\n  capability chown net_raw\n  /fine r,\n  deny audit /b r,\n}\n"
    assert codes(text) == ["DA203", "DA280", "DA040"]


def test_a_broken_rule_of_several_lines_is_one_mistake() -> None:
    text = "profile p {\n  dbus send bus=system\n    path=/a\n    interfce=x\n    member=y,\n  /b zz,\n}\n"
    assert len(codes(text)) == 2
    assert codes(text)[1] == "DA203"


def test_a_missing_comma_does_not_swallow_the_next_rule() -> None:
    parsed = read("profile p {\n  /a r\n  /b r,\n  signal,\n}\n")
    assert [found.code for found in parsed.diagnostics] == ["DA210"]
    assert [node.span.text for node in walk(parsed.file.body) if isinstance(node, RuleNode)] == ["/b r,", "signal,"]


@pytest.mark.parametrize("path", ["/x{a,b}", "/x{a,}", "/{,x}/{y,{z,}}"])
def test_the_braces_of_a_broken_rules_pattern_are_its_own(path: str) -> None:
    parsed = read(f"profile p {{\n  {path} zz,\n  /b r,\n}}\n")
    assert [found.code for found in parsed.diagnostics] == ["DA203"]
    assert len([node for node in walk(parsed.file.body) if isinstance(node, RuleNode)]) == 1


def test_a_block_behind_a_broken_rule_is_not_its_end() -> None:
    assert codes("profile p {\n  if $x == {\n    /a r,\n  }\n  /b r,\n}\n")[1:] == []


def test_a_brace_behind_a_mistake_still_closes() -> None:
    for rule in ("/a zz ", "/a zz, ", "/a zz,"):
        assert codes(f"profile p {{ {rule}}}\nprofile q {{ }}\n") == ["DA203"], rule


def test_an_assignment_that_looks_like_a_rule_is_one() -> None:
    assert codes("@{X}=/a r,\n") == ["DA017"]


def test_a_byte_order_mark_is_one_mistake() -> None:
    assert codes("\xef\xbb\xbfprofile p { /a r, }\n") == ["DA006"]


@pytest.mark.parametrize("names", ['(a)+ identities=("/b c", d)', "(a b)"])
def test_identities_are_read(names: str) -> None:
    assert codes(f"profile p + identities={names} flags=(audit) {{ }}") == []


def test_an_identity_holds_no_blank() -> None:
    assert codes('profile p + identities=("a b") { }') == ["DA019"]


def test_braces_that_do_not_match() -> None:
    assert codes("}\n") == ["DA002"]
    assert codes("profile p {\n") == ["DA003"]


def test_windows_line_ends() -> None:
    assert codes("@{A} = b\r\nprofile p {\r\n  /a r, # c\r\n  owner /b w,\r\n}\r\n") == []


@pytest.mark.parametrize("flag", ["attach_disconnected.ipc=", "attach_disconnected.path=", "kill.signal", "error="])
def test_a_flag_with_a_value_needs_one(flag: str) -> None:
    assert codes(f"profile p flags=({flag}) {{ }}") == ["DA027"]
