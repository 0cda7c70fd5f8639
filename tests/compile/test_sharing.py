"""Profiles that include the same files share what these come to, and no profile notices."""

from pathlib import Path
from typing import Any

import pytest

from dockarmor.compile.batch import Batch, Job, Result, Settings
from dockarmor.compile.cache import Cache, Output
from dockarmor.compile.encoding import encode
from dockarmor.compile.pipeline import all_kinds
from dockarmor.compile.sharing import Encodings
from dockarmor.policy.features import Negotiated, builtin, intersect
from dockarmor.policy.profile import Profile
from dockarmor.policy.read import library, read_file, require
from dockarmor.policy.row import PlacedRules
from dockarmor.rules.file import FileRule
from dockarmor.text.diagnostic import Diagnostic, DiagnosticError

FILES = {
    "tunables/global": "include <tunables/more>\n@{A} = /a /aa\n@{B} = @{A}/b\n@{D} = @{UNKNOWN}\n$flag = true\n",
    "tunables/more": "@{C} = /c\n",
    "abstractions/base": (
        "@{A}/x r,\n@{B}/y rw,\n/z mr,\nsignal peer=@{profile_name},\nptrace peer=@{C},\n"
        "/run Cx -> child,\n/other Px -> fixed,\nlink /l -> @{C}/t,\ncapability kill,\n@{C}{,/**} r,\n"
        "if $flag {\n  @{C}/flag r,\n}\ndeny {\n  @{C}/denied w,\n}\nset rlimit nofile <= 10,\n"
        "include <abstractions/deep>\n"
    ),
    "abstractions/deep": "unix peer=(label=@{profile_name}),\n@{B}/deep r,\nmqueue r /q,\ndeny unix addr=@@{C},\n",
    "abstractions/exec": "/conflict ix,\n/both/** r,\n",
}
GLOBAL = "include <tunables/global>\n"
BODY = "{\n  include <abstractions/base>\n  /own/@{profile_name} r,\n}\n"
POLICIES = {
    "plain": f"{GLOBAL}profile plain {BODY}",
    "again": f"{GLOBAL}profile again {BODY}",
    "attached": f"{GLOBAL}@{{exec_path}} = /bin/x\nprofile attached @{{exec_path}} {BODY}",
    "added": f"{GLOBAL}@{{A}} += /added\nprofile added {BODY}",
    "replaced": f"{GLOBAL}@{{C}} := /one /two\nprofile replaced {BODY}",
    "kept": f"{GLOBAL}@{{C}} ?= /one /two\nprofile kept {BODY}",
    "before": f"@{{E}} = /e\n{GLOBAL}profile before {BODY}",
    "alias": f"{GLOBAL}alias /a/ -> /alias/,\nprofile alias {BODY}",
    "old": f"abi <kernel>,\n{GLOBAL}profile old {BODY}",
    "off": f"{GLOBAL}$flag := false\nprofile off {BODY}",
    "children": f"{GLOBAL}profile children {{\n  include <abstractions/base>\n  profile c {BODY}  ^hat {BODY}}}\n",
    "complain": f"{GLOBAL}profile complain flags=(default_allow) {BODY}",
    "nothing": "profile nothing {\n  include <abstractions/exec>\n}\n",
    "undefined": f"{GLOBAL}profile undefined {{\n  include <abstractions/base>\n  @{{D}} r,\n}}\n",
    "twice": f"{GLOBAL}@{{A}} = /twice\nprofile twice {BODY}",
    "conflict": f"{GLOBAL}profile conflict {{\n  include <abstractions/exec>\n  /conflict Px,\n}}\n",
    "globs": f"{GLOBAL}profile globs {{\n  include <abstractions/exec>\n  /conf*ct Px,\n  /c?nf* Ux,\n}}\n",
}


@pytest.fixture
def base(tmp_path: Path) -> Path:
    for name, text in {**FILES, **{f"policies/{name}": text for name, text in POLICIES.items()}}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def told(results: list[Result]) -> list[tuple[bytes, int] | tuple[str, ...]]:
    return [
        (one.blob, one.warnings) if isinstance(one, Output) else tuple(map(whole, one.diagnostics)) for one in results
    ]


def whole(found: Diagnostic) -> str:
    others = [str(other.span) for other in found.others]
    return f"{found} {found.span} {list(map(str, found.includes))} {others}"


def alone(base: Path, features: str) -> list[tuple[bytes, int] | tuple[str, ...]]:
    settings = Settings(builtin(features), b"")
    jobs = [Job(str(base / "policies" / name)) for name in POLICIES]
    return told([Batch(library(str(base)), settings).build([job])[0] for job in jobs])


