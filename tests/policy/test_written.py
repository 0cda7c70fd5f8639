"""What a program puts together becomes text that says just that, or nothing at all."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dockarmor import make
from dockarmor.policy.builtin import builtin_base
from dockarmor.policy.formatted import formatted
from dockarmor.policy.read import grammar, library
from dockarmor.policy.written import write
from dockarmor.syntax.structure import parse
from dockarmor.syntax.tree import ProfileNode, RuleNode
from dockarmor.text.diagnostic import DiagnosticError
from dockarmor.text.source import Source
from dockarmor.value import replace

EVERYTHING = make.policy(
    make.abi("abi/4.0"),
    make.include("tunables/global"),
    make.variable("ROOTS", "/srv/one", "/srv/two words", "a,"),
    make.variable("ROOTS", "/srv/three", operator="+="),
    make.boolean("STRICT", True),
    make.alias("/usr/", "/mnt/usr/"),
    make.profile(
        "web server",
        [
            make.include("abstractions/base"),
            make.include("/opt/more", if_exists=True, magic=False),
            make.file("@{ROOTS}/**", "rw"),
            make.block([make.file("/etc/shadow", "r")], effect="deny", audit=True),
            make.when(
                make.both(
                    make.true("STRICT"), make.no(make.either(make.defined("@{X}"), make.compare("1", "<", "2")))
                ),
                [make.userns()],
                [make.capability()],
            ),
            make.profile("child", [make.file()], flags=["complain"]),
            make.hat("hat"),
        ],
        attachment="/usr/bin/{web,server}",
        flags=("attach_disconnected", "attach_disconnected.path=/gone"),
        xattrs=(("user.a", "b"), ("user.c", None)),
    ),
)

EVERYTHING_WRITTEN = """\
abi <abi/4.0>,
include <tunables/global>
@{ROOTS} = /srv/one "/srv/two words" "a,"
@{ROOTS} += /srv/three
${STRICT} = true
alias /usr/ -> /mnt/usr/,

profile "web server" /usr/bin/{web,server} xattrs=(user.a=b user.c) \
flags=(attach_disconnected,attach_disconnected.path=/gone) {
  include <abstractions/base>
  include if exists "/opt/more"
  @{ROOTS}/** rw,
  audit deny {
    /etc/shadow r,
  }
  if ${STRICT} and not (defined @{X} or 1 < 2) {
    userns create,
  } else {
    capability,
  }
  profile child flags=(complain) {
    file,
  }
  hat hat {
  }
}
"""


def test_every_kind_of_node_is_written_in_canonical_style() -> None:
    text = write(EVERYTHING)
    assert text == EVERYTHING_WRITTEN
    assert parse(Source("p", text), grammar()).file.body == EVERYTHING.body


def test_the_style_is_the_formatters() -> None:
    made = write(make.policy(*EVERYTHING.body[3:]))
    assert formatted(Source("p", made), library(builtin_base())) == made


def test_an_empty_file_is_no_text() -> None:
    assert write(make.policy()) == ""


TEXTS = st.text(st.characters(codec="latin-1"), max_size=12) | st.text(
    st.sampled_from('/a{}[]*?,"\\ #@&:;()=-<>\n\0'), max_size=12
)


def rules_with(text: str) -> list[Any]:
    return [
        make.file("/" + text, "r"),
        make.file(text, "r"),
        make.file("/a", "px", target=text),
        make.link(text, "/" + text),
        make.change_profile(text),
        make.signal("send", peer=text),
        make.dbus("send", path=text, peer_label=text),
        make.unix("connect", peer_address="@" + text),
        make.mount(text, text, fstype=(text,)),
        make.pivot_root(text),
        make.message_queue("read", text),
        make.capability(text),
        make.rlimit(text, 1, text),
        make.network(text, text),
        make.variable("X", text),
        make.include(text),
        make.alias("/" + text, text),
        make.profile(text, flags=(text,)),
        make.profile("p", attachment=text, xattrs=((text, text),)),
        make.when(make.compare("@{X}", "==", text), []),
    ]


@given(TEXTS)
def test_no_text_becomes_anything_but_the_word_that_it_is(text: str) -> None:
    for made in rules_with(text):
        try:
            written = write(made)
        except DiagnosticError:
            continue
        parsed = parse(Source("p", written + "\n"), grammar())
        (node,) = parsed.file.body
        assert parsed.diagnostics == ()
        assert (node.rule if isinstance(node, RuleNode) else node) == made


@pytest.mark.parametrize(
    "made, code",
    [
        (make.file("/a\0b", "r"), "DA201"),
        (make.profile("two\nlines"), "DA091"),
        (make.profile("nul\0"), "DA091"),
        (make.profile(""), "DA020"),
        (make.signal(signals="foo"), "DA262"),
        (make.owner(make.signal()), "DA269"),
        (make.profile("p", [make.profile("c", [make.rlimit("files", 3)])]), "DA283"),
        (make.profile("p", ["a word"]), "DA091"),
        (replace(make.signal(), signals=("kill", "kill")), "DA091"),
        (replace(make.include("a"), path="a> #"), "DA091"),
    ],
)
def test_what_no_text_can_say_is_refused_with_a_reason(made: Any, code: str) -> None:
    with pytest.raises(DiagnosticError) as caught:
        write(made)
    assert caught.value.diagnostics[0].code == code


def test_of_a_large_tree_the_smallest_part_that_cannot_be_written_is_named() -> None:
    bad = replace(make.signal(), signals=("kill", "kill"))
    with pytest.raises(DiagnosticError, match="set=\\(kill, kill\\)"):
        write(make.policy(make.profile("p", [make.file(), bad]), make.profile("q")))


def test_a_part_of_a_file_that_was_read_can_be_written() -> None:
    (profile,) = parse(Source("p", "profile p {  # why\n/a wr,}"), grammar()).file.body
    assert isinstance(profile, ProfileNode)
    assert write(profile) == "profile p {\n  /a rw,\n}"
    assert write(profile.body[0]) == "/a rw,"
