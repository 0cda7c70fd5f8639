"""From a package's kernel image to what QEMU boots."""

import gzip
import lzma
import struct
from pathlib import Path

import pytest

from dockarmor.kernel.lab.image import kernel_payload, module_order, uncompress_kernel
from dockarmor.kernel.protocol import KernelUnavailable


def bz_image(payload: bytes, *, sectors: int = 3, offset: int = 100) -> bytes:
    """A boot sector as the boot protocol lays it out, with a payload."""
    head = bytearray((sectors + 1) * 512 + offset)
    head[0x1F1] = sectors
    head[0x202:0x206] = b"HdrS"
    struct.pack_into("<II", head, 0x248, offset, len(payload))
    return bytes(head) + payload + b"after it"


def test_the_payload_is_found_by_the_boot_protocols_fields() -> None:
    assert kernel_payload(bz_image(b"0123456789abcdef")) == b"0123456789abcdef"


@pytest.mark.parametrize("compress", [gzip.compress, lambda data: lzma.compress(data, check=lzma.CHECK_CRC32)])
def test_the_kernel_is_unpacked(compress) -> None:  # type: ignore[no-untyped-def]
    kernel = b"\x7fELF" + bytes(1000)
    payload = compress(kernel) + struct.pack("<I", len(kernel))
    assert uncompress_kernel(payload, Path("/nonexistent")) == kernel


@pytest.mark.parametrize("image", [b"", b"MZ" * 400, bz_image(b"0123456789abcdef")[:2100]])
def test_what_is_no_kernel_is_refused(image: bytes) -> None:
    with pytest.raises(KernelUnavailable):
        kernel_payload(image)


def test_an_unknown_compression_is_refused() -> None:
    with pytest.raises(KernelUnavailable, match="unknown way"):
        uncompress_kernel(b"\0" * 32, Path("/nonexistent"))


def test_modules_come_after_what_they_need_even_in_a_circle() -> None:
    modules = {
        "virtio_pci": b"\0depends=virtio_ring,virtio\0",
        "virtio_ring": b"\0depends=virtio\0",
        "virtio": b"\0depends=virtio-pci\0",
        "virtio_console": b"\0depends=virtio_ring\0",
        "virtio_net": b"\0depends=\0",
    }
    assert module_order(modules) == ["virtio", "virtio_ring", "virtio_pci", "virtio_console"]


def test_a_kernel_with_everything_built_in_needs_none() -> None:
    assert module_order({}) == []
