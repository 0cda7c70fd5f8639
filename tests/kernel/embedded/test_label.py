"""Labels: stacks, namespaces, and text that is none."""

from errno import EINVAL

import pytest

from dockarmor.kernel.embedded.label import components, in_one_namespace
from dockarmor.kernel.protocol import KernelError


@pytest.mark.parametrize(
    "label, names",
    [
        ("p", ["p"]),
        ("p//q", ["p//q"]),
        ("b//&a", ["a", "b"]),
        ("a//&a", ["a"]),
        ("&p", ["p"]),
        (":n:p", [":n:p"]),
        (":n://p", [":n:p"]),
        ("z//&:n:b//&a", ["z", ":n:a", ":n:b"]),
        (":n//m:a//&:n:z", [":n:z", ":n//m:a"]),
    ],
)
def test_a_label_is_its_profiles_in_the_kernels_order(label: str, names: list[str]) -> None:
    assert components(label) == names


@pytest.mark.parametrize("label", ["", "a//&", "//&a", ":n:", "//&".join("p" * 100)])
def test_what_is_no_label_is_refused(label: str) -> None:
    with pytest.raises(KernelError) as caught:
        components(label)
    assert caught.value.errno == EINVAL


def test_a_query_looks_at_one_namespace() -> None:
    assert in_one_namespace(["a", "b", ":n:c"]) == ["a", "b"]
    assert in_one_namespace([":n:c", ":n:d", ":n//m:c"]) == [":n:c", ":n:d"]
