"""From rules to a record: what is merged, what is dropped, and what cannot be."""

from collections.abc import Callable

import pytest

from dockarmor.automata.limits import Limits
from dockarmor.compile.compiled import CompiledProfile
from dockarmor.compile.pipeline import Built, Options, compile_policies
from dockarmor.compile.reader import read_blob
from dockarmor.policy.features import builtin
from dockarmor.policy.read import library, read_text, require
from dockarmor.text.diagnostic import Diagnostic, DiagnosticError
from dockarmor.text.source import Source

Build = Callable[..., Built]


def only(built: Built) -> CompiledProfile:
    (profile,) = read_blob(built.blob).profiles
    return profile


def allowed(profile: CompiledProfile, path: bytes, *, owner: bool = True) -> int:
    assert profile.file is not None
    return profile.file.permissions(profile.file.walk(profile.file.start(), path), owner=owner).allow


def refused(build: Build, text: str, **how: object) -> Diagnostic:
    with pytest.raises(DiagnosticError) as caught:
        build(text, **how)
    return caught.value.diagnostics[0]


def test_records_stand_parents_first_and_hats_are_marked(build: Build) -> None:
    built = build("profile b { profile x { profile y { } } ^h { } }\nprofile a { }")
    assert [(one.name, one.hat) for one in read_blob(built.blob).profiles] == [
        ("a", False),
        ("b", False),
        ("b//h", True),
        ("b//x", False),
        ("b//x//y", False),
    ]
    assert [size.name for size in built.sizes] == ["a", "b", "b//h", "b//x", "b//x//y"]


def test_two_exec_rules_that_overlap_are_named_with_their_places(build: Build) -> None:
    text = "profile t {\n  /bin/s* px,\n  /etc/* r,\n  /bin/*h ix,\n  /bin/z* px,\n}\n"
    found = refused(build, text)
    assert found.code == "DA401"
    assert found.span is not None
    assert {str(found.span), str(found.others[0].span)} == {"policy:2:3", "policy:4:3"}


def test_two_exec_rules_for_one_path_are_named_with_their_places(build: Build) -> None:
    found = refused(build, "profile t {\n  /bin/sh px,\n  /bin/sh r,\n  /bin/sh ux,\n}\n")
    assert found.code == "DA401"
    assert (str(found.span), str(found.others[0].span)) == ("policy:4:3", "policy:2:3")
    assert "the same path" in found.message


def test_mistakes_of_all_rules_and_profiles_are_collected(build: Build) -> None:
    text = "profile a {\n /x{ r,\n /y] r,\n}\nprofile b {\n /z{a} r,\n}\n"
    with pytest.raises(DiagnosticError) as caught:
        build(text)
    lines = {diagnostic.span.position[0] for diagnostic in caught.value.diagnostics if diagnostic.span}
    assert lines == {2, 3, 6}


def test_rules_of_a_class_the_kernel_lacks_are_dropped_with_a_warning(build: Build) -> None:
    built = build("profile t { userns, }", "kernel-6.1")
    assert [diagnostic.severity.value for diagnostic in built.diagnostics] == ["warning"]
    assert only(built).policy is not None


def test_a_class_the_kernel_has_is_mediated_without_a_rule(build: Build) -> None:
    policy = only(build("profile t { }")).policy
    assert policy is not None
    assert policy.class_start(10)
    assert policy.class_start(7)
    assert only(build("profile t flags=(unconfined) { }", "kernel-6.1")).policy is None


def test_an_abi_narrows_what_is_mediated(build: Build) -> None:
    from dockarmor.compile.pipeline import compile_policy
    from dockarmor.policy.features import builtin
    from dockarmor.policy.profile import Policy
    from dockarmor.policy.read import library, read_text, require
    from dockarmor.text.source import Source

    policy = require(read_text(Source("p", "profile t { network inet, }"), library("/nowhere"))).policy
    old = compile_policy(Policy(policy.profiles, builtin("default")), builtin("kernel-7.2"))
    table = only(old).policy
    assert table is not None
    assert not table.class_start(15)
    assert table.class_start(10)


def test_aliases_add_copies_of_file_rules(build: Build) -> None:
    profile = only(build("alias /home -> /mnt,\nprofile t {\n /home/x r,\n change_profile -> /home,\n}\n"))
    assert allowed(profile, b"/home/x") & allowed(profile, b"/mnt/x") & 4
    assert not allowed(profile, b"/mnt") & 0x40000000


def test_capabilities_are_allowed_audited_and_quiet(build: Build) -> None:
    words = only(
        build("profile t {\n audit capability chown,\n deny capability kill,\n capability kill setuid,\n}\n")
    ).capabilities
    assert (words.allow, words.audit, words.quiet) == (1 | 1 << 7, 1, 1 << 5)


def test_thirteen_targets_are_one_too_many(build: Build) -> None:
    rules = "\n".join(f" /{n} px -> target{n}," for n in range(13))
    assert "12" in refused(build, f"profile t {{\n{rules}\n}}\n").message


