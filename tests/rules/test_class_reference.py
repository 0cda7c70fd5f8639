"""Class rules against the reference parser: it accepts the same texts, and its entries mean the same.

Meaning is compared as automata: per string, which permissions each priority and effect gives there.
"""

import re
import subprocess
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dockarmor.automata.determinise import determinise
from dockarmor.automata.dfa import Dfa
from dockarmor.automata.minimise import minimise
from dockarmor.automata.trie import Trie
from dockarmor.policy.features import FeatureSet, Negotiated, builtin
from dockarmor.rules import dbus, io_uring, mount, mqueue, network, pivot_root, ptrace, signal, umount, unix, userns
from dockarmor.rules.kind import Entry, Qualifiers
from dockarmor.rules.spelling import spell_qualifiers
from dockarmor.syntax.cursor import Cursor
from dockarmor.text.diagnostic import DiagnosticError
from dockarmor.text.source import Source, Span

KINDS = {
    keyword: module.KIND
    for module in (dbus, io_uring, mount, mqueue, network, pivot_root, ptrace, signal, umount, unix, userns)
    for keyword in module.KIND.keywords
}
KERNELS = ("kernel-6.1", "kernel-6.12", "kernel-6.17", "kernel-7.2", "with-mqueue")
MQUEUE = "ipc {posix_mqueue {create\n}\nsysv_mqueue {create\n}\n}\n"

# -- rule texts, right and wrong --------------------------------------------------------------------------


def some(*choices: str) -> st.SearchStrategy[list[str]]:
    """One of these, or nothing; words of one choice are separated by blanks."""
    return st.sampled_from([[], *([choice] for choice in choices)])


def several(*choices: str) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(choices), max_size=3, unique=True)


def form(keyword: str, *parts: st.SearchStrategy[list[str]]) -> st.SearchStrategy[list[str]]:
    return st.tuples(*parts).map(lambda found: [keyword, *(word for part in found for word in part), ","])


def permissions(*names: str) -> st.SearchStrategy[list[str]]:
    one = st.sampled_from(names)
    listed = st.lists(one, min_size=0, max_size=3).map(lambda words: f"({', '.join(words)})")
    return st.one_of(st.just([]), one.map(lambda word: [word]), listed.map(lambda text: [text]))


LABELS = ("peer=a", "peer=/a//b", 'peer="a b"', "peer=**", "peer=a//&b", "peer=:n:a", "peer={a,b*}", "peer=(a)")
OPTIONS = (
    *("options=ro", "options=(ro, nosuid)", "options in (ro rw)", "options=(rw bind)", "options=rbind"),
    *("options=move", "options=shared", "options=(ro shared)", "options=remount", "options=(ro rw)"),
    *("option in (remount lazytime)", "options=nouser", "options=ro,rw", "options=foo", "options in(atime)"),
)
MOUNT = (several(*OPTIONS), some("fstype=ext4", "fstype=(a, b*)", "vfstype in (x)", "foo=x"))
SOCKET = permissions("create", "bind", "listen", "accept", "connect", "send", "receive", "getopt", "r", "rw", "x")
FORMS = st.one_of(
    form("signal", permissions("send", "receive", "r", "rw", "x"), several("set=kill", "set=(int, term)", *LABELS)),
    form("signal", some("send"), several("set=rtmin+3", "set=(poll tstp)", "set=foo", "set=", "peer in (a)")),
    form("ptrace", permissions("read", "trace", "tracedby", "readby", "rw"), several(*LABELS, "set=kill")),
    form("mount", *MOUNT, some("/a", "/a//b/**", "detached", '"/a b"'), some("-> /c", "-> /c/{d,e}")),
    form("mount", several(*OPTIONS), some("/a -> /b", "-> /b", "/a", "->", "/a ->/b")),
    form("remount", *MOUNT, some("/a", "-> /b")),
    form("umount", *MOUNT, some("/a", "/a//b/*", "-> /b")),
    form("pivot_root", some("oldroot=/a", "oldroot in (/a)", "foo=/a"), some("/b", "b", '"/b c"'), some("-> x")),
    form("network", SOCKET, some("inet", "unix", "tcp", "raw", "foo", "inet6 dgram", "inet udp", "unix icmp")),
    form(
        "network",
        SOCKET,
        some("inet"),
        several("ip=1.2.3.4", "port=80", "port=9-8", "label=x"),
        some("peer=(ip=::1)"),
    ),
    form(
        "unix",
        SOCKET,
        several(
            "type=stream", "type=dgram", "type=x", "addr=none", "addr=auto", "addr=@a*b", 'addr="@/a//b"', "addr=x"
        ),
        some("peer=(addr=@y)", "peer=(label=/x/** addr=none)", "peer=(foo=x)", "peer=()", "peer=x"),
    ),
    form(
        "dbus",
        permissions("send", "receive", "bind", "eavesdrop", "rw"),
        several("bus=system", "name=a.b", "path=/a//b", "interface=i", "member=m{,n}", "label=x"),
        some("peer=(name=:1.5)", "peer=(label=x, name=y)", "peer=(bus=x)"),
    ),
    form("userns", some("create", "foo")),
    form(
        "io_uring", permissions("sqpoll", "override_creds"), several("label=a", "label=**", "foo=a", "peer=(label=x)")
    ),
    form(
        "mqueue",
        permissions("create", "r", "rw", "getattr"),
        several("type=posix", "type=sysv", "label=a"),
        some("/q", "7"),
    ),
)
GAPS = st.sampled_from([" ", " ", " ", "\n", "\t "])


