"""Rules of the file table against the reference parser: it accepts the same texts, with the same entries."""

import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dockarmor.rules import capability, change_profile, file, link, rlimit
from dockarmor.rules.conditions import spell_qualifiers
from dockarmor.rules.kind import PLAIN, Entry, Kind, Qualifiers
from dockarmor.syntax.cursor import Cursor
from dockarmor.text.diagnostic import DiagnosticError
from dockarmor.text.source import Source

KINDS: dict[str, Kind] = {
    "file": file.KIND,
    "link": link.KIND,
    "change_profile": change_profile.KIND,
    "capability": capability.KIND,
    "set": rlimit.KIND,
}
_KEYWORD = re.compile(r"(file|link|change_profile|capability|set)(?![A-Za-z0-9_])")

# -- rule texts, right and wrong --------------------------------------------------------------------------

PATH = st.sampled_from(
    [
        "/a",
        "/a//b",
        '"/a b"',
        "/a*",
        "/{a,b}",
        "/**",
        "/a/*",
        r"/a\ b",
        "/a,b",
        "foo",
        "&a",
        ":n:a",
        "@v",
        '"a"',
        "/[a",
    ]
)
MODE = st.one_of(
    st.sampled_from(["r", "w", "rw", "a", "l", "rl", "mrwk", "x", "rx", "px", "Cx", "rPUx", "cix", "ix", "Ux", "wa"]),
    st.lists(
        st.sampled_from(["r", "w", "a", "l", "x", "ix", "Px", "pux", "z", "R", "L"]), min_size=1, max_size=3
    ).map("".join),
)
TARGET = st.sampled_from(["b", "/a", "/b*", '"c d"', ":n:b", ":n://b", "&b", "a//&b", "{c,d}", '""'])
ARROW = st.builds(lambda target: ["->", target], TARGET)
NO_WORDS: list[str] = []
SAFETY = st.sampled_from([NO_WORDS, NO_WORDS, ["safe"], ["unsafe"]])
FILE_WORD = st.sampled_from([NO_WORDS, ["file"]])


def words(*parts: Any) -> st.SearchStrategy[list[str]]:
    """Lists of words, one after the other."""
    lists = [part if isinstance(part, st.SearchStrategy) else st.just([part]) for part in parts]
    return st.tuples(*lists).map(
        lambda found: [word for part in found for word in ([part] if isinstance(part, str) else part)]
    )


SUFFIX = words(FILE_WORD, SAFETY, PATH, MODE, st.one_of(st.just(NO_WORDS), ARROW), ",")
PREFIX = words(
    FILE_WORD,
    SAFETY,
    MODE,
    st.sampled_from([NO_WORDS, ["subset"]]),
    PATH,
    st.one_of(st.just(NO_WORDS), ARROW),
    ",",
)
LINK = words("link", st.sampled_from([NO_WORDS, ["subset"]]), PATH, ARROW, ",")
CHANGE = words("change_profile", SAFETY, st.one_of(st.just(NO_WORDS), PATH), st.one_of(st.just(NO_WORDS), ARROW), ",")
CAPABILITY = words(
    "capability", st.lists(st.sampled_from(["chown", "bpf", "sys_admin", "audit_read", "nonsense"])), ","
)
LIMIT = words(
    *("set", "rlimit", st.sampled_from(["cpu", "as", "nice", "nofile", "rttime", "x"]), "<="),
    *(
        st.sampled_from(["5", "-5", "010", "infinity", "5000"]),
        st.sampled_from(["", "K", "MB", "ms", "s", "x"]),
        ",",
    ),
)
FORMS = st.one_of(SUFFIX, SUFFIX, PREFIX, LINK, CHANGE, CAPABILITY, LIMIT, words("file", ","))
GAPS = st.sampled_from([" ", " ", " ", "\n", "  "])


@st.composite
def texts(draw: st.DrawFn) -> str:
    """A rule, or one with a word lost, doubled, or in the wrong place."""
    found = draw(FORMS)
    place = draw(st.integers(0, len(found) - 1))
    match draw(st.integers(0, 9)):
        case 0:
            del found[place]
        case 1:
            found.insert(place, found[place])
        case 2:
            found.insert(draw(st.integers(0, len(found) - 1)), found.pop(place))
    text = ""
    for word in found:
        text += word if word == "," else draw(GAPS) + word
    return text.lstrip()