def test_complain_is_forced_by_the_version_word(build: Build) -> None:
    built = build("profile t { }", options=Options(complain=True))
    profile = only(built)
    assert profile.mode == "complain"
    assert profile.version & 1 << 11


def test_a_namespace_can_be_given(build: Build) -> None:
    assert only(build("profile :a:t { }", options=Options(namespace="b"))).namespace == "b"


def test_flags_that_the_kernel_does_not_read_are_left_out_with_a_warning(build: Build) -> None:
    text = "profile t flags=(kill.signal=term, error=EPERM) { }"
    old, new = build(text, "kernel-6.1"), build(text, "kernel-7.2")
    assert (only(old).kill_signal, only(new).kill_signal) == (None, 15)
    assert [diagnostic.code for diagnostic in old.diagnostics] == ["DA410", "DA410"]
    assert [diagnostic.code for diagnostic in new.diagnostics] == ["DA410"]


def test_a_bound_on_states_names_a_rule(build: Build) -> None:
    text = "profile t {\n  /a*b*c*d*e*f** r,\n  /**x**y**z w,\n}\n"
    found = refused(build, text, options=Options(limits=Limits(states=20)))
    assert found.code == "DA404"
    assert "20 states" in found.message


def test_a_bound_names_the_rules_that_grow_and_no_others_of_the_same_permissions(build: Build) -> None:
    innocent = "".join(f"  /usr/share/{n}/* r,\n" for n in range(50))
    growing = [f"/**a{'?' * n}z{n} r," for n in (9, 10, 11)]
    text = "profile t {\n" + innocent + "\n".join(growing) + "\n" + innocent.replace("/usr", "/var") + "}\n"
    found = refused(build, text, options=Options(limits=Limits(states=2000)))
    assert found.code == "DA404"
    assert found.span is not None
    assert sorted([found.span.text, *(other.span.text for other in found.others)]) == sorted(growing)


def test_too_long_a_name_is_a_finding(build: Build) -> None:
    assert refused(build, f"profile {'x' * 65536} {{ }}").code == "DA406"


def test_differential_tables_only_where_the_kernel_has_them(build: Build) -> None:
    text = "profile t /usr/{a,b}*/** {\n" + "".join(f" /x{n}/**.{n} r,\n" for n in range(40)) + "}\n"

    def differential(features: str, **how: bool) -> bool:
        profile = only(build(text, features, options=Options(**how)))
        assert profile.file_table is not None
        assert profile.attachment_table is not None
        assert not any(base >> 31 for base in profile.attachment_table.tables.base)
        return any(base >> 31 for base in profile.file_table.tables.base)

    assert differential("kernel-7.2")
    assert not differential("kernel-6.17")  # takes them, but decides wrongly: docs/decisions/0010
    assert differential("kernel-6.17", differential=True)
    assert not differential("kernel-7.2", differential=False)


SEVERAL = [
    "profile a /usr/bin/a* {\n /a/** rw,\n /usr/bin/x ix,\n owner /home/*/a r,\n signal,\n}\n",
    "profile b /usr/bin/b {\n /a/** rw,\n deny /a/b* w,\n network inet stream,\n signal peer=a,\n}\n",
    "profile c {\n /a/** rw,\n /usr/bin/* px,\n}\nprofile d { ^h { /a/** rw, } }\n",
    "profile e {\n}\n",
]


@pytest.mark.parametrize("features", ["kernel-6.1", "kernel-7.2"])
def test_policies_compiled_together_give_the_bytes_that_each_gives_alone(build: Build, features: str) -> None:
    includes = library("/nowhere")
    policies = [require(read_text(Source("policy", text), includes)).policy for text in SEVERAL]
    together = list(compile_policies(policies, builtin(features)))
    assert [one.blob for one in together if isinstance(one, Built)] == [
        build(text, features).blob for text in SEVERAL
    ]


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        ("profile x {\n /a/** ix,\n /a/*b px,\n}\n", "DA401"),
        ("profile x {\n /a ix,\n /a px,\n}\n", "DA401"),
        ("profile x {\n " + " ".join(f"/**{n}**/x{n}*y r," for n in range(12)) + "\n}\n", "DA404"),
        (f"profile {'x' * 65536} {{ }}", "DA406"),
    ],
)
def test_a_mistake_in_one_of_several_policies_is_its_own(build: Build, bad: str, code: str) -> None:
    includes = library("/nowhere")
    policies = [
        require(read_text(Source("policy", text), includes)).policy for text in (*SEVERAL[:2], bad, *SEVERAL[2:])
    ]
    options = Options(limits=Limits(states=600))
    first, second, error, third, fourth = compile_policies(policies, builtin("kernel-6.1"), options=options)
    assert isinstance(error, DiagnosticError)
    assert [found.code for found in error.diagnostics] == [code]
    for text, made in zip(SEVERAL, (first, second, third, fourth), strict=True):
        assert isinstance(made, Built)
        assert made.blob == build(text, "kernel-6.1").blob


def test_the_same_policy_gives_the_same_bytes(build: Build) -> None:
    text = "profile t {\n /a/** rw,\n deny /a/b* w,\n network inet stream,\n}\n"
    assert build(text).blob == build(text).blob