@st.composite
def texts(draw: st.DrawFn) -> str:
    """A rule, or one with a word lost, doubled or in the wrong place."""
    found = draw(FORMS)
    place = draw(st.integers(0, len(found) - 1)) or len(found) - 1
    match draw(st.integers(0, 9)):
        case 0:
            del found[place]
        case 1:
            found.insert(place, found[place])
        case 2:
            found.insert(draw(st.integers(1, len(found) - 1)), found.pop(place))
    text = found[0]
    for word in found[1:]:
        text += word if word == "," else draw(GAPS) + word
    return text


PLAIN_NETWORK = st.builds(Qualifiers, st.just(0), st.booleans(), st.sampled_from(["allow", "deny"]))
QUALIFIERS = st.builds(
    Qualifiers,
    st.sampled_from([0, 0, -3, 1000]),
    st.booleans(),
    st.sampled_from(["allow", "allow", "deny"]),
    st.sampled_from([None, None, None, "owner"]),
)


_SOME_ACCESS = re.compile(r"deny|\(|\b(create|bind|listen|accept|connect|send|receive|getopt|r|rw)\b")
_ON_PURPOSE = {
    "unix": re.compile(r"priority"),  # the network rule in a unix rule has its priority
    "remount": re.compile(r"in \(remount"),
    "mqueue": re.compile(r"label=a(?!.*(type|/q|7))|type=.*type=", re.DOTALL),
    "pivot_root": re.compile(r"oldroot.*oldroot", re.DOTALL),
}
_ON_PURPOSE_IN_FULL = {
    "network": _SOME_ACCESS,  # a network rule's permissions and its quiet deny hold for unix sockets, too
    "unix": re.compile(r"peer=\(.*="),  # a rule about a peer does not allow to bind
}


def differ_on_purpose(kernel: str, whole: str) -> bool:
    """docs/decisions/0004-class-rules.md."""
    keyword = next((word for word in re.findall(r"[a-z_]+", whole) if word in KINDS), "")
    tables = [_ON_PURPOSE] if kernel in ("kernel-6.1", "kernel-6.12") else [_ON_PURPOSE, _ON_PURPOSE_IN_FULL]
    return any(keyword in table and table[keyword].search(whole) for table in tables)


# -- what each makes of them ------------------------------------------------------------------------------

Row = tuple[bytes, tuple[int, str, int, int]]
_DUMPED = re.compile(
    rb"^rule: (?!\\d)(.*?)  ->  .*? priority=(-?\d+) (deny |prompt )?\(0x([0-9a-f]+)/([0-9a-f]+)\)", re.M | re.S
)
_NUMERIC = re.compile(rb"\\(?:x([0-9a-fA-F]{1,2})|([0-7]{1,3}))")
_REPEATED = re.compile(rb"(\[(?:\\.|[^\]\\])*\])\+", re.S)


def in_our_dialect(pattern: bytes) -> bytes:
    def byte(match: re.Match[bytes]) -> bytes:
        return b"\\x%02x" % (int(match[1], 16) if match[1] else int(match[2], 8))

    return _REPEATED.sub(rb"\1\1*", _NUMERIC.sub(byte, pattern))