def qualifiers_for(text: str) -> st.SearchStrategy[Qualifiers]:
    if text.startswith("set"):
        return st.just(PLAIN)
    subjects = st.sampled_from([None, None, "owner", "other"])
    effects = st.sampled_from(["allow", "allow", "deny"])
    return st.builds(Qualifiers, st.sampled_from([0, 0, -3, 1000]), st.booleans(), effects, subjects)


# -- what each makes of them ------------------------------------------------------------------------------

Row = tuple[str, int, int, int, tuple[bool, ...]]
_DUMPED = re.compile(
    rb"^rule: (?!\\d)(.*?)  ->  .*? priority=(-?\d+) (deny |prompt )?\(0x([0-9a-f]+)/([0-9a-f]+)\)",
    re.M | re.S,
)
#: what change_profile brings along; the policy room adds it
_IMPLIED = (b"/proc/[^/", b"/sys/module/apparmor")
PROBES = [
    *(
        b"/a",
        b"/b",
        b"/a/b",
        b"/a//b",
        b"/a b",
        b"/ab",
        b"/a/c",
        b"/c",
        b"a",
        b"b",
        b"c",
        b"foo",
        b"&a",
        b":n:a",
        b"@v",
    ),
    *(b"", b"/", b"/a,b", b":n:b", b":n://b", b"&b", b"a//&b", b"c d", b"{c,d}", b"d"),
]
PAIRS = [*PROBES, *(one + b"\0" + two for one in PROBES[:10] for two in PROBES)]


def row(effect: str, priority: int, permissions: int, audit: int, pattern: bytes) -> Row:
    matches = re.compile(pattern, re.DOTALL).fullmatch
    return effect, priority, permissions, audit, tuple(bool(matches(probe)) for probe in PAIRS)


def theirs(parser: Path, features: Path, base: Path, text: str) -> Counter[Row] | None:
    result = subprocess.run(
        [parser, "-QTK", "-M", features, "-b", base, "-D", "rule-exprs", "-o", "/dev/null"],
        input=f"profile p {{\n{text}\n}}\n".encode("latin-1"),
        capture_output=True,
        check=False,
        timeout=20,
    )
    if result.returncode:
        return None
    dump = result.stdout + result.stderr
    return Counter(
        row(
            (effect or b"allow ").decode().strip(),
            int(priority),
            int(permissions, 16),
            int(audit, 16),
            pattern,
        )
        for pattern, priority, effect, permissions, audit in _DUMPED.findall(dump)
        if not pattern.startswith(_IMPLIED)
    )


def differ_on_purpose(text: str, whole: str) -> bool:
    """docs/decisions/0003-patterns.md."""
    # upstream allows exec that leads nowhere, and forgets the priority of change_profile
    unsafe_nowhere = "unsafe" in text and re.search(r"(?<![ipcuIPCU])[xX]", text) is not None
    return unsafe_nowhere or (text.startswith("change_profile") and whole.startswith("priority"))


def ours(text: str, qualifiers: Qualifiers, scope: Any) -> Counter[Row] | None:
    try:
        return Counter(
            row(entry.effect, entry.priority, entry.permissions, entry.audit, entry.pattern)
            for entry in encoded(text, qualifiers, scope)
            if isinstance(entry, Entry)
        )
    except DiagnosticError:
        return None


def encoded(text: str, qualifiers: Qualifiers, scope: Any) -> Iterator[Any]:
    cursor = Cursor(Source("policy", text))
    while cursor.skip() or not cursor.at_end():
        start = cursor.pos
        keyword = cursor.match(_KEYWORD)
        kind = KINDS[keyword[1]] if keyword else file.KIND
        if keyword:
            cursor.pos = keyword.end()
        yield from kind.encode(kind.parse(cursor, qualifiers, start), scope)
        qualifiers = PLAIN


@pytest.mark.reference
def test_the_same_texts_are_accepted_and_mean_the_same(
    reference_parser: Path, shared: Path, scope: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    base = tmp_path_factory.mktemp("base")
    features = shared / "features" / "kernel-6.12"

    @given(st.data())
    def same(data: st.DataObject) -> None:
        text = data.draw(texts())
        qualifiers = data.draw(qualifiers_for(text))
        whole = spell_qualifiers(qualifiers) + text
        if differ_on_purpose(text, whole):
            return
        assert ours(text, qualifiers, scope()) == theirs(reference_parser, features, base, whole), whole

    same()
