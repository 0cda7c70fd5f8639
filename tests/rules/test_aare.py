"""The pattern language: what a pattern matches, and what is refused."""

import re
import subprocess
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from dockarmor.rules.aare import (
    ANY,
    ANYONE,
    escape_literal,
    filter_slashes,
    is_exact,
    minimum_length,
    to_pattern,
)
from dockarmor.text.diagnostic import DiagnosticError
from dockarmor.text.source import Source, Span


def matches(pattern: bytes, string: bytes) -> bool:
    """The dialect of the automata room is a subset of Python's."""
    return re.compile(pattern, re.DOTALL).fullmatch(string) is not None


@pytest.mark.parametrize(
    "text, pattern",
    [
        ("/etc/passwd", rb"/etc/passwd"),
        ("/a?", rb"/a[^/\x00]"),
        ("/a*", rb"/a[^/\x00]*"),
        ("/a**", rb"/a[^\x00]*"),
        ("/a/*", rb"/a/[^/\x00][^/\x00]*"),
        ("/a/**", rb"/a/[^/\x00][^\x00]*"),
        ("/*/b", rb"/[^/\x00][^/\x00]*/b"),
        ("/**/b", rb"/[^/\x00][^\x00]*/b"),
        ("/a/***", rb"/a/[^/\x00][^\x00]*"),
        ("/a/*b", rb"/a/[^/\x00]*b"),
        ("/a/**.c", rb"/a/[^\x00]*\.c"),
        ("/a/{*,b}", rb"/a/([^/\x00]*|b)"),
        ("/{**,}", rb"/([^\x00]*|)"),
        ("/a/{b/*,c}", rb"/a/(b/[^/\x00]*|c)"),
        ("**", ANY),
        ("{a,{b,c},}", rb"(a|(b|c)|)"),
        ("a,b", rb"a\,b"),
        ("/a.b+c$d^e|f(g)", rb"/a\.b\+c\$d\^e\|f\(g\)"),
        (r"\*\?\[\]\{\}\,\\", rb"\*\?\[\]\{\}\,\\"),
        (r"/a\z", rb"/az"),
        (r"/a\x00b\000c\d0", rb"/a\x00b\x00c\x00"),
        ("/[a-z][^./]", rb"/[a-z][^\./]"),
        ("/[b-a]", rb"/[a-b]"),
        ("/[-a]", rb"/[\-a]"),
        ("/[--a]", rb"/[\--a]"),
        ("/[a^]", rb"/[a\^]"),
        ("/[^^]", rb"/[^\^]"),
        ("/[a[b]", rb"/[a\[b]"),
        ("/[{,}]", rb"/[\{\,\}]"),
        (r"/[\]a]", rb"/[\]a]"),
        ("/\xe9", b"/\xe9"),
        ("", b""),
    ],
)
def test_translation(text: str, pattern: bytes) -> None:
    assert to_pattern(text) == pattern


@pytest.mark.parametrize(
    "text, pattern",
    [
        ("@a*", rb"@a[^/]*"),
        ("**", rb".*"),
        ("?", rb"[^/]"),
        ("/*", rb"/[^/][^/]*"),
        ("/**", rb"/[^/].*"),
    ],
)
def test_globs_match_nul_where_it_is_allowed(text: str, pattern: bytes) -> None:
    assert to_pattern(text, null_allowed=True) == pattern


def test_a_star_at_the_end_of_a_component_takes_at_least_one_character() -> None:
    pattern = to_pattern("/proc/*/")
    assert matches(pattern, b"/proc/1/")
    assert not matches(pattern, b"/proc//")


def test_a_negated_class_matches_slash_and_nul() -> None:
    pattern = to_pattern("/a[^b]c")
    assert matches(pattern, b"/a/c")
    assert matches(pattern, b"/a\0c")


@pytest.mark.parametrize(
    "text, meant", [(r"[a\-z]", b"a-z"), (r"[\^a]", b"^a"), (r"[\*]", b"*"), (r"[\?]", b"?"), (r"[a\,]", b"a,")]
)
def test_in_a_class_every_character_stands_for_itself(text: str, meant: bytes) -> None:
    """Unlike upstream; docs/decisions/0003-patterns.md."""
    pattern = to_pattern(text)
    assert {bytes((byte,)) for byte in range(256) if matches(pattern, bytes((byte,)))} == {
        bytes((byte,)) for byte in meant
    }


