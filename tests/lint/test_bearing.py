"""Rules of includes that have a bearing on those of a file: none that meets them in a way that counts is left out."""

from hypothesis import example, given
from hypothesis import strategies as st

from dockarmor.automata.determinise import determinise
from dockarmor.automata.trie import Trie
from dockarmor.compile.encoding import PlacedEntry
from dockarmor.lint.bearing import Heads, Reach, bearing
from dockarmor.rules.aare import to_pattern
from dockarmor.rules.file_mode import EXEC, READ, WRITE
from dockarmor.rules.kind import Effect, Entry

pieces = st.sampled_from(["/", "a", "b", "*", "**", "?", "[ab]", "[^a]", "\\*", "\\|", "(", "."])
texts = st.recursive(
    st.lists(pieces, max_size=4).map("".join),
    lambda inner: st.builds(
        lambda before, branches, after: f"{before}{{{','.join(branches)}}}{after}",
        inner,
        st.lists(inner, min_size=2, max_size=4),
        inner,
    ),
    max_leaves=8,
)


def entry(text: str, permissions: int = READ, effect: Effect = "allow", priority: int = 0) -> PlacedEntry:
    return PlacedEntry(Entry("file", to_pattern(f"/{text}"), permissions, 0, effect, priority), None)


def meet(one: PlacedEntry, other: PlacedEntry) -> bool:
    trie = Trie()
    trie.add(one.entry.pattern, 0)
    trie.add(other.entry.pattern, 1)
    return 1 in determinise(trie, lambda accepts: int(accepts == (0, 1))).values


@given(texts, texts)
@example("{" + ",".join("abcdefgh") + "}{" + ",".join("abcdefgh") + "}x", "hax")
@example("a", "a")
def test_patterns_that_share_a_string_meet(one: str, other: str) -> None:
    heads = Heads()
    if meet(entry(one), entry(other)):
        assert Reach([entry(one)], heads).meets(entry(other))


def test_patterns_that_begin_otherwise_do_not() -> None:
    own = [entry("etc/{passwd,group}"), entry("run/**"), entry("")]
    reach = Reach(own, Heads())
    assert not reach.meets(entry("etc/shadow"))
    assert not reach.meets(entry("{,usr/}bin/*"))
    assert not reach.meets(entry("runs/a"))
    assert reach.meets(entry("{etc,srv}/group"))


def kept(own: list[PlacedEntry], others: list[PlacedEntry], *, least: bool = False) -> list[PlacedEntry]:
    found = bearing([*own, *others], [True] * len(own) + [False] * len(others), least=least)
    assert found[: len(own)] == own
    return found[len(own) :]


def test_of_an_include_stays_what_decides_over_a_rule_of_the_file() -> None:
    others = [
        entry("etc/a"),
        entry("etc/b", effect="deny"),
        entry("etc/c", priority=1),
        entry("usr/b", effect="deny"),
    ]
    assert kept([entry("etc/*")], others) == others[1:3]
    assert kept([entry("etc/*")], others, least=True) == others[1:3]


def test_what_a_deny_of_the_file_may_take_away_stays() -> None:
    others = [entry("etc/a"), entry("usr/a")]
    assert kept([entry("etc/*", effect="deny")], others) == others[:1]
    assert kept([entry("etc/*", effect="deny")], others, least=True) == []


def test_what_writes_a_path_that_is_run_stays() -> None:
    others = [entry("tmp/{,**}", WRITE), entry("home/**", WRITE), entry("opt/x", EXEC), entry("opt/**", WRITE)]
    assert kept([entry("tmp/a", EXEC)], others) == others[:1]
    assert kept([entry("opt/x", WRITE)], others) == others[2:]
    assert kept([entry("opt/x")], others) == []
