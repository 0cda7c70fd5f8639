"""From the tree to profiles: names, conditions, blocks, and what is implied."""

from pathlib import Path

import pytest

from dockarmor.policy.builtin import builtin_base
from dockarmor.policy.profile import Profile
from dockarmor.policy.read import library, read_file, read_text
from dockarmor.policy.resolve import Resolved
from dockarmor.text.source import Source


def read(text: str) -> Resolved:
    return read_text(Source("t", text), library(builtin_base()))


def profile(text: str) -> Profile:
    resolved = read(text)
    assert resolved.diagnostics == ()
    return resolved.policy.profiles[0]


def codes(text: str) -> list[str]:
    return [found.code for found in read(text).diagnostics]


def written(found: Profile) -> list[str]:
    return [placed.rule.path.text for placed in found.rules if not placed.implied]


def test_children_and_hats_are_named_after_their_parents() -> None:
    top = profile("profile a { profile c { ^h { } } hat b { } }")
    assert [one.name for one in top.family()] == ["a", "a//b", "a//c", "a//c//h"]
    assert [one.hat for one in top.family()] == [False, True, False, True]


def test_profiles_come_sorted() -> None:
    assert [one.name for one in read("profile b { } profile a { }").policy.profiles] == ["a", "b"]


@pytest.mark.parametrize(
    "header, namespace, name, attachment",
    [
        ("/bin/a", None, "/bin/a", "/bin/a"),
        ("profile a /bin/x", None, "a", "/bin/x"),
        ("profile a", None, "a", None),
        (":ns:a", "ns", "a", None),
        (":ns:///a//b", "ns", "/a//b", "b"),
        ("profile :ns:/a", "ns", "/a", "/a"),
    ],
)
def test_what_a_header_says(header: str, namespace: str | None, name: str, attachment: str | None) -> None:
    found = profile(header + " { }")
    assert (found.namespace, found.name) == (namespace, name)
    assert attachment == "b" or found.attachment == attachment


@pytest.mark.parametrize("name", [":ns:", "::a", ":a", "&a"])
def test_odd_namespaces_are_refused(name: str) -> None:
    assert codes(f"profile {name} {{ }}") == ["DA030"]


def test_a_name_is_given_once() -> None:
    assert codes("profile a { } profile a { }") == ["DA029"]
    assert codes("profile a { ^h { } profile h { } }") == ["DA029"]
    assert codes("profile a { } profile :n:a { }") == []


def test_the_branch_that_holds_is_taken() -> None:
    text = "@{n} = 3\n$on = true\nprofile p { if COND { /yes r, } else { /no r, } }"
    held = ("$on", "not false", "defined @{n}", "defined $on", "@{n} == 3", "@{n} < 0x10", "false or $on and TRUE")
    for condition in held:
        assert written(profile(text.replace("COND", condition))) == ["/yes"], condition
    for condition in ("not $on", "defined @{m}", "@{n} != 3", "10 <= @{n}", "not ($on or false)", "@{n} in a"):
        assert written(profile(text.replace("COND", condition))) == ["/no"], condition


def test_conditions_that_say_nothing_are_refused() -> None:
    assert codes("profile p { if $no { } }") == ["DA120"]
    assert codes("profile p { if maybe { } }") == ["DA121"]
    assert codes("@{n} = 1\nprofile p { if @{n} < a { } }") == ["DA122"]


def test_a_blocks_qualifiers_hold_for_every_kind_of_rule() -> None:
    found = profile("profile p { audit deny { /a r, network inet, { capability chown, } } owner { audit /b r, } }")
    said = [placed.rule.qualifiers for placed in found.rules]
    assert [(one.audit, one.effect, one.subject) for one in said] == [
        *((True, "deny", None),) * 3,
        (True, "allow", "owner"),
    ]


def test_a_block_and_its_rule_must_not_contradict() -> None:
    assert codes("profile p { deny { allow /a r, } }") == ["DA043"]
    assert codes("profile p { allow { deny /a r, } }") == ["DA043"]


def test_operators_of_assignments() -> None:
    text = "@{a} = 1\n@{a} += 2\n@{b} = 1\n@{b} := 2\n@{b} ?= 3\n@{c} ?= 4\nprofile p { }"
    found = profile(text)
    assert {name: found.variables.values(name, found.span) for name in "abc"} == {
        "a": ("1", "2"),
        "b": ("2",),
        "c": ("4",),
    }
    assert codes("@{a} = 1\n@{a} = 2\n") == ["DA108"]
    assert codes("@{a} += 1\n") == ["DA107"]


