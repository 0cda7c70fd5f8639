"""Feature sets are read, asked and written back."""

import pytest

from dockarmor.policy import MAX_FEATURES
from dockarmor.policy.features import FeatureSet, builtin, intersect, names
from dockarmor.text.diagnostic import DiagnosticError


def codes(text: str) -> list[str]:
    with pytest.raises(DiagnosticError) as caught:
        FeatureSet.parse("mine", text)
    return [diagnostic.code for diagnostic in caught.value.diagnostics]


@pytest.mark.parametrize("name", names())
def test_every_built_in_set_is_read_and_its_canonical_text_gives_it_back(name: str) -> None:
    features = builtin(name)
    assert features.has("policy/versions/v7")
    assert FeatureSet.parse("again", features.text()) == features


def test_a_value_is_the_last_element_of_a_path() -> None:
    features = builtin("kernel-7.3")
    assert features.has("policy/permstable32_version/0x000003")
    assert not features.has("policy/permstable32_version/0x000001")
    assert features.has("network_v9/af_unix")
    assert not features.has("af_unix")


def test_the_directory_and_the_text_give_the_same_set() -> None:
    text = FeatureSet.parse("text", "b {x {yes\n}\n}\na {1 2\n}\n")
    tree = FeatureSet.from_tree("tree", {"a": "1 2\n", "b": {"x": "yes\n", ".hidden": "no"}})
    assert text == tree
    assert text.text() == tree.text()


def test_words_keep_their_order_because_it_numbers_capabilities() -> None:
    assert builtin("kernel-6.1").words("caps/mask")[21] == "sys_admin"
    assert builtin("kernel-6.1").words("caps/none") == ()


def test_the_default_set_has_no_class_that_came_after_it() -> None:
    features = builtin("default")
    assert features.has("network/af_unix")
    for later in ("network_v8", "namespaces/mask/userns_create", "io_uring", "ipc/posix_mqueue"):
        assert not features.has(later)


def test_a_class_needs_policy_and_kernel_but_the_blob_form_is_the_kernels() -> None:
    agreed = intersect(builtin("default"), builtin("kernel-7.2"))
    assert agreed.has("signal")
    assert not agreed.has("network_v9/af_unix")
    assert not agreed.has("network/af_unix")
    assert agreed.has("policy/permstable32_version/0x000003")
    assert agreed.has("mount/move_mount/detached")
    assert intersect(None, builtin("kernel-7.2")).has("network_v9/af_unix")


@pytest.mark.parametrize("text", ["a {", "a {b {}", "}", "{}", "a", "a {} b"], ids=lambda text: text.strip())
def test_malformed_text_is_said_with_its_place(text: str) -> None:
    assert codes(text) == ["DA190"]


def test_behind_a_brace_too_many_nothing_counts() -> None:
    found = FeatureSet.parse("text", "a {b\n}\n}\nc {d\n}\n}\n")
    assert found.has("a/b")
    assert not found.has("c")


def test_hostile_text_is_bounded() -> None:
    assert codes("a {" * 10_000) == ["DA191"]
    assert codes("a " * MAX_FEATURES) == ["DA191"]


def test_an_unknown_built_in_set_is_answered_with_those_there_are() -> None:
    with pytest.raises(DiagnosticError) as caught:
        builtin("../kernel-7.2")
    assert caught.value.diagnostics[0].code == "DA192"
    assert "kernel-7.2" in caught.value.diagnostics[0].help[0]
