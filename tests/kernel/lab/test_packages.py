"""Which packages are chosen, and from where."""

import pytest

from dockarmor.kernel.lab.packages import KERNELS, choose_mirror, kernel_packages
from dockarmor.kernel.protocol import KernelUnavailable


def test_the_mirror_is_the_machines_own() -> None:
    targets = "https://other.example/apt/\nhttp://m.example/debian/\nhttp://m.example/debian-security/\n"
    mirror = choose_mirror(targets)
    assert (mirror.main, mirror.security) == ("http://m.example/debian/", "http://m.example/debian-security/")


def test_no_debian_mirror_is_said_in_words() -> None:
    with pytest.raises(KernelUnavailable, match="knows no Debian mirror"):
        choose_mirror("http://m.example/ubuntu/\n")


def test_an_address_with_apts_option_brackets_is_not_taken() -> None:
    with pytest.raises(KernelUnavailable):
        choose_mirror("http://m.example/[trusted=yes]/debian/\n")


def test_the_newest_signed_image_comes_first() -> None:
    listed = [
        "linux-image-6.17.8+deb13-cloud-amd64",
        "linux-image-6.17.13+deb13-cloud-amd64",
        "linux-image-6.17.13+deb13-cloud-amd64-unsigned",
        "linux-image-6.17.13+deb13-cloud-amd64-dbg",
        "linux-image-6.18.5+deb13-cloud-amd64",
        "linux-image-cloud-amd64",
    ]
    assert kernel_packages("6.17", listed) == [listed[1], listed[0]]


def test_6_1_is_not_6_12_and_a_release_candidate_has_no_third_number() -> None:
    assert kernel_packages("6.1", ["linux-image-6.12.9-cloud-amd64"]) == []
    assert kernel_packages("7.3", ["linux-image-7.3-cloud-amd64"]) == ["linux-image-7.3-cloud-amd64"]


def test_every_kernel_is_known_by_its_series() -> None:
    assert list(KERNELS) == [source.name for source in KERNELS.values()]