def test_a_profile_knows_its_name_and_what_it_attaches_to() -> None:
    found = profile("profile a*b /bin/x* { profile c { } }")
    assert (
        found.variables.expand("@{profile_name} @{attach_path} @{exec_path}", found.span) == r"a\*b /bin/x* /bin/x*"
    )
    assert found.children[0].variables.expand("@{profile_name}", found.span) == r"a\*b//c"


def test_a_child_named_by_a_path_attaches_to_it() -> None:
    child = profile("profile p { profile /bin/* { @{attach_path} r, } }").children[0]
    assert child.attachment == "/bin/*"
    assert child.variables.expand("@{attach_path}", child.span) == "/bin/*"


def test_a_file_that_includes_itself_defines_its_profiles_twice(tmp_path: Path) -> None:
    (tmp_path / "self").write_text("include <self>\nprofile p { }\n")
    found = read_file(str(tmp_path / "self"), library(str(tmp_path))).diagnostics
    assert [one.code for one in found] == ["DA029"]


def test_an_unreadable_file_is_a_diagnostic(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none"):
        assert [one.code for one in read_file(str(path), library(str(tmp_path))).diagnostics] == ["DA102"]


def test_braces_and_includes_are_bounded_together(tmp_path: Path) -> None:
    for number in range(20):
        (tmp_path / str(number)).write_text("{ " * 20 + f"include <{number + 1}>\n" + "} " * 20)
    found = read_text(Source("t", "profile p { include <0> }"), library(str(tmp_path))).diagnostics
    assert [one.code for one in found] == ["DA101"]


def test_the_preamble_comes_before_the_first_profile() -> None:
    assert codes("profile p { }\n@{a} = b\n") == ["DA105"]
    assert codes("profile p { }\nalias /a -> /b,\n") == ["DA105"]
    assert codes("/a r,\n") == ["DA106"]
    assert codes("profile p { @{a} = b\n}") == ["DA109"]


@pytest.mark.parametrize(
    "flags, code",
    [
        ("complain enforce", "DA130"),
        ("mediate_deleted delegate_deleted", "DA130"),
        ("attach_disconnected.path=/a no_attach_disconnected", "DA130"),
        ("attach_disconnected.path=a", "DA131"),
        ("kill.signal=foo", "DA132"),
        ("error=13", "DA132"),
    ],
)
def test_flags_that_do_not_go_together(flags: str, code: str) -> None:
    assert codes(f"profile p flags=({flags}) {{ }}") == [code]


def test_flags() -> None:
    flags = profile("profile p flags=(complain,audit attach_disconnected.path=/x/) { }").flags
    assert (flags.mode, flags.audit, flags.attach_disconnected, flags.disconnected_path) == (
        *("complain", True, True, "/x"),
    )


@pytest.mark.parametrize(
    "path, stands",
    [("/", ""), ("//", ""), ("/x//y///z//", "/x/y/z"), ("//x", "//x"), ("///x", "/x")],
)
def test_what_is_put_before_disconnected_paths(path: str, stands: str) -> None:
    """Such a path has a slash of its own, so that `/` puts nothing before it."""
    flags = profile(f"profile p flags=(attach_disconnected.path={path} attach_disconnected.ipc={path}) {{ }}").flags
    assert (flags.disconnected_path, flags.disconnected_ipc) == (stands, stands)


@pytest.mark.parametrize(
    "text, last",
    [
        ("profile p { ^h { } }", "/proc/[0-9]*/attr/{apparmor/,}current"),
        ("profile p { change_profile, }", "/proc/*/attr/{apparmor/,}{current,exec}"),
        ("profile p { deny change_profile -> x, }", "/proc/*/attr/{apparmor/,}{current,exec}"),
    ],
)
def test_changing_the_label_implies_access_to_proc_for_its_owner(text: str, last: str) -> None:
    implied = [placed.rule for placed in profile(text).rules if placed.implied]
    assert [rule.path.text for rule in implied][-1] == last
    assert {rule.qualifiers.subject for rule in implied} == {"owner"}
    assert len(implied) == 3


def test_a_plain_profile_implies_nothing() -> None:
    assert [
        placed for placed in profile("profile p { /a r, profile c { /b r, } }").children[0].rules if placed.implied
    ] == []
