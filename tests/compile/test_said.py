"""What a rule means and what is said of it go together, for every kernel and ABI.

A rule that changes nothing has a warning; one that is said not to be enforced changes nothing. So with conditions:
where a rule is said to mean more than it says, it means what it means without them.
"""

import pytest

from dockarmor.compile.compare import compare
from dockarmor.compile.compiled import CompiledPolicy
from dockarmor.compile.pipeline import compile_policy
from dockarmor.compile.reader import read_blob
from dockarmor.policy.features import FeatureSet, builtin
from dockarmor.policy.read import library, read_text, require
from dockarmor.text.source import Source

KERNELS = ("kernel-6.1", "kernel-6.12", "kernel-6.17", "kernel-7.3")
#: what policies know; None: what the kernel does. Those of old files have no network_v9, io_uring or userns.
OLD = builtin("default")
SOCKETS = FeatureSet.parse("sockets", "network_v8 {af_mask {unix inet\n}\n}\nsignal {mask {hup\n}\n}\n")
ABIS = {"kernel": None, "old": OLD, "sockets": SOCKETS}
#: kernels ask about some rules only where these allow or deny as well
AROUND = ("", "all,", "audit all,")

RULES = (
    *("unix,", "unix (send) type=stream,", "unix addr=@a,", "unix peer=(label=b),", "network,", "network unix,"),
    *("signal,", "ptrace read peer=b,", "dbus send,", "mqueue,", "mqueue type=sysv,", "userns,", "io_uring sqpoll,"),
    *("mount,", "remount /a/,", "umount /a/,", "pivot_root,", "capability chown,", "change_profile -> b,"),
    *("/a r,", "/a m,", "link /a -> /b,", "network inet port=80,", "umount fstype=ext4 /a/,"),
)
QUALIFIERS = ("", "audit ", "deny ", "audit deny ", "prompt ")
NOT_ENFORCED = {"DA420", "DA422"}


def compiled(text: str, kernel: str, abi: str) -> tuple[CompiledPolicy, list[str]]:
    policy = require(read_text(Source("p", f"profile p {{\n{text}\n}}\n"), library("nowhere"))).policy
    built = compile_policy(policy, builtin(kernel), ABIS[abi])
    return read_blob(built.blob), [one.code for one in built.diagnostics]


def same(one: str, other: str, kernel: str, abi: str) -> bool:
    """Do they mean the same, whatever stands around them?"""
    texts = [(f"{around}\n{one}", f"{around}\n{other}") for around in AROUND]
    return all(not compare(compiled(a, kernel, abi)[0], compiled(b, kernel, abi)[0]) for a, b in texts)


@pytest.mark.parametrize("abi", ABIS)
@pytest.mark.parametrize("kernel", KERNELS)
def test_a_rule_without_effect_is_said_and_no_other(kernel: str, abi: str) -> None:
    wrong = []
    for rule in (qualifiers + rule for rule in RULES for qualifiers in QUALIFIERS):
        said = set(compiled(rule, kernel, abi)[1])
        nothing = same(rule, "", kernel, abi)
        if (nothing and not said & (NOT_ENFORCED | {"DA427"})) or (not nothing and said & NOT_ENFORCED):
            wrong.append((rule, "has no effect" if nothing else "has one", said))
    assert wrong == []


@pytest.mark.parametrize("abi", ABIS)
@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize(
    "rule, without",
    [
        ("unix send addr=@a,", "unix send,"),
        ("unix connect type=stream peer=(label=b),", "unix connect type=stream,"),
        ("audit unix send peer=(addr=none),", "audit unix send,"),
        ("network inet port=80,", "network inet,"),
        ("deny network inet peer=(ip=::1),", "deny network inet,"),
        ("umount fstype=ext4 /a/,", "umount /a/,"),
        ("pivot_root /a/ -> b,", "pivot_root /a/,"),
    ],
)
def test_conditions_that_are_not_enforced_are_said_and_no_others(
    kernel: str, abi: str, rule: str, without: str
) -> None:
    said = set(compiled(rule, kernel, abi)[1])
    if not said & NOT_ENFORCED:
        assert bool(said & {"DA421", "DA423", "DA424"}) == same(rule, without, kernel, abi)
    assert compiled(without, kernel, abi)[1] == sorted(said & NOT_ENFORCED)


@pytest.mark.parametrize("kernel", ["kernel-6.1", "kernel-6.12"])
def test_a_deny_rule_for_unix_sockets_is_dropped_and_the_network_rule_that_is_named_does_the_same(
    kernel: str,
) -> None:
    policy = "profile p {\n  deny unix send type=stream,\n}\n"
    built = compile_policy(require(read_text(Source("p", policy), library("nowhere"))).policy, builtin(kernel))
    (found,) = built.diagnostics
    assert found.help == ("write `deny network send unix stream,`: it says the same, and is enforced",)
    assert compiled("deny network send unix stream,", kernel, "kernel")[1] == []


def test_the_abi_is_named_where_it_is_the_abi_that_lacks_the_class() -> None:
    policy = require(read_text(Source("p", "profile p { userns, }"), library("nowhere"))).policy
    (kernel,) = compile_policy(policy, builtin("kernel-6.1")).diagnostics
    (abi,) = compile_policy(policy, builtin("kernel-6.17"), OLD).diagnostics
    assert kernel.message.endswith("the feature set has no `namespaces/mask/userns_create`")
    assert abi.message.endswith("the policy's ABI has no `namespaces/mask/userns_create`")


@pytest.mark.parametrize("rule", ["all,", "deny all,", "audit all,"])
def test_of_all_only_the_classes_are_said_that_are_not_mediated(rule: str) -> None:
    """Its network rule speaks of unix sockets, too, so nothing of that class is lost."""
    policy = require(read_text(Source("p", f"profile p {{ {rule} }}"), library("nowhere"))).policy
    found = list(compile_policy(policy, builtin("kernel-6.1")).diagnostics)
    assert {one.message.split()[0] for one in found} == {"dbus", "io_uring", "mqueue", "userns"}
    assert {one.label for one in found} == {"this is so of a part of the rule: the rest has effect"}


def test_a_prompt_rule_that_is_dropped_anyway_is_said_once() -> None:
    assert compiled("prompt userns,", "kernel-6.1", "kernel")[1] == ["DA420"]
    assert compiled("prompt userns,", "kernel-6.12", "kernel")[1] == ["DA427"]
    assert compiled("prompt userns,", "kernel-6.17", "kernel")[1] == []


def test_nobody_is_asked_about_capabilities() -> None:
    assert compiled("prompt capability chown,", "kernel-7.3", "kernel")[1] == ["DA427"]
    assert "DA427" in compiled("prompt all,", "kernel-7.3", "kernel")[1]


def test_a_flag_for_sockets_and_queues_is_said_where_the_kernel_does_not_know_it() -> None:
    text = "profile p flags=(attach_disconnected.ipc=/x) {\n}\n"
    policy = require(read_text(Source("p", text), library("nowhere"))).policy
    (found,) = compile_policy(policy, builtin("kernel-7.3")).diagnostics
    assert found.code == "DA410"
    assert "attach_disconnected.ipc" in found.message