@pytest.mark.parametrize("features", ["kernel-6.1", "kernel-7.2"])
def test_together_policies_come_to_what_each_comes_to_alone(base: Path, features: str) -> None:
    jobs = [Job(str(base / "policies" / name)) for name in POLICIES]
    settings = Settings(builtin(features), b"")
    expected = alone(base, features)
    includes = library(str(base))
    assert told(Batch(includes, settings).build(jobs)) == expected
    assert told(Batch(includes, settings).build(jobs[::-1]))[::-1] == expected
    assert told(Batch(includes, settings, None, 2).build(jobs)) == expected
    assert sum(isinstance(one[0], str) for one in expected) == 4


def test_the_cache_sees_the_same_policies_the_first_and_the_second_time(base: Path) -> None:
    settings = Settings(builtin("kernel-6.12"), b"")
    jobs = [Job(str(base / "policies" / name), None, name.encode()) for name in POLICIES]
    expected = alone(base, "kernel-6.12")
    for _ in range(2):
        assert told(Batch(library(str(base)), settings, Cache(str(base / "cache"), 0)).build(jobs)) == expected


@pytest.mark.parametrize("changed", ["tunables/global", "tunables/more", "abstractions/deep"])
def test_the_cache_sees_every_change_of_what_is_shared(base: Path, changed: str) -> None:
    settings = Settings(builtin("kernel-6.12"), b"")
    jobs = [Job(str(base / "policies" / name), None, name.encode()) for name in POLICIES]
    Batch(library(str(base)), settings, Cache(str(base / "cache"), 0)).build(jobs)
    (base / changed).write_text(FILES[changed].replace("/c", "/other").replace("/a", "/new").replace("/q", "/queue"))
    expected = alone(base, "kernel-6.12")
    assert told(Batch(library(str(base)), settings, Cache(str(base / "cache"), 0)).build(jobs)) == expected


def said(profile: Profile, features: Negotiated, known: Encodings | None = None) -> tuple[Any, ...]:
    try:
        made = encode(profile, features, all_kinds(), known)
    except DiagnosticError as error:
        return tuple(map(whole, error.diagnostics))
    entries = [one.entry for one in (*made.file, *made.policy)]
    capabilities = [one for one, _ in made.capabilities]
    return entries, capabilities, made.limits, made.targets, list(map(whole, made.diagnostics))


def test_entries_are_in_the_order_of_the_rules(base: Path) -> None:
    includes, features, known = library(str(base)), intersect(None, builtin("kernel-7.2")), Encodings(all_kinds())
    for name in POLICIES:
        policy = read_file(str(base / "policies" / name), includes).policy
        for profile in (one for top in policy.profiles for one in top.family()):
            assert said(profile, features, known) == said(profile, features)


def test_an_included_rule_is_encoded_once_for_all_profiles(base: Path) -> None:
    includes, features, known = library(str(base)), intersect(None, builtin("kernel-7.2")), Encodings(all_kinds())
    entries, groups = [], []
    for name in ("plain", "attached"):
        policy = require(read_file(str(base / "policies" / name), includes)).policy
        made = encode(policy.profiles[0], features, all_kinds(), known)
        entries.append({one.entry.pattern: one.entry for one in made.file})
        groups.append(list(made.file.groups()))
        assert sorted(map(id, made.file)) == sorted(id(one) for group in groups[-1] for one in group)
    assert entries[0][b"/z"] is entries[1][b"/z"]
    assert {id(group) for group in groups[0][1:]} == {id(group) for group in groups[1][1:]}


def test_what_is_prepared_is_not_encoded_again(base: Path) -> None:
    policy = require(read_file(str(base / "policies" / "plain"), library(str(base)))).policy
    features, kinds = intersect(None, builtin("kernel-7.2")), dict(all_kinds())
    known = Encodings(kinds)
    known.prepare(policy.profiles[0], features)
    kinds.clear()  # nothing more can be encoded for others
    made = encode(policy.profiles[0], features, all_kinds(), known)
    assert [one.entry for one in made.file] == [
        one.entry for one in encode(policy.profiles[0], features, all_kinds()).file
    ]


def test_rules_of_a_profile_are_a_sequence(base: Path) -> None:
    profile = require(read_file(str(base / "policies" / "plain"), library(str(base)))).policy.profiles[0]
    rules = profile.rules
    assert isinstance(rules, PlacedRules)
    assert len(rules) == len(list(rules))
    assert rules[0] is next(iter(rules))
    assert rules[1:3] == (rules[1], rules[2])
    assert rules == tuple(rules)
    assert tuple(rules) == rules
    assert hash(rules) == hash(tuple(rules))
    assert rules != []
    assert rules != 1
    assert repr(rules).startswith("(PlacedRule(")
    assert isinstance(rules[-1].rule, FileRule)
    assert [str(one) for one in rules[-1].includes] == []