@pytest.mark.parametrize(
    "text, code, where",
    [
        ("/a{b", "DA301", "{"),
        ("/{a,b{c,d}", "DA301", "{"),
        ("/a}b", "DA302", "}"),
        ("/a{b}c", "DA303", "{b}"),
        ("/{}", "DA303", "{}"),
        ("/a[b", "DA305", "["),
        ("/a[]", "DA307", "[]"),
        ("/a[^]", "DA307", "[^]"),
        ("/a[]b]", "DA307", "[]"),
        ("/a]", "DA306", "]"),
        ("/[[:alpha:]]", "DA306", "]"),
        ("/[a-]", "DA308", "-"),
        ("/[a-c-e]", "DA308", "-"),
        ("/[+--]", "DA308", "-"),
        ("/[--]", "DA308", "-"),
        ("/a\\", "DA309", "\\"),
    ],
)
def test_mistakes_are_shown_at_the_very_letter(text: str, code: str, where: str) -> None:
    source = Source("policy", f'  "{text}" r,')
    with pytest.raises(DiagnosticError) as raised:
        to_pattern(text, span=Span(source, 2, 4 + len(text)))
    (diagnostic,) = raised.value.diagnostics
    assert diagnostic.code == code
    assert diagnostic.span is not None
    assert diagnostic.span.text == where
    assert diagnostic.help


def test_posix_classes_get_a_word_of_their_own() -> None:
    with pytest.raises(DiagnosticError) as raised:
        to_pattern("/[[:digit:]]")
    assert "[:alpha:]" in raised.value.diagnostics[0].help[0]


def test_a_pattern_that_is_not_in_the_source_is_quoted() -> None:
    source = Source("policy", "@{X} r,")
    with pytest.raises(DiagnosticError) as raised:
        to_pattern("/a{b", span=Span(source, 0, 4))
    (diagnostic,) = raised.value.diagnostics
    assert diagnostic.span == Span(source, 0, 4)
    assert diagnostic.notes == ("in the pattern `/a{b`",)


def test_nesting_has_a_limit() -> None:
    assert to_pattern("{a," * 49 + "b" + "}" * 49)
    with pytest.raises(DiagnosticError) as raised:
        to_pattern("{a," * 50 + "b" + "}" * 50)
    assert raised.value.diagnostics[0].code == "DA304"


@pytest.mark.parametrize(
    "text, filtered",
    [
        ("/a//b", "/a/b"),
        ("//a", "//a"),
        ("//", "//"),
        ("///a", "/a"),
        ("//a//b/", "//a/b/"),
        ("/foo////", "/foo/"),
        ("/{/a,/b}", "/{/a,/b}"),
        ("/", "/"),
        ("", ""),
        ("a//b", "a/b"),
    ],
)
def test_slashes(text: str, filtered: str) -> None:
    assert filter_slashes(text) == filtered


@given(st.text(alphabet="/a{,}", max_size=12))
def test_filtering_slashes_twice_is_filtering_once(text: str) -> None:
    assert filter_slashes(filter_slashes(text)) == filter_slashes(text)


@pytest.mark.parametrize(
    "text, exact",
    [
        ("/bin/sh", True),
        ("/bin/{a,[bc]}sh", True),
        (r"/a\*b\.c", True),
        (r"/a[\*\.]", True),
        ("/bin/?", False),
        ("/bin/a*", False),
        ("/bin/[^a]", False),
    ],
)
def test_exact(text: str, exact: bool) -> None:
    assert is_exact(to_pattern(text)) is exact


def test_a_dot_is_not_exact() -> None:
    assert not is_exact(to_pattern("**", null_allowed=True))
    assert not is_exact(ANYONE)


@pytest.mark.parametrize(
    "text, length",
    [
        ("/usr/bin/{foo,bar}*", 12),
        ("/a/**", 4),
        ("/{a,bcd}/[xyz]", 4),
        ("{,a}", 0),
        ("{a,{bb,c}{d,}}", 1),
        (r"/\*\x00", 3),
        ("", 0),
    ],
)
def test_minimum_length(text: str, length: int) -> None:
    assert minimum_length(to_pattern(text)) == length


@given(st.text(alphabet="/ab{}[]*?,^-", max_size=12))
def test_an_escaped_name_matches_itself_and_nothing_else(name: str) -> None:
    pattern = to_pattern(escape_literal(name))
    assert matches(pattern, name.encode("latin-1"))
    assert is_exact(pattern)
    assert minimum_length(pattern) == len(name)


def test_escaping_keeps_what_is_escaped() -> None:
    assert escape_literal(r"/a\*b*") == r"/a\*b\*"


# -- brute force ------------------------------------------------------------------------------------------


