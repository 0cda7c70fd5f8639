"""The canonical style: what it looks like, and that formatting loses nothing."""

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dockarmor.policy.formatted import style
from dockarmor.rules.registry import write
from dockarmor.syntax.comments import comments_of
from dockarmor.syntax.format import Style, format_file
from dockarmor.syntax.structure import parse
from dockarmor.syntax.tree import File
from dockarmor.text.source import Source

GOLDEN = Path(__file__).resolve().parent.parent / "golden" / "fmt"

SNIPPETS = (
    *("/a  r,", "audit   deny owner /{b,c}/** wk ,", '"/a  b"   r,', "file ,", "r   /x,", "/a#b r,", "allow /a r,"),
    *("/bin/x   Px  ->  y ,", "safe /bin/x px,", "link  subset /a -> /b,", "priority=-2 /p r,", "user /u w,"),
    *("capability chown   kill,", "network  inet  stream ,", "signal (send)  set=(term  kill) peer=a,", "userns,"),
    *("unix (send) type=stream peer=(label=x),", 'dbus send bus=session peer=(name="{a,b}",  label="c"),'),
    *("mount options=(rw bind)   /a -> /b,", "umount /a,", "set rlimit nofile <= 10,", "change_profile -> x,"),
    *("/a # inside\n r,", "ptrace (trace)\n   peer=x,", "include   <a b>", "#include<c>", 'include if exists "d"'),
    *("/multi\r\n  r,", "/a\\ b r,", "deny { /a r,\n # c\n}", "audit deny # c {\n {/b w,}", "{ /n r, }"),
    *(
        "if  $B { /a r, } # d\nelse  if not $C\n{ # e\n /b r, }\n# f\nelse { }",
        "if true { }",
    ),
    *("^hat { /h  r, }", "hat h {\n}", "profile c  /att  flags = (complain audit) { /c r, }", "all,", "mqueue r /m,"),
    *("profile d # comment {\n (kill) {\n\n /d r, }", "/usr/bin/e { # trailing\n}", "pivot_root /a,", "io_uring,"),
    *("profile x xattrs=( a=b  c:=d ) { }", "profile i + identities = (a b) { }", 'profile "q n" "/a b" {}'),
    *(
        "@{V}=a  b \\\n\t\tc # d\n",
        "@W += 'x' \"y  z\"\n",
        "${B}=true or  false\n",
        "alias  /a  ->  /b ,",
        "abi <a> ,",
    ),
)
BETWEEN = (
    "\n",
    "\n\n\n",
    "  ",
    "\t\n",
    " # c\n",
    "\n# own\n",
    "\r\n",
    "\n#\n\n# x\xe0\xa0 \n",
    " # {\n",
    "\n\n # } \\\n",
)


def tree(text: str) -> File:
    parsed = parse(Source("t", text), style().grammar)
    assert not parsed.diagnostics, text
    return parsed.file


def formatted(text: str) -> str:
    return format_file(tree(text), style())


@pytest.mark.parametrize("case", sorted(path.stem for path in GOLDEN.glob("*.policy")))
def test_golden(case: str) -> None:
    seen = formatted((GOLDEN / f"{case}.policy").read_bytes().decode("latin-1"))
    golden = GOLDEN / f"{case}.txt"
    if os.environ.get("DOCKARMOR_GOLDEN") == "write":
        golden.write_bytes(seen.encode("latin-1"))
    assert seen.encode("latin-1") == golden.read_bytes()


@settings(max_examples=300)
@given(st.lists(st.tuples(st.sampled_from(SNIPPETS), st.sampled_from(BETWEEN)), max_size=8), st.booleans())
def test_any_statements_in_any_spacing_keep_tree_and_comments_and_come_to_rest(
    pieces: list[tuple[str, str]], inside: bool
) -> None:
    text = "".join(snippet + between for snippet, between in pieces)
    text = f"profile p {{{text}\n}}\n" if inside else text
    if parse(Source("t", text), style().grammar).diagnostics:
        return
    once = formatted(text)
    assert tree(once).body == tree(text).body
    assert sorted(comments_of(tree(once))) == sorted(comments_of(tree(text)))
    assert formatted(once) == once


@pytest.mark.parametrize("snippet", SNIPPETS)
def test_each_statement_alone_comes_to_rest(snippet: str) -> None:
    once = formatted(snippet + "\n")
    assert formatted(once) == once
    assert not [line for line in once.split("\n") if line != line.rstrip()]


def test_a_rule_that_is_written_as_something_else_keeps_its_text() -> None:
    wrong = Style(style().grammar, lambda rule: write(rule).replace("/a", "/b").replace("/c", "/"))
    assert format_file(tree("/a   w,\n/d   w,\n  /c   r,"), wrong) == "/a   w,\n/d w,\n/c   r,\n"


def test_a_writer_that_breaks_a_line_open_cannot_smuggle_a_rule_in() -> None:
    wrong = Style(style().grammar, lambda rule: write(rule) + "\n/etc/shadow rw,")
    assert format_file(tree("/a   w,\n"), wrong) == "/a   w,\n"


def test_a_comment_that_ends_a_head_does_not_swallow_the_brace() -> None:
    assert formatted("profile p # why\n{ }") == "profile p # why\n{\n}\n"


def test_a_name_with_what_looks_like_a_comment_keeps_it() -> None:
    assert formatted("/usr/#bin/x   { }") == "/usr/#bin/x\n{\n}\n"


def test_an_empty_file_stays_empty() -> None:
    assert formatted("") == ""
    assert formatted("\n\n \n") == ""


def test_lines_end_in_a_newline_alone() -> None:
    assert formatted("# a\r\nprofile p {\r\n  /a r, # b\r\n}\r\n") == "# a\nprofile p {\n  /a r,  # b\n}\n"
