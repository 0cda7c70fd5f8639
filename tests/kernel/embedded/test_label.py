"""Labels: stacks, namespaces, and text that is none."""

from errno import EINVAL, ENOENT

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
        (":n:", [":n:unconfined"]),
        ("a//&", ["a"]),
    ],
)
def test_a_label_is_its_profiles_in_the_kernels_order(label: str, names: list[str]) -> None:
    assert components(label) == names


@pytest.mark.parametrize(
    "label, errno", [("", EINVAL), ("//&", EINVAL), ("//&".join("p" * 100), EINVAL), ("//&a", ENOENT)]
)
def test_what_is_no_label_is_refused(label: str, errno: int) -> None:
    with pytest.raises(KernelError) as caught:
        components(label)
    assert caught.value.errno == errno


def test_a_query_looks_at_the_innermost_namespace() -> None:
    assert in_one_namespace(["a", "b"]) == ["a", "b"]
    assert in_one_namespace(["a", "b", ":n:c"]) == [":n:c"]
    assert in_one_namespace([":n:c", ":n//m:c", ":n//m:d"]) == [":n//m:c", ":n//m:d"]
