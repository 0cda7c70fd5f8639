"""The tails of class rules: reading, refusing and writing words."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dockarmor.rules import dbus, io_uring, mount, mqueue, network, pivot_root, ptrace, signal, umount, unix, userns
from dockarmor.rules.conditions import Tail
from dockarmor.rules.kind import PLAIN, Kind
from dockarmor.syntax.cursor import Cursor
from dockarmor.text.diagnostic import DiagnosticError
from dockarmor.text.source import Source

KINDS: tuple[Kind, ...] = tuple(
    module.KIND
    for module in (dbus, io_uring, mount, mqueue, network, pivot_root, ptrace, signal, umount, unix, userns)
)


def tail(text: str) -> Tail:
    return Tail(Cursor(Source("policy", text)), PLAIN, 0, "test", "DA26")


@pytest.mark.parametrize(
    ("text", "name", "operator", "values"),
    [
        ("a=b", "a", "=", ["b"]),
        (" a = b", "a", "=", ["b"]),
        ('a="b c"', "a", "=", ["b c"]),
        ("a=b=c(d)", "a", "=", ["b=c(d)"]),
        ("a=b,c,", "a", "=", ["b,c"]),
        (r"a=b\,", "a", "=", [r"b\,"]),
        ("a=(b, c\n d,)", "a", "=", ["b", "c", "d"]),
        ("a in (b)", "a", "in", ["b"]),
        ("a in(b)", "a", "in", ["b"]),
        ('a=("b c" d)', "a", "=", ["b c", "d"]),
        (r"a=\x41\052", "a", "=", [r"A\*"]),
    ],
)
def test_a_condition(text: str, name: str, operator: str, values: list[str]) -> None:
    found = tail(text).condition()
    assert found is not None
    assert (found.name.text, found.operator, [word.text for word in found.values]) == (name, operator, values)


@pytest.mark.parametrize("text", ["", ",", "a", "a b", "=b", "a\n=b", "a in b", "1=2", '"a"=b', "a:=b"])
def test_no_condition_stands_here(text: str) -> None:
    reader = tail(text)
    assert reader.condition() is None
    assert reader.cursor.pos == 0


def test_a_group() -> None:
    found = tail("peer = (a=b, c:=d\ne = (f))").group()
    assert found is not None
    read = [(one.name.text, one.operator, one.values[0].text) for one in found.conditions]
    assert read == [("a", "=", "b"), ("c", ":=", "d"), ("e", "=", "f")]


@pytest.mark.parametrize("text", ["peer=a", "peer=\n(a=b)", "other=(a=b)", "peer"])
def test_no_group_stands_here(text: str) -> None:
    assert tail(text).group() is None


@pytest.mark.parametrize(
    ("text", "bits"),
    [("r", 1), ("(r)", 1), ("(r, w)", 3), ("(rw r)", 3), ("(rwr)", 3), ("()", 0), ('("r")', 1), ("rw ", 3)],
)
def test_permissions(text: str, bits: int) -> None:
    assert tail(text).permissions({"r": 1, "w": 2, "rw": 3}) == bits


@pytest.mark.parametrize("text", ["x", '"r"', "r=x", "rwr", ",", ""])
def test_no_permissions_stand_here(text: str) -> None:
    assert tail(text).permissions({"r": 1, "w": 2, "rw": 3}) is None


def test_the_nearest_word_is_offered() -> None:
    with pytest.raises(DiagnosticError) as raised:
        tail("(recieve)").permissions({"send": 1, "receive": 2})
    (diagnostic,) = raised.value.diagnostics
    assert diagnostic.help == ("did you mean `receive`?",)
    assert diagnostic.fix is not None
    assert diagnostic.fix.replacement == "receive"


def test_hostile_words_are_shown_short_and_printable() -> None:
    with pytest.raises(DiagnosticError) as raised:
        tail("(\x1b[31m" + "x" * 500 + ")").permissions({"send": 1})
    assert raised.value.diagnostics[0].message == "unknown permission `\\x1b[31m" + "x" * 35 + "…`"


# -- laws -------------------------------------------------------------------------------------------------

PIECES = st.sampled_from(
    [
        *("peer", "set", "label", "type", "addr", "options", "fstype", "oldroot", "ip", "port", "bus", "name"),
        *("=", "(", ")", ",", " ", "\n", "->", "in", "kill", "/a", "@a", "none", "ro", "send", "create", "inet"),
        *('"', "\\", "#", ":=", "{", "}", "*", "[", "\xff", "\x00", "stream", "posix", "1", "80-90", "::1"),
    ]
)


def parsed(kind: Kind, keyword: str, text: str) -> Any:
    """The rule, or the diagnostics about it."""
    cursor = Cursor(Source("policy", f"{keyword} {text},\n}}"), len(keyword))
    try:
        rule = kind.parse(cursor, PLAIN, 0)
    except DiagnosticError as error:
        return error.diagnostics
    assert cursor.text[cursor.pos - 1] == ","
    return rule


@given(st.sampled_from(KINDS), st.lists(PIECES, max_size=14).map("".join))
def test_any_text_is_a_rule_that_reads_back_or_a_diagnostic(kind: Kind, text: str) -> None:
    for keyword in kind.keywords:
        found = parsed(kind, keyword, text)
        if isinstance(found, tuple):
            assert all(one.span is not None and one.span.end <= len(one.span.source.text) for one in found)
            continue
        written = kind.write(found)
        word = Cursor(Source("policy", written))
        word.keyword()
        assert kind.parse(word, PLAIN, 0) == found, written


@given(st.sampled_from(KINDS), st.lists(PIECES, max_size=8).map("".join))
def test_whatever_is_accepted_can_be_encoded_or_says_why_not(
    scope: Callable[..., Any], kind: Kind, text: str
) -> None:
    rule = parsed(kind, kind.keywords[0], text)
    if isinstance(rule, tuple):
        return
    try:
        entries = list(kind.encode(rule, scope()))
    except DiagnosticError as error:
        entries = list(error.diagnostics)
    assert entries


# -- bounds -----------------------------------------------------------------------------------------------

MEGABYTE = 1 << 20


@pytest.mark.parametrize(
    ("kind", "text", "code"),
    [
        (signal, "signal set=(" + "kill " * MEGABYTE + ")", "DA266"),
        (signal, "signal " + "set=kill " * MEGABYTE, "DA266"),
        (signal, "signal peer=" + "\\" * (2 * MEGABYTE) + "a,", "DA311"),
        (signal, "signal (" + "send " * MEGABYTE + ")", "DA266"),
        (unix, "unix peer=(" + "addr=@a " * MEGABYTE + ")", "DA246"),
        (dbus, "dbus peer=(" + "(" * MEGABYTE, "DA270"),
        (mount, "mount fstype=(" + "a " * MEGABYTE + ")", "DA256"),
        (mount, "mount " + "options=ro " * MEGABYTE, "DA256"),
        (mount, "mount " + "x" * (4 * MEGABYTE), "DA311"),
        (mount, "mount options in (" * MEGABYTE, "DA250"),
        (network, "network port=" + "9" * (4 * MEGABYTE) + ",", "DA236"),
        (network, "network ip=" + ":" * MEGABYTE + ",", "DA236"),
        (mqueue, "mqueue " + "9" * (4 * MEGABYTE) + ",", "DA311"),
        (io_uring, "io_uring label=" + "{" * MEGABYTE + ",", None),
        (signal, "signal set=rtmin+" + "9" * MEGABYTE + ",", "DA262"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_hostile_rules_are_answered(kind: Any, text: str, code: str | None) -> None:
    begin = time.monotonic()
    keyword = text.split(None, 1)[0]
    cursor = Cursor(Source("hostile", text), len(keyword))
    found: tuple[Any, ...] = ()
    try:
        kind.KIND.parse(cursor, PLAIN, 0)
    except DiagnosticError as error:
        found = error.diagnostics
    assert [one.code for one in found] == ([code] if code else [])
    assert all(len(one.message) < 500 for one in found)
    assert time.monotonic() - begin < 10
