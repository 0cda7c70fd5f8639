"""File rules: reading, refusing, writing, encoding, deciding, and records."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dockarmor.access.confinement import StatePermissions
from dockarmor.access.event import Event
from dockarmor.access.permission import Perm
from dockarmor.access.request import ExecRequest, FileRequest
from dockarmor.rules import file
from dockarmor.rules.file_mode import APPEND, EXEC_WORDS, LINK, LOCK, MMAP, READ, WRITE
from dockarmor.rules.kind import PLAIN, Dropped, Entry, Qualifiers
from dockarmor.syntax.cursor import Cursor, Word
from dockarmor.text.diagnostic import DiagnosticError
from dockarmor.text.source import Source, Span

DENY = Qualifiers(effect="deny")
NOWHERE = Span(Source("test", ""), 0, 0)


def word(text: str) -> Word:
    return Word(text, NOWHERE)


def rule(path: str | None, letters: int = 0, exec: str | None = None, **more: Any) -> file.FileRule:
    target = more.pop("target", None)
    return file.FileRule(
        None if path is None else word(path),
        letters,
        exec,
        more.pop("environment", None),
        None if target is None else word(target),
        more.pop("subset", False),
        more.pop("qualifiers", PLAIN),
        NOWHERE,
    )


@pytest.mark.parametrize(
    "text, expected",
    [
        ("/a r,", rule("/a", READ)),
        ("/a rw,", rule("/a", READ | WRITE | APPEND)),
        ("r /a,", rule("/a", READ)),
        ("file /a r,", rule("/a", READ)),
        ("file r /a,", rule("/a", READ)),
        ("file/a r,", rule("/a", READ)),
        ('"/a b" mk,', rule("/a b", MMAP | LOCK)),
        ('"/a"r,', rule("/a", READ)),
        ("foo r,", rule("foo", READ)),
        ("file,", rule(None, 0x7E, "ix")),
        ("file\n,", rule(None, 0x7E, "ix")),
        ("/a\n# why\nr # so\n,", rule("/a", READ)),
        ("/a px,", rule("/a", exec="px")),
        ("/a PUx,", rule("/a", exec="Pux")),
        ("unsafe /a ix,", rule("/a", exec="ix", environment="unsafe")),
        ("file safe /a px,", rule("/a", exec="px", environment="safe")),
        ("/a px -> b,", rule("/a", exec="px", target="b")),
        ('/a cx -> "b c",', rule("/a", exec="cx", target="b c")),
        ("/a px ->:ns:b,", rule("/a", exec="px", target=":ns:b")),
        ("/a r -> b,", rule("/a", READ, target="b")),
        ("/a l -> /b,", rule("/a", LINK, target="/b")),
        ("rl /a -> /b,", rule("/a", READ | LINK, target="/b")),
        ("l subset /a -> /b,", rule("/a", LINK, target="/b", subset=True)),
        ("l subset /a,", rule("/a", LINK, subset=True)),
        ("/a rpxl -> b,", rule("/a", READ | LINK, "px", target="b")),
    ],
)
def test_reading(text: str, expected: file.FileRule, read: Any) -> None:
    assert read(file.KIND, text) == expected


def test_a_deny_rule_denies_exec_without_saying_how(read: Any) -> None:
    assert read(file.KIND, "/a wx,", DENY) == rule("/a", WRITE | APPEND, "x", qualifiers=DENY)


@pytest.mark.parametrize(
    "text, code, message, place",
    [
        ("/a,", "DA202", "this rule gives no permissions to `/a`", ""),
        ("/a", "DA202", "this rule gives no permissions to `/a`", ""),
        ("/a zx,", "DA203", "`z` is no file permission", "z"),
        ("/a rA,", "DA203", "`A` is no file permission", "A"),
        ("/a rp,", "DA203", "`p` is no file permission", "p"),
        ("/a px->b,", "DA203", "`-` is no file permission", "-"),
        ("/a rwa,", "DA204", "`a` and `w` exclude each other", "a"),
        ("/a pxix,", "DA205", "`px` and `ix` say two things about the same exec", "ix"),
        ("/a rx,", "DA206", "`x` does not say under which profile the program runs", "x"),
        ("/a x -> b,", "DA206", "`x` does not say under which profile the program runs", "x"),
        ("safe /a r,", "DA208", "`safe` without an exec permission", "safe"),
        ("r subset /a,", "DA209", "`subset` is for link rules", "subset"),
        ("rl subset /a -> /b,", "DA209", "`subset` is for link rules", "subset"),
        ("/a r", "DA210", "this file rule does not end in a comma", ""),
        ("/a r /b w,", "DA210", "this file rule does not end in a comma", ""),
        ("/a px ->,", "DA212", "expected the target after `->`, found `,`", ","),
        ("rpxl /a -> /b,", "DA213", "is the target a profile to run under, or a file to link to?", "/b"),
        ("l /a -> :ns:b,", "DA214", "a link's target is a file, it has no namespace", ":ns:b"),
        ('"a" r,', "DA201", "a quoted path begins with `/` or a variable", '"a"'),
        ('"/a r,', "DA201", "this quote is never closed", '"'),
        ("r owner,", "DA201", "expected the path after the permissions, found `owner`", "owner"),
        ("r", "DA201", "expected the path after the permissions, but the text ends", ""),
        (
            "unsafe deny /a px,",
            "DA201",
            "expected a path, permissions, or another rule, found `deny`",
            "deny",
        ),
        (",", "DA201", "expected a path, permissions, or another rule, found `,`", ","),
        ("/a!b r,", "DA202", "`!` cannot stand in an unquoted path", "!"),
        ("/{a, b} r,", "DA202", "this rule gives no permissions to `/{a`", ""),
        ("/{a,b c} r,", "DA202", "this rule gives no permissions to `/{a,b`", ""),
        ("netwrok inet,", "DA200", "there is no rule `netwrok`", "netwrok"),
        ("foo,", "DA200", "there is no rule `foo`", "foo"),
    ],
)
def test_mistakes(text: str, code: str, message: str, place: str, refused: Any) -> None:
    diagnostic = refused(file.KIND, text)
    assert (diagnostic.code, diagnostic.message) == (code, message)
    assert diagnostic.span.text == place


@pytest.mark.parametrize(
    "text, code, place",
    [
        ("/a px,", "DA207", "px"),
        ("/a rUx,", "DA207", "Ux"),
        ("file,", "DA211", "file,"),
        ("unsafe /a x,", "DA208", "unsafe"),
    ],
)
def test_mistakes_in_deny_rules(text: str, code: str, place: str, refused: Any) -> None:
    diagnostic = refused(file.KIND, text, DENY)
    assert (diagnostic.code, diagnostic.span.text) == (code, place)


def test_the_two_places_that_disagree_are_both_shown(refused: Any) -> None:
    diagnostic = refused(file.KIND, "/a pxmix,")
    assert (diagnostic.span.text, diagnostic.others[0].span.text) == ("ix", "px")


def test_a_missing_comma_can_be_put_in(refused: Any) -> None:
    diagnostic = refused(file.KIND, "/a r\n  /b w,")
    assert diagnostic.fix.span.position == (1, 5)
    assert diagnostic.fix.replacement == ","
    assert diagnostic.others[0].span.text == "/b"


def test_help_for_what_people_get_wrong(refused: Any) -> None:
    assert refused(file.KIND, "netwrok inet,").help == ("did you mean `network`?",)
    assert "`w`" in refused(file.KIND, "/a rd,").help[0]
    assert "quotes" in refused(file.KIND, '/a"b" r,').help[0]
    assert "quotes" in refused(file.KIND, "/{a,b c} r,").help[0]
    assert "before `->`" in refused(file.KIND, "/a px->b,").help[0]


WORDS = st.one_of(
    st.text(st.characters(max_codepoint=255, exclude_characters="\0\\"), max_size=8).map("/".__add__),
    st.sampled_from(["/{a,b}/**", r"/\*\\x41", r"/a\ b", "@{X}/y", "@{X}=", "&a", ":ns:a", "foo", r"/\x00" + "1"]),
)
LETTERS = st.sampled_from(
    [0, READ, WRITE | APPEND, READ | WRITE | APPEND, APPEND | LOCK, MMAP | READ, LINK, LINK | READ]
)
SUBJECTS = st.sampled_from([None, "owner", "other"])


@st.composite
def rules(draw: st.DrawFn) -> file.FileRule:
    """Rules that some text says."""
    effect = draw(st.sampled_from(["allow", "deny", "prompt"]))
    environments = [None, "safe"] if effect == "deny" else [None, "safe", "unsafe"]
    qualifiers = Qualifiers(draw(st.integers(-1000, 1000)), draw(st.booleans()), effect, draw(SUBJECTS))
    letters = draw(LETTERS)
    exec = draw(st.sampled_from([None, "x"] if effect == "deny" else [None, *list(EXEC_WORDS)[1:]]))
    if not letters and exec is None:
        letters = READ
    environment = draw(st.sampled_from(environments)) if exec else None
    target = draw(st.one_of(st.none(), WORDS, st.sampled_from(["a b", "a//&b", ""])))
    subset = letters == LINK and exec is None and draw(st.booleans())
    if subset and target and target.startswith(":"):
        target = None
    return rule(
        draw(WORDS),
        letters,
        exec,
        environment=environment,
        target=target,
        subset=subset,
        qualifiers=qualifiers,
    )


@given(rules())
def test_what_is_written_reads_back(read_back: Any, rule: file.FileRule) -> None:
    assert read_back(file.KIND, rule) == rule


@pytest.mark.parametrize(
    "text, written",
    [
        ("file rw /a,", "/a rw,"),
        ("r  '/a'  ,".replace("'", '"'), "/a r,"),
        ("unsafe /a rPUx -> b,", "unsafe /a rPux -> b,"),
        ("l subset /a -> /b,", "l subset /a -> /b,"),
        ("file ,", "file,"),
    ],
)
def test_writing(text: str, written: str, read: Any) -> None:
    assert file.write(read(file.KIND, text)) == written


def test_qualifiers_are_written_first() -> None:
    qualifiers = Qualifiers(3, True, "deny", "owner")
    assert file.write(rule("/a", READ, qualifiers=qualifiers)) == "priority=3 audit deny owner /a r,"


# -- the fast road ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["r", "rw", "mrix", "PUx", "RW", "lk"])
@pytest.mark.parametrize("effect", ["allow", "deny"])
def test_the_fast_road_gives_the_same_rule(mode: str, effect: Any, read: Any) -> None:
    qualifiers = Qualifiers(effect=effect)
    quick = file.simple(word("/a b"), mode, qualifiers, NOWHERE)
    if quick is None:
        with pytest.raises(DiagnosticError):
            read(file.KIND, f'"/a b" {mode},', qualifiers)
    else:
        assert quick == read(file.KIND, f'"/a b" {mode},', qualifiers)


@pytest.mark.parametrize(
    "mode, effect", [("rwa", "allow"), ("z", "allow"), ("x", "allow"), ("px", "deny"), ("", "allow")]
)
def test_the_fast_road_leaves_mistakes_to_the_other(mode: str, effect: Any) -> None:
    assert file.simple(word("/a"), mode, Qualifiers(effect=effect), NOWHERE) is None


def test_the_fast_road_denies_exec() -> None:
    assert file.simple(word("/a"), "x", DENY, NOWHERE) == rule("/a", exec="x", qualifiers=DENY)


# -- encoding ---------------------------------------------------------------------------------------------


def entries(read: Any, scope: Any, text: str, qualifiers: Qualifiers = PLAIN) -> list[Entry]:
    """What goes into the table; what is said of the rule is left out."""
    return [one for one in file.encode(read(file.KIND, text, qualifiers), scope) if isinstance(one, Entry)]


@pytest.mark.parametrize(
    "text, subject, word",
    [
        ("/a r,", None, 0x10004),
        ("/a w,", None, 0x2800A),
        ("/a r,", "owner", 0x4),
        ("/a r,", "other", 0x10000),
        ("/a ix,", None, 0x804201),
        ("/a px,", None, 0x2404901),
        ("/a Px,", None, 0x2004801),
        ("/a pux,", "owner", 0x981),
        ("/a cix,", "other", 0x3C04000),
        ("unsafe /a ix,", None, 0xC04301),
        ("safe /a ux,", None, 0x1004401),
        ("/a pix -> foo,", None, 0x4C05301),
        ("/a Px -> /a,", None, 0x4005001),
        ("/a cx -> /a,", None, 0x3404D01),
        ("/a r -> foo,", None, 0x10004),
    ],
)
def test_words(text: str, subject: Any, word: int, read: Any, scope: Any) -> None:
    assert entries(read, scope(), text, Qualifiers(subject=subject)) == [
        Entry("file", b"/a", word, exact="x" in text)
    ]


def test_slashes_and_variables(read: Any, scope: Any) -> None:
    (entry,) = entries(read, scope(variables={"X": "{b,c}"}), "/a//@{X}/* r,")
    assert entry.pattern == rb"/a/(b|c)/[^/\x00][^/\x00]*"


def test_audit_and_deny(read: Any, scope: Any) -> None:
    def audits(effect: Any, audit: bool) -> int:
        (entry,) = entries(read, scope(), "/a r,", Qualifiers(audit=audit, effect=effect))
        assert entry.effect == effect
        return int(entry.audit)

    assert (audits("allow", False), audits("allow", True)) == (0, 0x10004)
    assert (audits("deny", False), audits("deny", True)) == (0x10004, 0)


def test_link_comes_as_a_pair(read: Any, scope: Any) -> None:
    assert entries(read, scope(), "/a l,") == [
        Entry("file", b"/a", 0x40010),
        Entry("file", b"/a\\x00/[^/].*", 0x40030),
    ]
    assert entries(read, scope(), "/a rl -> /b,") == [
        Entry("file", b"/a", 0x50014),
        Entry("file", b"/a\\x00/b", 0x40010),
    ]


def test_a_denied_link_is_denied_by_its_pair(read: Any, scope: Any) -> None:
    assert entries(read, scope(), "/a l,", DENY) == [
        Entry("file", b"/a\\x00/[^/].*", 0x40030, 0x40010, "deny"),
    ]


def test_the_bare_rule(read: Any, scope: Any) -> None:
    assert entries(read, scope(), "file,") == [
        Entry("file", rb"/([^\x00]*|)", 0x9FC27F),
        Entry("file", rb"/([^\x00]*|)\x00/[^/].*", 0x40030),
    ]


def test_targets_take_slots_once_each(read: Any, scope: Any) -> None:
    profile = scope("parent//child")
    for text in ("/a px -> x,", "/b px -> x,", "/c cx -> x,", "/d px -> parent//child//x,"):
        entries(read, profile, text)
    assert profile.targets == ["x", "parent//child//x"]


def test_the_table_of_targets_can_be_full(read: Any, scope: Any) -> None:
    profile = scope(targets=[f"t{number}" for number in range(12)])
    with pytest.raises(DiagnosticError) as raised:
        entries(read, profile, "/a px -> more,")
    (diagnostic,) = raised.value.diagnostics
    assert (diagnostic.code, diagnostic.span and diagnostic.span.text) == ("DA221", "more")


def test_exact_is_said_of_exec_only(read: Any, scope: Any) -> None:
    def exact(text: str) -> bool:
        return entries(read, scope(), text)[0].exact

    assert exact("/a{b,[cd]} px,")
    assert not exact("/a* px,")
    assert not exact("/a r,")


def test_a_bad_pattern_is_shown_where_it_stands(read: Any, scope: Any) -> None:
    with pytest.raises(DiagnosticError) as raised:
        entries(read, scope(), "/a[b r,")
    (diagnostic,) = raised.value.diagnostics
    assert diagnostic.span
    assert diagnostic.span.start == 2


# -- deciding ---------------------------------------------------------------------------------------------


def test_deciding_by_the_owners_and_the_others_half(table: Any, confined: Any) -> None:
    profile = confined(table({b"/a": StatePermissions(allow=Perm.READ)}, {b"/a": StatePermissions()}))
    assert file.decide(profile, FileRequest(Perm.READ, b"/a")).allowed
    denied = file.decide(profile, FileRequest(Perm.READ, b"/a", owner=False))
    assert (denied.allowed, denied.record, denied.errno) == (False, "DENIED", 13)
    assert denied.matches[0].string == b"/a"


def test_without_a_table_nothing_is_allowed(confined: Any) -> None:
    assert not file.decide(confined(), FileRequest(Perm.READ, b"/a")).allowed


def test_exec_requests_are_decided_here_too(table: Any, confined: Any) -> None:
    profile = confined(table({b"/a": StatePermissions(allow=Perm.EXEC, exec_index=0x40000000)}))
    assert file.decide(profile, ExecRequest(b"/a")).target == "p"
    fields = {"name": "/a", "requested_mask": "x"}
    assert file.request(Event("DENIED", "exec", "p", fields=fields)) == ExecRequest(b"/a")


def test_a_hostile_rule_ends_in_a_diagnostic(refused: Any, scope: Any, read: Any) -> None:
    assert refused(file.KIND, "/a " + "q" * 100_000).code == "DA203"
    assert refused(file.KIND, '"' + "/a" * 100_000).code == "DA201"
    with pytest.raises(DiagnosticError):
        entries(read, scope(), "/" + "{" * 10_000 + " r,")


@given(st.text(alphabet='/ar\\"-> ,#{}x@:lsubet\n', max_size=20))
def test_any_text_is_a_rule_or_a_diagnostic(text: str) -> None:
    cursor = Cursor(Source("p", text))
    with suppress(DiagnosticError):
        file.parse(cursor, PLAIN, 0)
        assert text[cursor.pos - 1] == ","


@pytest.mark.parametrize("exec, meant", [("ix", "Pix"), ("ux", "px"), ("Ux", "Px")])
def test_a_target_makes_another_exec_permission_of_some_and_that_is_said(
    exec: str, meant: str, read: Any, scope: Any
) -> None:
    dropped, entry = file.encode(read(file.KIND, f"/a {exec} -> t,", PLAIN), scope())
    assert (dropped.diagnostic.code, [entry]) == ("DA430", entries(read, scope(), f"/a {meant} -> t,"))
    assert not any(isinstance(one, Dropped) for one in file.encode(read(file.KIND, f"/a {exec},", PLAIN), scope()))
