"""What is left of a load that a kernel refused: nothing, but from 6.17 on no policy can be added any more.

What was refused leaves its folder of raw policy behind (`failed to create raw_data dir and files`) until a removal
counts its number up. `dockarmor load` refuses such policy itself.
"""

from errno import EEXIST, ENOENT, EPROTO

import pytest

from dockarmor.compile.pipeline import compile_policy
from dockarmor.kernel.lab import Lab
from dockarmor.kernel.protocol import KernelError
from dockarmor.policy.builtin import builtin_base
from dockarmor.policy.features import FeatureSet
from dockarmor.policy.read import library, read_text, require
from dockarmor.text.source import Source

pytestmark = pytest.mark.lab


def load(lab: Lab, text: str) -> int:
    """The errno of loading this policy."""
    policy = require(read_text(Source("test", text), library(builtin_base()))).policy
    try:
        lab.load(compile_policy(policy, FeatureSet.from_tree(lab.name, lab.features())).blob)
    except KernelError as error:
        return error.errno
    return 0


def test_after_a_child_without_its_parent_newer_kernels_take_nothing_till_a_removal(lab_kernel: Lab) -> None:
    assert load(lab_kernel, "profile lab-first { /x r, }") == 0
    assert load(lab_kernel, "profile lab-none//orphan { /x r, }") == ENOENT
    after = 0 if lab_kernel.name in ("lab 6.1", "lab 6.12") else EEXIST
    assert [load(lab_kernel, f"profile lab-{name} {{ /x r, }}") for name in ("second", "third")] == [after, after]
    lab_kernel.remove("lab-first")
    assert load(lab_kernel, "profile lab-fourth { /x r, }") == 0
    assert "lab-fourth" in {profile.name for profile in lab_kernel.profiles()}


def test_what_is_said_of_the_prompt_mode_holds(lab_kernel: Lab) -> None:
    """6.1 does not know it (DA412); newer ones do, and refuse what no rule allows, as they ask nobody."""
    policy = require(
        read_text(
            Source("test", "profile lab-asks flags=(prompt) { /bin/* rmix, /lib/** mr, }"), library(builtin_base())
        )
    ).policy
    built = compile_policy(policy, FeatureSet.from_tree(lab_kernel.name, lab_kernel.features()))
    if lab_kernel.name == "lab 6.1":
        assert [one.code for one in built.diagnostics] == ["DA412"]
        with pytest.raises(KernelError) as refused:
            lab_kernel.load(built.blob)
        assert refused.value.errno == EPROTO
        return
    assert not built.diagnostics
    lab_kernel.load(built.blob)
    ran = lab_kernel.run(["/bin/cat", "/etc/passwd"], profile="lab-asks")
    assert ran.status == 1
    assert any('apparmor="DENIED"' in record and 'name="/etc/passwd"' in record for record in ran.records)
