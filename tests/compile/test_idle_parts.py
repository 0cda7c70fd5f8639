"""A part without which a rule means the same is said (DA428 and its kin), and no part that means something.

For every kind each permission with each condition, each qualifier and each option: two profiles that differ by that
part only, for kernels and ABIs, alone and beside rules that allow or deny as well.
"""

from collections.abc import Iterator
from functools import cache
from itertools import product

import pytest

from dockarmor.access.mountflag import CLEARED, MOUNT_FLAGS, SYNONYMS
from dockarmor.compile.compare import compare
from dockarmor.compile.pipeline import Options, compile_policy
from dockarmor.compile.reader import read_blob
from dockarmor.policy.features import builtin
from dockarmor.policy.read import library, read_text, require
from dockarmor.text.diagnostic import DiagnosticError
from dockarmor.text.source import Source
from dockarmor.value import frozen

#: kernels, and what policies know: all that the kernel does, or what those of old files know
FEATURES = (
    *(("kernel-6.1", None), ("kernel-6.12", None), ("kernel-6.17", None), ("kernel-7.3", None)),
    ("kernel-7.3", "default"),
)
#: of these rules nothing is left, or more is meant than they say: their parts are not asked about
LOST = {"DA420", "DA421", "DA422", "DA423"}
#: of a part that means something, but not what it seems to
OTHERWISE = {"DA430"}
LIBRARY = library("nowhere")


@frozen
class Grammar:
    """The rules of a kind: `form` with a permission in place of `P` and parts, each alone, before and behind it."""

    form: str
    permissions: tuple[str, ...] = ("",)
    before: tuple[str, ...] = ()
    behind: tuple[str, ...] = ()
    #: other rules that allow or deny as well
    around: tuple[str, ...] = ()

    def pairs(self) -> Iterator[tuple[str, str, str]]:
        """A part, a rule with it, and the same rule without."""
        for permission, effect in product(self.permissions, ("", "deny ")):
            bare = self._rule(effect, "", permission, "")
            for part in self.before:
                yield part, self._rule(effect, part, permission, ""), bare
            for part in self.behind:
                yield part, self._rule(effect, "", permission, part), bare
            for part in ("priority=5 ", "audit "):
                yield part, part + bare, bare
        for permission in self.permissions:
            for subject, part in product(("owner ", "other "), self.before + self.behind):
                before, behind = (part, "") if part in self.before else ("", part)
                whole = self._rule(subject, before, permission, behind)
                yield part, whole, self._rule(subject, "", permission, "")

    def _rule(self, qualifiers: str, before: str, permission: str, behind: str) -> str:
        return qualifiers + " ".join(f"{before}{self.form.replace('P', permission)}{behind}".split()) + ","


PATHS = tuple(
    effect + rule
    for rule in ("/** rwlkm,", "/** ix,", "/** px,", "deny /** rwlkmx,")
    for effect in ("priority=3 ", "", "audit ")
)
KINDS = {
    "file": Grammar(
        "/a P",
        ("r", "w", "l", "ix", "px", "Px", "Cix", "x", "rl"),
        ("safe ", "unsafe "),
        (" -> t", " -> /t"),
        PATHS,
    ),
    "permissions first": Grammar("P /a", ("r", "l", "px", "l subset"), (), (" -> /t",), PATHS),
    "capability": Grammar("capability P", ("", "chown")),
    "change_profile": Grammar("change_profile P", ("", "/x", "safe /x", "unsafe /x"), (), (" -> t",)),
    "signal": Grammar("signal P", ("", "send", "receive"), (), (" set=kill", " peer=b")),
    "ptrace": Grammar("ptrace P", ("", "read", "trace", "readby", "tracedby"), (), (" peer=b",)),
    "dbus": Grammar(
        "dbus P",
        ("", "send", "receive", "bind", "eavesdrop", "(send, bind)", "(bind, eavesdrop)"),
        (),
        (" bus=a", " path=/x", " interface=i", " member=m", " name=n", " peer=(name=n)", " peer=(label=l)"),
    ),
    "userns": Grammar("userns P", ("", "create")),
    "io_uring": Grammar("io_uring P", ("", "sqpoll", "override_creds"), (), (" label=l",)),
    "unix": Grammar(
        "unix P",
        ("", "create", "bind", "listen", "connect", "send", "getopt", "(create, bind)"),
        (),
        (
            *(" type=stream", " addr=none", " addr=auto", " addr=@a"),
            *(" peer=(addr=none)", " peer=(addr=@b)", " peer=(addr=auto)", " peer=(label=l)"),
        ),
    ),
    "network": Grammar(
        "network P", ("", "create", "send"), (), (" inet", " inet stream", " unix", " unix stream", " tcp")
    ),
    "umount": Grammar("umount", ("",), (), (" fstype=ext4", " options=ro", " options in (ro)", " /a/")),
    "pivot_root": Grammar("pivot_root P", ("", "oldroot=/o/"), (), (" /n/", " -> t")),
    "remount": Grammar("remount", ("",), (), (" options=ro", " options in (ro)", " /a/")),
}
#: words that say what a letter of the permissions says as well: nothing is wrong with them
SAID_TWICE = {("safe ", "Px"), ("safe ", "Cix"), ("unsafe ", "px")}


