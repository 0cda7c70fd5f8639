"""The tree gives its text back, byte for byte, whatever the text says."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dockarmor.policy.read import grammar
from dockarmor.syntax.printer import print_file
from dockarmor.syntax.structure import parse
from dockarmor.syntax.tree import File
from dockarmor.text.source import Source

PIECES = (
    *("profile p {", "^h {", "hat h {", "}", "{", "}\n", "\n", " ", "\r\n", "# c\n", "#include <a>", "include <a>"),
    *("include if exists <b>\n", "@{V} = a b\n", "@{V}+=c\\\n d\n", "$B = true or false\n", "alias /a -> /b,"),
    *("abi <abi/4.0>,", "if $B {", "else", "else if not defined @{V} {", "/a r,", "/{b,c}/** rwk,", '"/a b" r,'),
    *("audit deny owner /x wl,", "priority=3", "allow", "file,", "link /a -> /b,", "px /a -> b,", "signal,"),
    *("capability chown,", "network inet stream,", "unix (send) type=stream peer=(label=x),", "mount /a -> /b,"),
    *("set rlimit nofile <= 10,", "change_profile -> x,", "flags=(complain) {", "xattrs=(a=b) {", "@{V}", "$", "@"),
    *('"', "\\", ",", "(", ")", "->", "=", "!", "\0", "\xff", "profile", "rw", "/", "<= ", ":ns:x {", "userns,"),
)


def printed(text: str) -> str:
    return print_file(parse(Source("t", text), grammar()).file)


@settings(max_examples=300)
@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
def test_pieces_of_policy_in_any_order_come_back(text: str) -> None:
    assert printed(text) == text


@settings(max_examples=200)
@given(st.text(st.characters(max_codepoint=255), max_size=200))
def test_any_bytes_come_back(text: str) -> None:
    assert printed(text) == text


def test_a_tree_that_lacks_a_node_is_noticed() -> None:
    whole = parse(Source("t", "/a r,\n/b r,\n"), grammar()).file
    with pytest.raises(ValueError, match="belong to no node"):
        print_file(File(whole.source, whole.body[:1]))


@pytest.mark.shared
@pytest.mark.parametrize("folder", ["upstream", "heavy", "simple_tests"])
def test_every_file_of_a_corpus_comes_back(corpus: Path, folder: str) -> None:
    files = [path for path in sorted((corpus / folder).rglob("*")) if path.is_file()]
    assert len(files) > 100
    for path in files:
        source = Source.from_bytes(str(path), path.read_bytes())
        assert print_file(parse(source, grammar()).file) == source.text, path
