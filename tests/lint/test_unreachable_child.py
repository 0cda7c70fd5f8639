"""DA352: a child profile that no rule leads to."""

from collections.abc import Callable

import pytest

from dockarmor.text.diagnostic import Diagnostic

Find = Callable[..., list[Diagnostic]]


@pytest.mark.parametrize(
    "rules, child",
    [
        ("", "profile c /bin/c"),
        ("/bin/c px,", "profile c /bin/c"),
        ("/bin/c rix,", "profile c /bin/c"),
        ("/bin/d cx,", "profile c /bin/c"),
        ("/bin/* cx,", "profile c /bin/*/c"),
        ("/bin/c cx,", "profile c"),
        ("/bin/c cx -> d,", "profile c /bin/c"),
        ("/bin/c px -> c,", "profile c /bin/c"),
        ("change_profile -> c,", "profile c /bin/c"),
        ("deny change_profile -> p//c,", "profile c /bin/c"),
        ("deny /bin/c x,", "profile c /bin/c"),
        ("change_profile -> p//d*,", "profile c"),
    ],
)
def test_a_child_without_a_way_in_is_found(find: Find, rules: str, child: str) -> None:
    (one,) = find("DA352", f"profile p {{ {rules}\n {child} {{ }}\n}}\n")
    assert one.span is not None
    assert one.span.text == f"{child} {{"
    assert "`c`" in one.message


@pytest.mark.parametrize(
    "rules, child",
    [
        ("/bin/c cx,", "profile c /bin/c"),
        ("/bin/c rCix,", "profile c /bin/c"),
        ("/bin/* cux,", "profile c /bin/c"),
        ("/bin/c cx,", "profile c /bin/*"),
        ("/bin/[a-m]* cx,", "profile c /{usr/,}bin/{c,d}"),
        ("/bin/c cx,", "profile /bin/c"),
        ("/bin/x cx -> c,", "profile c"),
        ("/bin/x px -> p//c,", "profile c"),
        ("/bin/x cx -> &c,", "profile c"),
        ("change_profile -> p//c,", "profile c"),
        ("change_profile -> p//*,", "profile c"),
        ("change_profile,", "profile c"),
        ("change_profile -> &p//c,", "profile c"),
        ("", "hat c"),
        ("", "^c"),
    ],
)
def test_one_with_a_way_in_is_not(find: Find, rules: str, child: str) -> None:
    assert find("DA352", f"profile p {{ {rules}\n {child} {{ }}\n}}\n") == []


def test_another_profile_of_the_file_may_lead_there(find: Find) -> None:
    assert find("DA352", "profile p { profile c { } }\nprofile q { /bin/x px -> p//c, }\n") == []
    assert find("DA352", "profile p { profile c { }\n profile d { change_profile -> p//c, }\n /d cx -> d, }\n") == []


def test_the_help_names_the_rule_that_lacks(find: Find) -> None:
    (one,) = find("DA352", "profile p { profile c /bin/c { } }\n")
    assert one.help[0] == "add a rule such as `/bin/c cx,` to `p`, or remove the child"
    (one,) = find("DA352", "profile p { profile c { } }\n")
    assert "`/path/of/program cx -> c,`" in one.help[0]


def test_patterns_of_great_size_are_given_up_quietly(find: Find) -> None:
    assert find("DA352", "profile p { /*a???????????????? cx,\n profile c /b/c { } }\n", kernel="kernel-7.2") == []
    assert find("DA352", "profile p { /*a??? cx,\n profile c /b/c { } }\n") != []
