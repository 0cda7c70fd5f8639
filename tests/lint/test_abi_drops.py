"""Rules that a file's ABI makes without effect."""

from collections.abc import Callable
from pathlib import Path

import pytest

from dockarmor.text.diagnostic import Diagnostic

Find = Callable[..., list[Diagnostic]]


@pytest.fixture
def base(tmp_path: Path) -> Path:
    (tmp_path / "abi").mkdir()
    (tmp_path / "abi" / "3.0").write_text("signal {mask {kill}}\nnetwork_v8 {af_mask {inet}}\n")
    newer = "signal {mask {kill}}\nnamespaces {mask {userns_create}}\n"
    (tmp_path / "abi" / "4.0").write_text(newer)
    (tmp_path / "abi" / "5.0").write_text(newer + "network_v9 {af_unix {yes}}\n")
    return tmp_path


@pytest.mark.parametrize(
    ("rules", "classes", "newer"),
    [("userns,", "userns", "4.0"), ("unix,", "unix", "5.0"), ("unix, userns, signal,", "unix, userns", "5.0")],
)
def test_they_are_named_with_the_abi_that_has_them(
    rules: str, classes: str, newer: str, find: Find, base: Path
) -> None:
    (found,) = find("DA364", f"abi <abi/3.0>,\nprofile p {{ {rules} }}\n", base=str(base), kernel="kernel-6.17")
    assert f" {classes} rules" in found.message
    assert f"abi <abi/{newer}>," in found.help[0]
    assert found.span is not None
    assert found.span.text == "abi <abi/3.0>,"


@pytest.mark.parametrize(
    "text",
    [
        "abi <abi/5.0>,\nprofile p { unix, }\n",
        "abi <abi/3.0>,\nprofile p { signal, network, /a r, }\n",
        "abi <kernel>,\nprofile p { unix, }\n",
        "profile p { unix, }\n",
        "abi <abi/3.0>,\nprofile p { include <more> }\n",
    ],
)
def test_what_has_effect_or_is_another_file_s_is_not(text: str, find: Find, base: Path) -> None:
    (base / "more").write_text("userns,\n")
    assert not find("DA364", text, base=str(base), kernel="kernel-6.17")


def test_what_the_kernel_cannot_do_is_not_the_abi_s_fault(find: Find, base: Path) -> None:
    assert not find("DA364", "abi <abi/3.0>,\nprofile p { unix, }\n", base=str(base), kernel="kernel-6.12")
