"""Changes to a file that leave everything else as it stands."""

from collections.abc import Callable
from typing import Any

import pytest

from dockarmor import make
from dockarmor.policy.read import grammar
from dockarmor.policy.written import rewrite
from dockarmor.rules.file import FileRule
from dockarmor.syntax.structure import parse
from dockarmor.syntax.tree import Block, Conditional, File, Node, ProfileNode, RuleNode, walk
from dockarmor.text.diagnostic import DiagnosticError
from dockarmor.text.source import Source
from dockarmor.value import replace

TEXT = """\
# The licence.

include   <tunables/global>

# about the profile
profile  web flags=( complain ) {  # opened
    /etc/hosts   r,  # one
    # about two
    /etc/passwd wr,
    audit deny { /x w, /y w, }
    if $X { /z r, } else { /zz r, }
}
"""


def read(text: str) -> File:
    parsed = parse(Source("p", text), grammar())
    assert parsed.diagnostics == ()
    return parsed.file


def changed(text: str, change: Callable[[Node], Any]) -> str:
    return rewrite(read(text), change)


def where(words: str, result: Any) -> Callable[[Node], Any]:
    """A change of the node with this text; `result` may be a function of it."""

    def change(node: Node) -> Any:
        if " ".join(node.span.text.split()) != words:
            return node
        return result(node) if callable(result) else result

    return change


def on_profile(**changes: Any) -> Callable[[Node], Any]:
    return lambda node: replace(node, **changes) if isinstance(node, ProfileNode) else node


def test_nothing_changed_is_the_same_text() -> None:
    assert changed(TEXT, lambda node: node) == TEXT


def test_the_function_is_asked_about_every_node_the_inner_first() -> None:
    seen: list[Node] = []
    changed(TEXT, lambda node: seen.append(node) or node)  # type: ignore[func-returns-value]
    file = read(TEXT)
    assert sorted(node.span.start for node in seen) == sorted(node.span.start for node in walk(file.body))
    assert isinstance(seen[-1], ProfileNode)


def test_a_rule_that_goes_takes_its_line_along() -> None:
    assert changed(TEXT, where("/etc/passwd wr,", None)) == TEXT.replace("    /etc/passwd wr,\n", "")


def test_a_comment_on_the_line_stays() -> None:
    assert changed(TEXT, where("/etc/hosts r,", None)) == TEXT.replace("/etc/hosts   r,  # one", "# one")


def test_one_of_two_rules_on_a_line_goes() -> None:
    assert changed(TEXT, where("/x w,", None)) == TEXT.replace("/x w, /y", "/y")


def test_a_rule_is_replaced_in_its_place() -> None:
    for result in (make.file("/new", "r"), "/new r,", lambda node: replace(node, rule=make.file("/new", "r"))):
        assert changed(TEXT, where("/etc/hosts r,", result)) == TEXT.replace("/etc/hosts   r,", "/new r,")


def test_new_rules_stand_on_lines_of_their_own() -> None:
    new = [make.file("/n1", "r"), "/n2 r,"]
    assert changed(TEXT, where("/etc/hosts r,", lambda node: [node, *new])) == TEXT.replace(
        "# one\n", "# one\n    /n1 r,\n    /n2 r,\n"
    )
    assert changed(TEXT, where("/etc/hosts r,", lambda node: [*new, node])) == TEXT.replace(
        "# opened\n", "# opened\n    /n1 r,\n    /n2 r,\n"
    )
    assert changed(TEXT, where("/etc/hosts r,", new)) == TEXT.replace(
        "/etc/hosts   r,  # one\n", "/n1 r,  # one\n    /n2 r,\n"
    )


def test_a_rule_is_added_between_two_on_a_line() -> None:
    text = "profile p { /a r, /b r, }"
    assert changed(text, where("/a r,", lambda node: [node, "/n r,"])) == "profile p { /a r,\n  /n r,\n   /b r, }"
    assert changed(text, where("/b r,", lambda node: [node, "/n r,"])) == "profile p { /a r, /b r,\n  /n r,\n }"