def ends(text: str, string: str, at: int) -> Iterator[int]:
    """Where in `string` a match of a well-formed AARE text that begins at `at` can end, by its definition."""
    if not text:
        yield at
        return
    head, rest = text[0], text[1:]
    if head == "{":
        level, cuts, pos = 0, [0], 0
        for pos, char in enumerate(text):
            level += (char == "{") - (char == "}")
            if (char == "," and level == 1) or level == 0:
                cuts.append(pos)
            if level == 0:
                break
        for start, stop in pairwise(cuts):
            for end in ends_of_branch(text[start + 1 : stop], string, at):
                yield from ends(text[pos + 1 :], string, end)
    elif head == "*":
        stars = len(text) - len(text.lstrip("*"))
        stop = "\0" if stars > 1 else "/\0"
        end = at
        while end <= len(string):
            yield from ends(text[stars:], string, end)
            if end == len(string) or string[end] in stop:
                break
            end += 1
    elif head == "/" and rest.startswith("*") and rest.lstrip("*")[:1] in ("", "/"):
        if string.startswith("/", at) and string[at + 1 : at + 2] not in ("", "/", "\0"):
            stars = rest[: len(rest) - len(rest.lstrip("*"))]
            yield from ends(stars + rest.lstrip("*"), string, at + 2)
    elif head == "?":
        if string[at : at + 1] not in ("", "/", "\0"):
            yield from ends(rest, string, at + 1)
    elif string.startswith(head, at):
        yield from ends(rest, string, at + 1)


def ends_of_branch(text: str, string: str, at: int) -> Iterator[int]:
    """As `ends`, but the text's end is not a component's end: `}` or `,` follows."""
    for stop in range(at, len(string) + 1):
        if (stop + 1) in ends(text + "\x01", string[:stop] + "\x01", at):
            yield stop


TEXTS = st.recursive(
    st.lists(st.sampled_from(["/", "a", "b", "*", "**", "?"]), max_size=4).map("".join),
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: "{" + ",".join(parts) + "}"),
        st.lists(inner, max_size=3).map("".join),
    ),
    max_leaves=6,
)


@given(TEXTS, st.lists(st.text(alphabet="/ab\0", max_size=6), min_size=5, max_size=30))
def test_a_pattern_matches_what_its_definition_says(text: str, strings: list[str]) -> None:
    pattern = to_pattern(text)
    for string in strings:
        assert matches(pattern, string.encode()) == (len(string) in ends(text, string, 0)), string


PIECES = [*"/a.,-^(|*?{}[]", "**", "{a,b}", "{[0-9],}", "[^a]", "[-a]"]
CLASSES = ["[0-9]", "[a-z]", "[A-F]", "[a-Z]", "[A-z]", "[a-F]", "[9-0]", "[1-4]", "[4-1]", "[^-x_0]", "[--9]"]


@given(st.lists(st.sampled_from(PIECES + CLASSES), max_size=8).map("".join))
def test_an_escaped_letter_in_front_changes_nothing(text: str) -> None:
    """It does change the way: most texts without escapes are translated by replacing."""
    results = []
    for before in ("", r"\z"):
        try:
            results.append(to_pattern(before + text).removeprefix(b"z" if before else b""))
        except DiagnosticError as error:
            results.append(error.diagnostics[0].code)
    assert results[0] == results[1]


# -- the reference parser ---------------------------------------------------------------------------------

#: no glob, no escape of `-`, `^` or `,` in a class: there we part from upstream on purpose
CLASS_CHARS = st.sampled_from(["a", "b", "-", "^", "[", ".", "{", r"\]", r"\[", r"\{", "z", "+", "(", "|"])
CLASSES = st.lists(CLASS_CHARS, max_size=4).map(lambda chars: f"[{''.join(chars)}]")
PIECES = st.one_of(
    CLASSES.filter(lambda text: text not in ("[]", "[^]")),  # refused, but upstream reads on to a next `]`
    st.sampled_from(["/", "//", "a", "b", "*", "**", "?", "{a,", "{", "}", ",b}", ",a", "]", ".", "(", "$"]),
    st.sampled_from([r"\*", r"\{", r"\z", r"\\", r"\x00", r"\,", "^", "@", "|"]),
)
ROUGH = st.lists(PIECES, min_size=1, max_size=6).map(lambda parts: "/x" + "".join(parts))


