"""Which rules speak of a string: all of them, with what they say, whoever wins."""

import pytest

from dockarmor.access.decision import Match
from dockarmor.compile.pipeline import all_kinds
from dockarmor.compile.provenance import Provenance, provenance
from dockarmor.policy.features import builtin, intersect
from dockarmor.policy.read import library, read_text, require
from dockarmor.text.source import Source

TEXT = """profile t {
  /etc/** r,
  owner /etc/passwd w,
  deny /etc/shadow rw,
  audit /etc/s* r,
  /etc/** r,
  signal send peer=a,
  deny signal send set=kill,
  capability chown,
  deny capability chown setuid,
}
"""


@pytest.fixture(scope="module")
def asked() -> Provenance:
    (profile,) = require(read_text(Source("policy", TEXT), library("/nowhere"))).policy.profiles
    return provenance(profile, intersect(None, builtin("kernel-7.2")), all_kinds())


def lines(asked: Provenance, match: Match) -> list[tuple[int, str]]:
    return [(one.placed.rule.span.position[0], one.effect) for one in asked.rules(match)]


def test_files(asked: Provenance) -> None:
    assert lines(asked, Match("file", b"/etc/shadow")) == [(2, "allow"), (4, "deny"), (5, "allow"), (6, "allow")]
    assert lines(asked, Match("file", b"/nowhere")) == []


def test_the_halves_of_a_file(asked: Provenance) -> None:
    assert (3, "allow") in lines(asked, Match("file", b"/etc/passwd", owner=True))
    assert (3, "allow") not in lines(asked, Match("file", b"/etc/passwd", owner=False))


def test_what_a_rule_says(asked: Provenance) -> None:
    read, deny, audited, _ = asked.rules(Match("file", b"/etc/shadow"))
    assert (read.permissions, read.audit) == (0x244, False)
    assert (deny.permissions, deny.audit) == (0x337E, False)
    assert (audited.permissions, audited.audit) == (0x244, True)


def test_classes(asked: Provenance) -> None:
    kill = b"\x0a\x09"
    assert lines(asked, Match("policy", kill + b"a")) == [(7, "allow"), (8, "deny")]
    assert lines(asked, Match("policy", kill + b"b")) == [(8, "deny")]


def test_capabilities(asked: Provenance) -> None:
    assert lines(asked, Match("capability", b"chown")) == [(9, "allow"), (10, "deny")]
    assert lines(asked, Match("capability", b"setuid")) == [(10, "deny")]
    assert lines(asked, Match("capability", b"no_such")) == []