@cache
def built(text: str, kernel: str, abi: str | None) -> tuple[bytes, frozenset[str]] | None:
    """The blob and what is said; None for what cannot be compiled."""
    try:
        policy = require(read_text(Source("p", f"profile p {{\n{text}\n}}\n"), LIBRARY)).policy
        made = compile_policy(policy, builtin(kernel), builtin(abi) if abi else None)
    except DiagnosticError:
        return None
    return made.blob, frozenset(one.code for one in made.diagnostics)


def same(one: str, other: str, around: tuple[str, ...], kernel: str, abi: str | None) -> bool:
    """Do they mean the same, alone and beside each of the rules around?"""
    for beside in ("", *around):
        left, right = (built(f"{beside}\n{rule}", kernel, abi) for rule in (one, other))
        if left is None or right is None:
            if left is not right:
                return False
        elif left[0] != right[0] and compare(read_blob(left[0]), read_blob(right[0])):
            return False
    return True


def surroundings(grammar: Grammar) -> tuple[str, ...]:
    bare = " ".join(grammar.form.replace("P", "").split()) + ","
    own = tuple(effect + bare for effect in ("priority=3 ", "priority=3 deny ", "", "deny ", "audit deny "))
    return (*(grammar.around or own), "all,", "audit all,")


@pytest.mark.parametrize("kind", KINDS)
def test_a_part_that_changes_nothing_is_said_and_no_other(kind: str) -> None:
    grammar = KINDS[kind]
    wrong = []
    for (part, whole, bare), (kernel, abi) in product(grammar.pairs(), FEATURES):
        made, less = built(whole, kernel, abi), built(bare, kernel, abi)
        if made is None or less is None or (made[1] | less[1]) & LOST or (part, whole.split()[-1][:-1]) in SAID_TWICE:
            continue
        said = bool((made[1] ^ less[1]) - OTHERWISE)
        means = not same(whole, bare, surroundings(grammar), kernel, abi)
        if means == said:
            wrong.append((whole, "means something" if means else "changes nothing", part, said, kernel, abi))
    assert wrong == []


@pytest.mark.parametrize("rule", ["link{} /a -> /t,", "l{} /a -> /t,"])
@pytest.mark.parametrize("qualifier, tested", [("", True), ("owner ", True), ("other ", False)])
def test_the_subset_test_is_for_owners(rule: str, qualifier: str, tested: bool) -> None:
    whole, bare = qualifier + rule.format(" subset"), qualifier + rule.format("")
    assert same(whole, bare, PATHS, "kernel-7.3", None) != tested
    assert any("DA428" in made[1] for made in [built(whole, "kernel-7.3", None)] if made) != tested


WORDS = (
    "ro",
    "rw",
    "nosuid",
    "suid",
    "sync",
    "bind",
    "rbind",
    "move",
    "remount",
    "make-private",
    "make-rshared",
    "nouser",
)


@pytest.mark.parametrize(
    "shape", ["mount {},", "mount {} /s -> /m/,", "mount fstype=ext4 {} /s -> /m/,", "remount {} /m/,"]
)
@pytest.mark.parametrize("operator", ["=", " in "])
def test_a_mount_flag_that_no_operation_of_the_rule_looks_at_is_said(shape: str, operator: str) -> None:
    """Not of a word for a flag that is not set, which no list needs, nor of one that another word of it implies."""
    wrong = []
    for word, other in product(WORDS, WORDS):
        rules = (shape.format(f"options{operator}({words})") for words in (f"{other}, {word}", other))
        whole, bare = (built(rule, "kernel-7.3", None) for rule in rules)
        if whole is None or bare is None or word in CLEARED or not bits(word) & ~bits(other):
            continue
        means = whole[0] != bare[0] and bool(compare(read_blob(whole[0]), read_blob(bare[0])))
        told = f"`{word}`" in "".join(said(shape.format(f"options{operator}({other}, {word})")))
        if means == told:
            wrong.append((other, word, means, told))
    assert wrong == []


def bits(word: str) -> int:
    """The flags that a word names, also as not set."""
    name = SYNONYMS.get(word, word)
    return MOUNT_FLAGS[CLEARED.get(name, name)]


def said(rule: str) -> list[str]:
    policy = require(read_text(Source("p", f"profile p {{\n{rule}\n}}\n"), LIBRARY)).policy
    return [one.message for one in compile_policy(policy, builtin("kernel-7.3")).diagnostics]


def test_what_is_said_of_a_rule_is_said_once_where_an_alias_copies_it() -> None:
    text = "alias /a -> /b,\nprofile p {\n  /a/x w -> t,\n}\n"
    policy = require(read_text(Source("p", text), LIBRARY)).policy
    (found,) = compile_policy(policy, builtin("kernel-7.3")).diagnostics
    assert found.code == "DA428"


@pytest.mark.parametrize("kernel, codes", [("kernel-6.1", ["DA412"]), ("kernel-6.12", []), ("kernel-7.3", [])])
def test_a_mode_that_old_kernels_refuse_is_said_unless_it_is_replaced(kernel: str, codes: list[str]) -> None:
    policy = require(read_text(Source("p", "profile p flags=(prompt) {\n}\n"), LIBRARY)).policy
    assert [one.code for one in compile_policy(policy, builtin(kernel)).diagnostics] == codes
    assert not compile_policy(policy, builtin(kernel), options=Options(complain=True)).diagnostics
