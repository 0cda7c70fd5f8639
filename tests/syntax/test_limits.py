"""Hostile text is answered soon, and with a diagnostic."""

import time

import pytest

from dockarmor.policy.builtin import builtin_base
from dockarmor.policy.read import library, read_text
from dockarmor.text.render import render
from dockarmor.text.source import Source

#: seconds that any of these may take, on a slow machine
PATIENCE = 10

MANY = 100_000
TEN_MB = 10_000_000

HOSTILE = {
    "braces": ("{" * MANY, "DA005"),
    "profiles in profiles": ("profile p { " * MANY, "DA005"),
    "hats in hats": ("profile p { " + "^h { " * MANY, "DA005"),
    "conditions in conditions": ("profile p { " + "if true { " * MANY, "DA005"),
    "blocks of a closed profile": ("profile p { " + "if true { " * 150 + "}" * 151, "DA005"),
    "parentheses": ("profile p { if " + "(" * MANY, "DA031"),
    "negations": ("profile p { if " + "not " * MANY + "true { } }", "DA031"),
    "a long condition": ("profile p { if " + "true or " * MANY + "true { } }", "DA031"),
    "many branches": ("profile p { if true { } " + "else if true { } " * 20_000 + "}", "DA031"),
    "a long path": ("profile p { /" + "a" * TEN_MB + " r, }", "DA311"),
    "a long path without permissions": ("profile p { /" + "a" * TEN_MB, "DA311"),
    "a long run of blanks": (" /a" + " " * TEN_MB + "!", "DA203"),
    "an open quote": ('profile p { "/' + "a" * TEN_MB, "DA201"),
    "many quotes": ('"/a' * 3_000_000, "DA202"),
    "backslashes": ("profile p { /" + "\\" * TEN_MB + " r, }", "DA311"),
    "fewer backslashes": ("profile p { /" + "\\" * 60_000 + " r, }", "DA202"),
    "commas": ("," * TEN_MB, "DA201"),
    "comments": ("#\n" * 5_000_000, None),
    "many values": ("@{a} = " + "b " * 3_000_000, "DA009"),
    "many additions": ("@{a} = b\n" + "@{a} += c\n" * 40_000, None),
    "many profiles": ("".join(f"profile p{n} {{ }}\n" for n in range(4_000)), None),
    "too many profiles": ("".join(f"profile p{n} {{ }}\n" for n in range(10_000)), "DA101"),
    "many letters": ("profile p { /a " + "r" * TEN_MB + ", }", "DA203"),
    "a long number": ("@{n}=" + "1" * 60_000 + "\nprofile p { if @{n} > 2 { } }", "DA122"),
    "many statements": ("@{a} = b\n" + "@{a} += b\n" * 200_000, "DA008"),
    "many rules": ("profile p {\n" + "/a r,\n" * 1_000_000, "DA008"),
    "many blocks": ("profile p {\n" + "{ { } } " * 200_000, "DA008"),
    "flags": ("profile p flags=(" + "audit, " * MANY, "DA025"),
    "no text": ("\0\xff" * MANY, "DA201"),
    "too large": ("a" * (17 << 20), "DA001"),
    "values of values": (
        "@{a} = /x /y\n"
        + "".join(f"@{{a{n}}} = @{{a{n - 1 or ''}}}/1 @{{a{n - 1 or ''}}}/2\n" for n in range(1, 60))
        + "profile p @{a59} { }\n",
        "DA112",
    ),
    "a chain of variables": (
        "".join(f"@{{v{n}}} = @{{v{n + 1}}}\n" for n in range(5000)) + "@{v5000} = x\nprofile p @{v0} { }\n",
        "DA112",
    ),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_text(case: str) -> None:
    text, code = HOSTILE[case]
    begin = time.monotonic()
    found = read_text(Source("hostile", text), library(builtin_base())).diagnostics
    assert all(len(line) < 10_000 for one in found for line in render(one).splitlines())
    assert time.monotonic() - begin < PATIENCE
    codes = [one.code for one in found]
    assert code in codes if code else codes == []


def test_a_thousand_mistakes_are_not_all_told() -> None:
    found = read_text(Source("t", "profile p {\n" + "/a zz,\n" * 1000 + "}\n"), library(builtin_base())).diagnostics
    assert len(found) == 100
