"""Edges of the language that generated policies brought to light: the reference parser and we decide alike."""

from pathlib import Path

import pytest
from generated import write_base
from verdicts import Reference, our_verdict

from dockarmor.policy.features import builtin
from dockarmor.policy.read import library

#: what stands for itself, and whether it is policy
ACCEPTED = [
    "@{V} \r\n=a",
    "@{V}\n=a",
    "@{V} # why\n = a",
    "@{V}=a \\\n b",
    "$B=\\\ntrue",
    "$B= # why\ntrue",
    "$B=true\nand false",
    "$B=\ntrue @{V}=3",
    "$B=\ntrue@{V}=3",
    "$B=true\nor false profile a { }",
    "$B=true \\",
    "@{B}=x\n$B := true\nprofile a { if $B { } }",
    "$B=true\n@{B} := x\nprofile a { /@{B} r, }",
    "$B=true\n@{B}?=x",
    "abi\n<kernel>,",
    "abi <kernel >\n,",
    'include <"tunables/global">',
    "alias /a -> b,",
    'alias "/a b" -> "c d",',
    "hat a xattrs=(user.a) { }",
    "profile a { ^h xattrs=() { } }",
    "profile a (attach_disconnected.ipc attach_disconnected.ipc=/y) { }",
    '"/p q"/x { }',
    '"/p q" # why\n"/a b" (complain) { }',
    "profile a flags=\n(complain) { }",
    "profile a { priority=5/a r, }",
    "profile a { priority=0{ /a r, } }",
    "profile a { deny { deny /a rx, } }",
    "profile a { signal (W) set=(hup), }",
    "profile a { mqueue (RW), }",
    "profile a { mount options=\n(ro), }",
    "profile a { unix peer=(label\n=x), }",
    "profile a {userns create,}",
    "profile a {io_uring sqpoll,}",
    "@{V}=a\nprofile a { if {V} == a { } }",
    "profile a { prompt /a* Ux, prompt /a** px, }",
    "profile a { /@{a,b} r, }",
    "@{V}=b\nprofile a { /@{a,@{V}} r, }",
    "profile a xattrs=(user.a=(w) security.b(=*) { }",
    "include <tunables>\ninclude <tunables/global>",
    "profile a xattrs=(:b a:b=c) { }",
    "profile a xattrs=(b, :=c d,=(e)) { }",
    "profile a { dbus send peer=(name=n, label ,=/m), }",
    '/{a}"/a b" { }',
    "@{V}=/b\nprofile a @{V}\rflags=(debug) { }",
    '/a"/b"flags=(complain) { }',
    '$B=true or "false"',
    '$B=true \\\n or "false"',
]
REFUSED = [
    "profile a { allow set rlimit nice <= 3, }",
    "profile a /b { if @{attach_path} == x { } }",
    "profile a (attach_disconnected.path=/@{profile_name}) { }",
    "@{ V}=a",
    "$\xe9=true",
    "${ B}=true",
    "@{V}=a\nprofile a { if defined @{ V} { } }",
    "@{V}=a\\\n b",
    "$B=true\n@{B}=x",
    "@{B}=x\n$B=true",
    "@{B}=x\n$B := true\nprofile a { /@{B} r, }",
    "$B=true profile a { }",
    "profile a { } abi <kernel>,",
    "abi <>,",
    "abi kernel,",
    "abi <kernel>,\nabi <none>,",
    "abi <kernel># why\n,",
    "profile a { abi <none>, }",
    "include <tunables/global\t>",
    "include if exists<none>",
    "alias @{V} -> /a,",
    'alias "k" -> /a,',
    '"with blank" { }',
    ":=:/x { }",
    "hat =x { }",
    "profile a { /x { } }",
    'profile a { "/x" { } }',
    "profile a { ^h xattrs=(user.a) { } }",
    "profile a +identities=() { }",
    "profile a xattrs=\n(user.a) { }",
    "profile a flags\n=(complain) { }",
    "@{V}=/a\nprofile a { @{V}+/b r, }",
    "@{V}=/a\nprofile a { @{V}?b r, }",
    "profile a { /b\\\n -> c, }",
    "profile a { deny { /a ix, } }",
    "profile a { deny { file, } }",
    "$B=true\nprofile a { if not$B { } }",
    "profile a { if defined@{V} { } }",
    "profile a { unsafe safe /a px, }",
    "profile a { /* px, safe px /*, }",
    "profile a { owner unsafe /bin/* Pix, owner Pix /bin/*, }",
    "profile a { prompt /a Ux, prompt /a px, }",
    "profile a xattrs=(+b) { }",
    "profile a { if false { capability kill all, } }",
    "profile a xattrs=(b=\n(c)) { }",
    "profile a { unix peer=(label,\r\n=/m), }",
    "$B=true $C=true",
    "@{V}=/b\nprofile a @{V}=(debug) { }",
    "$B=\ntrue.x",
    "$B=true\nor all",
    "include <tunables/>\ninclude <tunables/global>",
    "profile a { if @{} == b { } }",
    "profile a { if b in @ { } }",
    "profile a xattrs=(user.a=b(c) { }",
    '/a"b" { }',
    '$B=true\n or "false"',
    '$B=true\n or "/false"',
    "profile a { if false { if @{U} == a { } } }",
    "@{V}=/v\n$V := true\nprofile a { if false { if true or @{V} == a { } } }",
]


@pytest.mark.parametrize("text", ACCEPTED)
def test_accepted(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(write_base(tmp_path, None))
    found = our_verdict(text + "\n", library(str(tmp_path)), builtin("kernel-6.12"))
    assert found.accepted, found.reason


@pytest.mark.parametrize("text", REFUSED)
def test_refused(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(write_base(tmp_path, None))
    assert not our_verdict(text + "\n", library(str(tmp_path)), builtin("kernel-6.12")).accepted


@pytest.mark.reference
def test_the_reference_parser_says_the_same(reference_parser: Path, shared: Path, tmp_path: Path) -> None:
    features = shared / "features" / "kernel-6.12"
    reference = Reference(reference_parser, features, write_base(tmp_path, features))
    verdicts = {text: reference.verdict(text + "\n") for text in (*ACCEPTED, *REFUSED)}
    accepted = {text for text, verdict in verdicts.items() if verdict is not None and verdict.accepted}
    assert accepted == set(ACCEPTED)