def reference_pattern(parser: Path, features: Path, base: Path, text: str) -> bytes | None:
    """What upstream makes of a pattern: its regular expression, which Python reads too."""
    policy = f'profile p {{ change_profile /e -> "{text}", }}\n'
    result = subprocess.run(
        [parser, "-QTK", "-M", features, "-b", base, "-D", "rule-exprs", "-o", "/dev/null"],
        input=policy.encode(),
        capture_output=True,
        check=False,
        timeout=20,
    )
    if result.returncode:
        return None
    found = re.search(rb"^rule: /e\\x00([^\n]*?)  ->", result.stderr + result.stdout, re.MULTILINE)
    assert found is not None
    return found[1]


def is_python(pattern: bytes) -> bool:
    """All but reversed ranges, which the table above covers."""
    try:
        re.compile(pattern)
    except re.error:
        return False
    return True


PROBES = [
    bytes(string)
    for string in (
        *(b"/x" + bytes((byte,)) for byte in range(256)),
        *(b"/x" + one + two for one in (b"/", b"a", b"b", b"-", b"^") for two in (b"", b"/", b"a", b"b]")),
        *(b"/x" + more for more in (b"aa/a", b"ab", b"//", b"/a/b/", b"*{", b"a,b", b"[]", b"\0a", b"$+(|")),
    )
]


@pytest.mark.filterwarnings("ignore:Possible (nested set|set):FutureWarning")
@pytest.mark.reference
def test_the_reference_parser_accepts_and_means_the_same(
    reference_parser: Path, shared: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    base = tmp_path_factory.mktemp("base")

    @given(ROUGH)
    def same(text: str) -> None:
        # A variable is resolved before patterns are read; `@{` before an alternation is one too for upstream, unless
        # a letter follows (docs/decisions/0007, "An `@` before an alternation").
        assume(not re.search(r"@\{(?![A-Za-z][A-Za-z0-9_]*,)", text))
        theirs = reference_pattern(reference_parser, shared / "features" / "kernel-6.12", base, text)
        try:
            ours: bytes | None = to_pattern(text)
        except DiagnosticError:
            ours = None
        assert (ours is None) == (theirs is None)
        if ours is not None and theirs is not None and is_python(theirs):
            for probe in PROBES:
                assert matches(ours, probe) == matches(theirs, probe), probe

    same()


@pytest.mark.filterwarnings("ignore:Possible nested set:FutureWarning")
@pytest.mark.parametrize(
    "text",
    [
        "[*]",
        "[?]",
        "[a*b?]c",
        "[**]d",
        "[^?]e",
        "[0-9*]",
        "[b/*/c]",
        "[b*/**/c]",
        "[b***c]",
        *("[0-*]", "[0-?b]"),
    ],
)
@pytest.mark.reference
def test_a_glob_inside_a_class_means_what_the_reference_parser_makes_of_it(
    text: str, reference_parser: Path, shared: Path, tmp_path: Path
) -> None:
    features = shared / "features" / "kernel-6.12"
    theirs = reference_pattern(reference_parser, features, tmp_path, "/x" + text)
    ours = to_pattern("/x" + text)
    assert theirs is not None
    more = [b"/x" + tail for tail in (b"]", b"[]", b"[^]", b"0]", b"/]", b"00/b\0]c", b"ab?]c", b"[[]d", b"q]e")]
    more += [
        b"/x" + tail
        for tail in (
            b"/c]",
            b"b/c]",
            b"bb/c]",
            b"b/a/c]",
            b"/]/c]",
            b"b//c]",
            b"b/a/b/c]",
            b"bbc]",
            b"baac]",
            b"ba/c]",
        )
    ]
    for probe in [*PROBES, *more]:
        assert matches(ours, probe) == matches(theirs, probe), probe


@pytest.mark.filterwarnings("ignore:Possible nested set:FutureWarning")
@pytest.mark.parametrize("text", [r"[a\-z]", r"[\^a]"])
@pytest.mark.reference
def test_where_we_part_from_the_reference_parser(
    text: str, reference_parser: Path, shared: Path, tmp_path: Path
) -> None:
    """docs/decisions/0003-patterns.md; if upstream mends one of these, this fails."""
    features = shared / "features" / "kernel-6.12"
    theirs = reference_pattern(reference_parser, features, tmp_path, "/x" + text)
    ours = to_pattern("/x" + text)
    assert theirs is not None
    assert any(matches(ours, probe) != matches(theirs, probe) for probe in PROBES)


def test_a_pattern_longer_than_any_path_is_refused() -> None:
    to_pattern("/" + "a" * 65_535)
    with pytest.raises(DiagnosticError) as raised:
        to_pattern("/" + "a" * 65_536)
    assert raised.value.diagnostics[0].code == "DA311"