class Meaning:
    """Automata whose values are what each priority and effect gives; numbers are shared by all of them."""

    def __init__(self) -> None:
        self.numbers: dict[object, int] = {}

    def of(self, rows: Iterable[Row]) -> Dfa:
        trie = Trie()
        grants: list[tuple[int, str, int, int]] = []
        for pattern, grant in rows:
            trie.add(pattern, len(grants))
            grants.append(grant)

        def value(accepts: Iterable[int]) -> int:
            found: dict[tuple[int, str], tuple[int, int]] = {}
            for accept in accepts:
                priority, effect, bits, audit = grants[accept]
                had = found.get((priority, effect), (0, 0))
                found[priority, effect] = had[0] | bits, had[1] | audit
            return self.numbers.setdefault(frozenset(found.items()), len(self.numbers) + 1)

        return minimise(determinise(trie, value))


def theirs(parser: Path, features: Path, text: str) -> list[Row] | None:
    result = subprocess.run(
        [parser, "-QTK", "-M", features, "--config-file=/dev/null", "-D", "rule-exprs", "-o", "/dev/null"],
        input=f"profile p {{\n{text}\n}}\n".encode("latin-1"),
        capture_output=True,
        check=False,
        timeout=20,
    )
    if result.returncode:
        return None
    return [
        (
            in_our_dialect(pattern),
            (int(priority), (effect or b"allow ").decode().strip(), int(bits, 16), int(audit, 16)),
        )
        for pattern, priority, effect, bits, audit in _DUMPED.findall(result.stdout + result.stderr)
    ]


class ProfileScope:
    """A profile without variables, for a kernel's features."""

    profile = "p"

    def __init__(self, features: FeatureSet) -> None:
        self.features = Negotiated(features, features)
        self.has = self.features.has
        self.kernel_has = self.features.kernel_has

    def expand(self, text: str, span: Span) -> str:
        return text

    def exec_slot(self, target: str) -> int:
        raise AssertionError("no class rule has exec targets")

    def capability_number(self, name: str) -> int | None:
        raise AssertionError("no class rule has capabilities")


def ours(text: str, qualifiers: Qualifiers, scope: ProfileScope) -> list[Row] | None:
    cursor = Cursor(Source("policy", text))
    word = cursor.keyword()
    assert word is not None
    kind = KINDS[word.text]
    try:
        rule = kind.parse(cursor, qualifiers, 0)
        cursor.skip()
        if not cursor.at_end():
            return None
        entries = [one for one in kind.encode(rule, scope) if isinstance(one, Entry)]
    except DiagnosticError:
        return None
    again = read_back(kind.write(rule), qualifiers)
    assert again == rule, f"{kind.write(rule)!r} reads back as another rule"
    return [(one.pattern, (one.priority, one.effect, one.permissions, one.audit)) for one in entries]


def read_back(text: str, qualifiers: Qualifiers) -> Any:
    cursor = Cursor(Source("policy", text.removeprefix(spell_qualifiers(qualifiers))))
    word = cursor.keyword()
    assert word is not None
    return KINDS[word.text].parse(cursor, qualifiers, 0)


@pytest.fixture(scope="module")
def feature_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, ProfileScope]]:
    folder = tmp_path_factory.mktemp("features")
    made = {}
    for name in KERNELS:
        text = builtin("kernel-7.2").text() + MQUEUE if name == "with-mqueue" else builtin(name).text()
        path = folder / name
        path.write_text(text, "latin-1")
        made[name] = path, ProfileScope(FeatureSet.parse(name, text))
    return made


@pytest.mark.reference
def test_the_same_texts_are_accepted_and_mean_the_same(
    reference_parser: Path, feature_files: dict[str, tuple[Path, ProfileScope]]
) -> None:
    meaning = Meaning()
    known = cache(lambda name, text: theirs(reference_parser, feature_files[name][0], text))

    @settings(deadline=None, max_examples=250, suppress_health_check=[HealthCheck.too_slow])
    @given(st.data())
    def same(data: st.DataObject) -> None:
        text = data.draw(texts())
        qualifiers = data.draw(PLAIN_NETWORK if text.startswith("network") else QUALIFIERS)
        kernel = data.draw(st.sampled_from(KERNELS))
        whole = spell_qualifiers(qualifiers) + text
        if differ_on_purpose(kernel, whole):
            return
        there, here = known(kernel, whole), ours(text, qualifiers, feature_files[kernel][1])
        assert (there is None) == (here is None), f"accepted by one: {whole!r}"
        if there is not None and here is not None:
            assert meaning.of(there).identical(meaning.of(here)), f"{kernel}: {whole!r}"

    same()
