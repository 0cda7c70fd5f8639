"""DA350: rules, and letters of rules, that never have an effect."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from dockarmor.compile.compare import compare_profiles
from dockarmor.compile.pipeline import compile_policy
from dockarmor.lint.coverage import coverage
from dockarmor.lint.lint import Examined
from dockarmor.lint.removal import removal
from dockarmor.policy.builtin import builtin_base
from dockarmor.policy.features import builtin, intersect
from dockarmor.policy.profile import Policy
from dockarmor.policy.read import grammar, library
from dockarmor.policy.resolve import resolve
from dockarmor.syntax.structure import parse
from dockarmor.text.diagnostic import Diagnostic, DiagnosticError
from dockarmor.text.edit import Edit, apply
from dockarmor.text.source import Source

Find = Callable[..., list[Diagnostic]]
Fixed = Callable[[list[Diagnostic]], str]


def profile(*rules: str, before: str = "") -> str:
    return f"{before}profile p {{\n" + "".join(f"  {rule}\n" for rule in rules) + "}\n"


DEAD = [
    # a wider deny, wherever it stands
    (["deny /etc/** w,", "/etc/nginx/a w,"], "/etc/nginx/a w,"),
    (["/etc/nginx/a w,", "deny /etc/** w,"], "/etc/nginx/a w,"),
    # two denies together
    (["deny /[a-m]* r,", "deny /[n-z]* r,", "/[a-z]b r,"], "/[a-z]b r,"),
    # repeated by one rule, by several, by itself
    (["/etc/** r,", "/etc/a r,"], "/etc/a r,"),
    (["/a{b,c} r,", "/ab r,", "/ac r,"], "/ab r,"),
    (["/a r,", "/a r,"], "/a r,"),
    (["/x r,", "owner /x r,"], "owner /x r,"),
    (["file,", "/bin/x rix,"], "/bin/x rix,"),
    (["/bin/* ix,", "/bin/x ix,"], "/bin/x ix,"),
    (["deny /a/** w,", "deny /a/b w,"], "deny /a/b w,"),
    # denied in part, repeated in part
    (["/a/** r,", "deny /a/** w,", "/a/b rw,"], "/a/b rw,"),
    # a higher priority
    (["priority=1 /bin/* ix,", "/bin/a px,"], "/bin/a px,"),
    (["priority=1 /a r,", "deny /a r,"], "deny /a r,"),
    # links
    (["/l l,", "deny /l l,"], "/l l,"),
    (["/l l,", "link subset /l -> /[^/]**,"], "link subset /l -> /[^/]**,"),
    (["link /l -> /a,", "/l l,"], "link /l -> /a,"),  # with the second rule the first is subject to its subset test
    # other classes
    (["signal send,", "signal send set=kill peer=x,"], "signal send set=kill peer=x,"),
    (["deny signal peer=x,", "signal send set=kill peer=x,"], "signal send set=kill peer=x,"),
    (["network inet,", "network inet stream,"], "network inet stream,"),
    (["mount,", "mount fstype=proc -> /proc/,"], "mount fstype=proc -> /proc/,"),
    (["ptrace peer=a*,", "ptrace read peer=ab,"], "ptrace read peer=ab,"),
    (["change_profile -> a*,", "change_profile -> ab,"], "change_profile -> ab,"),
    # capabilities
    (["deny capability chown,", "capability chown,"], "capability chown,"),
    (["capability,", "capability chown,"], "capability chown,"),
    (["capability chown fowner,", "capability chown,"], "capability chown,"),
]


@pytest.mark.parametrize("rules, dead", DEAD)
def test_a_rule_without_effect_is_found_and_can_be_removed(
    find: Find, fixed: Fixed, rules: list[str], dead: str
) -> None:
    if dead == "/ab r,":
        (one, other) = find("DA350", profile(*rules))
        assert (one.span.text, other.span.text) == ("/ab r,", "/ac r,")  # type: ignore[union-attr]
        assert fixed([one, other]) == profile("/a{b,c} r,")
        return
    (one,) = find("DA350", profile(*rules))
    assert one.span is not None
    assert one.span.text == dead
    last = len(rules) - 1 - rules[::-1].index(dead)
    assert fixed([one]) == profile(*rules[:last], *rules[last + 1 :])


ALIVE = [
    # something is left
    ["deny /etc/* w,", "/etc/a/b w,"],
    ["deny owner /a w,", "/a w,"],
    ["deny /a a,", "/a w,"],
    ["priority=1 /a w,", "deny /* w,"],
    # logging is an effect
    ["/etc/** r,", "audit /etc/a r,"],
    ["deny /a/** w,", "audit deny /b w,"],
    # so is how a program runs
    ["/bin/* ix,", "/bin/x px,"],
    ["/bin/x px -> a,", "/bin/* ix,"],
    ["/** r,", "/bin/x rix,"],
    # a deny that denies nothing else keeps the log quiet
    ["/a r,", "deny /b w,"],
    ["/l l,", "deny /m l,"],
    ["link /l -> /a,", "link subset /l -> /b,"],
    # half of a class
    ["signal send,", "signal receive,"],
    ["network inet stream,", "network inet dgram,"],
    ["deny signal send peer=x,", "signal peer=x,"],
    ["deny capability chown,", "capability,"],
    ["all,"],
]


@pytest.mark.parametrize("rules", ALIVE)
def test_a_rule_with_an_effect_is_not(find: Find, rules: list[str]) -> None:
    assert find("DA350", profile(*rules)) == []


@pytest.mark.parametrize(
    "rules, found, left",
    [
        (["/a rw,", "deny /a w,"], "rw", ["/a r,", "deny /a w,"]),
        (["/a/b rwk,", "deny /a/** wk,"], "rwk", ["/a/b r,", "deny /a/** wk,"]),
        (["rw /a,", "deny /* w,"], "rw", ["r /a,", "deny /* w,"]),
        (["/m rl,", "deny /m l,"], "rl", ["/m r,", "deny /m l,"]),
        (["capability chown kill,", "deny capability kill,"], "kill", ["capability chown,", "deny capability kill,"]),
    ],
)
def test_letters_and_names_that_are_never_granted(
    find: Find, fixed: Fixed, rules: list[str], found: str, left: list[str]
) -> None:
    (one,) = find("DA350", profile(*rules))
    assert one.span is not None
    assert one.span.text == found
    assert fixed([one]) == profile(*left)


@pytest.mark.parametrize(
    "rules, names",
    [
        (["signal (send, receive) peer=x,", "deny signal send,"], ["send"]),
        (["ptrace (read, readby) peer=x,", "deny ptrace (read, trace),"], ["read"]),
        (["network (send, receive, bind) inet,", "deny network (bind, send),"], ["send", "bind"]),
        (["signal peer=x,", "deny signal send,"], []),
        (["signal (send, receive) peer=x,", "deny signal send peer=y,"], []),
    ],
)
def test_permissions_that_are_named_and_never_granted(find: Find, rules: list[str], names: list[str]) -> None:
    found = find("DA350", profile(*rules))
    assert [name for one in found for name in names if f"`{name}`" in one.message] == names
    assert len(found) == bool(names)


def test_denied_exec_is_found_but_not_cut_from_the_word(find: Find) -> None:
    (one,) = find("DA350", profile("/a rix,", "deny /a x,"))
    assert "`x` of this rule is never granted" in one.message
    assert one.fix is None


def test_it_names_the_other_rule_and_a_witness(find: Find) -> None:
    (one,) = find("DA350", profile("/etc/nginx/conf.d/*.conf w,", "deny /etc/** w,"))
    assert one.message == "this rule has no effect: all that it allows is denied"
    assert [other.span.text for other in one.others] == ["deny /etc/** w,"]
    assert one.notes == ("witness: write /etc/nginx/conf.d/.conf is denied",)


@pytest.mark.parametrize(
    "rules, witness",
    [
        (["/l l,", "deny /l l,"], "link /l -> /a is denied"),
        (["deny signal peer=x,", "signal send set=kill peer=x,"], "signal send kill peer=x is denied"),
        (["deny umount /a,", "umount /a,"], "umount /a is denied"),
        (["deny mount -> /a,", "mount -> /a,"], "mount /a is denied"),
        (["deny ptrace peer=x,", "ptrace read peer=x,"], "ptrace read peer=x is denied"),
        (["deny ptrace read,", "ptrace (trace, read) peer=x,"], "ptrace read peer=x is denied"),
        (["deny signal send,", "signal (send, receive) set=hup peer=x,"], "signal send hup peer=x is denied"),
        (["network inet stream,", "network inet tcp,"], "network inet stream is allowed without it"),
        (["network inet,", "network inet dgram,"], "network inet dgram is allowed without it"),
        (["deny network alg,", "network alg,"], "network alg is denied"),
        (
            ["deny network bind inet stream,", "network (bind, send) inet stream,"],
            "network bind inet stream is denied",
        ),
        (["deny unix addr=@x,", "unix bind type=stream addr=@x,"], "unix stream addr=@x is denied"),
        (["deny unix peer=(label=y),", "unix send type=dgram peer=(label=y),"], "unix dgram peer=y is denied"),
        (["unix,", "unix bind type=stream addr=@x,"], "unix stream addr=@x is allowed without it"),
        (["unix type=dgram,", "unix send type=dgram peer=(label=y),"], "unix dgram peer=y is allowed without it"),
        (
            ["deny network unix dgram,", "unix (send, receive) type=dgram peer=(label=y),"],
            "unix dgram peer=y is denied",
        ),
        (["deny dbus bus=session,", "dbus bind bus=session name=a.b,"], "dbus bind bus=session name=a.b is denied"),
        (
            ["deny dbus send bus=system,", "dbus (send, receive) bus=system path=/a interface=b member=c,"],
            "dbus send bus=system path=/a interface=b member=c is denied",
        ),
        (["dbus eavesdrop,", "dbus eavesdrop bus=session,"], "dbus eavesdrop bus=session is allowed without it"),
        (["deny capability chown,", "capability chown,"], "capability chown is denied"),
        (["deny capability kill,", "capability chown kill,"], "capability kill is denied"),
        (["capability,", "capability kill,"], "capability kill is allowed without it"),
        (["/b/** a,", "/b/c a,"], "append to /b/c is allowed without it"),
        (["deny /b/** w,", "deny /b/c w,"], "write /b/c is denied without it"),
    ],
)
def test_witnesses_read_as_what_a_task_does(find: Find, rules: list[str], witness: str) -> None:
    (one,) = find("DA350", profile(*rules), kernel="kernel-7.2")
    assert one.notes == (f"witness: {witness}",)


def test_a_denied_unix_rule_has_an_effect_on_older_kernels(find: Find) -> None:
    (one,) = find("DA350", profile("deny unix addr=@x,", "unix bind addr=@x,"), kernel="kernel-7.2")
    assert one.fix is not None
    assert not one.fix.safe
    assert not find("DA350", profile("deny unix addr=@x,", "unix bind addr=@x,"), kernel="kernel-6.12")


def test_of_an_include_only_what_denies_counts(find: Find, tmp_path: Path) -> None:
    (folder := tmp_path / "abstractions").mkdir()
    (folder / "x").write_text("  /a r,\n  deny /b r,\n")
    text = profile("include <abstractions/x>", "/a r,", "/b r,")
    (one,) = find("DA350", text, base=str(tmp_path))
    assert one.span is not None
    assert one.span.text == "/b r,"
    assert one.others[0].span.source.name == str(folder / "x")


def test_many_beside_one_wide_rule_are_told_together(find: Find) -> None:
    (one,) = find("DA350", profile("/** r,", *(f"/a{digit} r," for digit in range(6))))
    assert one.span is not None
    assert one.span.text == "/** r,"
    assert one.message.startswith("6 rules of this profile add nothing")
    assert one.fix is None


def test_a_fix_is_safe_unless_variables_have_a_part_in_it(find: Find) -> None:
    assert [one.fix.safe for one in find("DA350", profile("/** r,", "/a r,")) if one.fix] == [True]
    text = profile("/** r,", "@{X} r,", before="@{X} = /a\n")
    assert [one.fix.safe for one in find("DA350", text) if one.fix] == [False]
    text = profile("@{X} r,", "@{X} r,", before="@{X} = /a\n")
    assert [one.fix.safe for one in find("DA350", text) if one.fix] == [True]


def test_it_is_not_safe_where_another_machine_may_differ(find: Find, tmp_path: Path) -> None:
    (tmp_path / "local").write_text("deny /b r,\n")
    found = find("DA350", profile("include if exists <local>", "/b r,"), base=str(tmp_path))
    assert [one.fix.safe for one in found if one.fix] == [False]
    branch = "if $X { /** r, }"
    assert [one.fix.safe for one in find("DA350", profile(branch, "/a r,", before="$X = true\n")) if one.fix] == [
        False
    ]
    branch = "if $X { /** r, /a r, }"
    assert [one.fix.safe for one in find("DA350", profile(branch, before="$X = true\n")) if one.fix] == [True]


def test_unix_rules_where_the_kernel_has_them(find: Find) -> None:
    text = profile("unix type=stream,", "unix send type=stream addr=@a,")
    assert [one.span.text for one in find("DA350", text, kernel="kernel-7.2") if one.span] == [
        "unix send type=stream addr=@a,"
    ]
    assert find("DA350", text, kernel="kernel-6.12") == []


def test_rules_that_the_features_make_equal_are_left_alone(find: Find) -> None:
    assert find("DA350", profile("network inet port=1,", "network inet port=2,")) == []


def test_beyond_the_bounds_nothing_is_said(find: Find) -> None:
    assert find("DA350", profile(*["/a r,"] * 800)) == []
    assert find("DA350", profile("/a r,", "/*a???????????????? r,", "/a r,"), kernel="kernel-7.2") == []
    assert find("DA350", profile("/a r,", "/*a???? r,", "/a r,"), kernel="kernel-7.2") != []


# -- the proof, proved: what is dead can go, and nothing changes --------------------------------------------

PATHS = st.sampled_from(("/a", "/b", "/*", "/a*", "/[ab]", "/{a,b}", "/**", "/a/**", "/?"))
FILES = st.builds(
    lambda effect, owner, path, mode: f"{effect}{owner}{path} {mode if not effect.startswith('deny') else 'rw'},",
    st.sampled_from(("", "", "audit ", "deny ", "priority=1 ", "priority=-1 ", "priority=1 audit ")),
    st.sampled_from(("", "", "owner ")),
    PATHS,
    st.sampled_from(("r", "w", "rw", "a", "k", "l", "rl", "rix", "ix", "px", "m")),
)
OTHERS = st.sampled_from(
    (
        *("signal,", "signal send,", "signal send peer=a,", "deny signal peer=a*,", "audit signal receive peer=a,"),
        *("network inet,", "network inet stream,", "deny network inet dgram,", "mount,", "mount fstype=ext4 -> /a,"),
        *("deny mount -> /*,", "umount,", "umount /a,", "ptrace,", "deny ptrace read peer=b,", "ptrace read peer=b,"),
        *("capability chown,", "capability,", "deny capability chown,", "audit capability chown kill,"),
        *("change_profile -> a,", "change_profile -> *,", "deny change_profile -> a,"),
    )
)
KERNEL = builtin("kernel-6.12")


def read(text: str) -> Policy:
    resolved = resolve(parse(Source("p", text), grammar()), library(builtin_base()))
    assert not resolved.failed
    return resolved.policy


@settings(max_examples=150)
@given(st.lists(FILES | OTHERS, min_size=2, max_size=8))
def test_without_its_dead_rules_a_profile_means_the_same(rules: list[str]) -> None:
    text = profile(*rules)
    parsed = parse(Source("p", text), grammar())
    policy = resolve(parsed, library(builtin_base())).policy
    try:
        before = compile_policy(policy, KERNEL).records[0].profile
    except DiagnosticError:  # two ways to run one program: not a policy
        assume(False)
    examined = Examined(parsed.file, policy, library(builtin_base()), intersect(policy.abi, KERNEL))
    dead = coverage(examined, policy.profiles[0]).dead
    fixes = [removal(one.placed.rule.span, safe=True) for one in dead if not one.letters and not one.names]
    after = apply(parsed.file.source, [Edit(fix.span, "") for fix in fixes])
    left = compile_policy(read(after), KERNEL).records[0].profile
    assert list(compare_profiles(before, left)) == []