def test_a_rule_is_added_to_an_empty_profile() -> None:
    assert changed("profile p {}", on_profile(body=(RuleNode(make.file("/a", "r"), make.file().span),))) == (
        "profile p {\n  /a r,\n}"
    )


def test_a_profile_whose_body_was_changed_is_edited_only_there() -> None:
    def add(node: Node) -> Any:
        if not isinstance(node, ProfileNode):
            return node
        return replace(node, body=(*node.body[1:], *make.policy(make.file("/new", "r")).body))

    assert changed(TEXT, add) == TEXT.replace("/etc/hosts   r,  # one", "# one").replace(
        "{ /zz r, }\n", "{ /zz r, }\n    /new r,\n"
    )


def test_a_changed_head_leaves_the_body_alone() -> None:
    assert changed(TEXT, on_profile(flags=(make.word("enforce"),))) == TEXT.replace(
        "profile  web flags=( complain ) {", "profile web flags=(enforce) {"
    )


def test_head_and_rules_are_changed_together() -> None:
    def change(node: Node) -> Any:
        if isinstance(node, ProfileNode):
            return replace(node, name=make.word("other"))
        return None if node.span.text == "/etc/passwd wr," else node

    assert changed(TEXT, change) == TEXT.replace("    /etc/passwd wr,\n", "").replace(
        "profile  web flags=( complain )", "profile other flags=(complain)"
    )


def test_blocks_and_conditions_are_changed_inside() -> None:
    def widen(node: Node) -> Any:
        if isinstance(node, RuleNode) and isinstance(node.rule, FileRule) and node.rule.path:
            path = make.word(node.rule.path.text + "/**")
            return replace(node.rule, path=path)
        return node

    text = changed("profile p {\n  deny { /x w, }\n  if $X { /y r, } else { /z r, }\n}\n", widen)
    assert text == "profile p {\n  deny { /x/** w, }\n  if $X { /y/** r, } else { /z/** r, }\n}\n"


def test_the_qualifiers_of_a_block_are_changed() -> None:
    def allow(node: Node) -> Any:
        return replace(node, qualifiers=make.block([]).qualifiers) if isinstance(node, Block) else node

    assert changed(TEXT, allow) == TEXT.replace("audit deny {", "{")


def test_a_condition_that_is_another_one_is_written_anew() -> None:
    def decide(node: Node) -> Any:
        return make.when(make.true("Y"), node.branches[0].body) if isinstance(node, Conditional) else node

    assert changed("profile p {\n  if $X { /y r, }\n}\n", decide) == "profile p {\n  if ${Y} {\n    /y r,\n  }\n}\n"


def test_rules_change_places() -> None:
    def turn(node: Node) -> Any:
        return replace(node, body=node.body[::-1]) if isinstance(node, ProfileNode) else node

    text = changed("profile p {\n  /a   r,\n  /b   r,\n}\n", turn)
    assert text == "profile p {\n  /b   r,\n  /a   r,\n}\n"


def test_statements_of_the_file_come_and_go() -> None:
    assert changed("", lambda node: node) == ""
    assert changed(TEXT, where("include <tunables/global>", None)) == TEXT.replace(
        "include   <tunables/global>\n", ""
    )
    assert (
        changed("profile p {}\n", lambda node: [make.include("tunables/global"), node, make.profile("q")])
        == "include <tunables/global>\nprofile p {}\n\nprofile q {\n}\n"
    )


def test_what_cannot_be_written_is_refused() -> None:
    with pytest.raises(DiagnosticError):
        changed(TEXT, where("/etc/hosts r,", make.file("/a\0", "r")))


def test_text_of_people_is_the_bytes_of_its_utf_8() -> None:
    assert changed("/a r,", lambda node: "/é r,").encode("latin-1") == "/é r,".encode()
