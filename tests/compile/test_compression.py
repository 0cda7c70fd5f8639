"""Compressed blobs: what goes in comes out, and what is no whole frame is refused."""

import shutil
import subprocess

import pytest

from dockarmor.compile import BLOB_MAGIC, compression, is_compressed
from dockarmor.compile.compression import compressed, decompressed
from dockarmor.text.diagnostic import DiagnosticError

BLOB = BLOB_MAGIC + bytes(range(256)) * 40


def code(data: bytes) -> str:
    with pytest.raises(DiagnosticError) as raised:
        decompressed(data)
    return raised.value.diagnostics[0].code


def test_a_file_has_the_parsers_eight_bytes_before_the_frame() -> None:
    packed = compressed(BLOB)
    assert packed[:12] == bytes((1, 10, 0, 0, 0, 0, 0, 0)) + b"\x28\xb5\x2f\xfd"
    assert len(packed) < len(BLOB)
    assert packed == compressed(BLOB)


def test_it_is_unpacked_with_and_without_these_bytes() -> None:
    packed = compressed(BLOB)
    assert is_compressed(packed[:12])
    assert is_compressed(packed[8:])
    assert not is_compressed(BLOB[:12])
    assert decompressed(packed) == decompressed(packed[8:]) == BLOB


@pytest.mark.skipif(shutil.which("zstd") is None, reason="zstd is not installed")
def test_the_program_zstd_reads_the_frame() -> None:
    done = subprocess.run(["zstd", "-dcq"], input=compressed(BLOB)[8:], capture_output=True, check=True)
    assert done.stdout == BLOB


def test_a_damaged_frame_is_refused() -> None:
    packed = compressed(BLOB)
    assert code(packed[:-1]) == "DA506"
    assert code(packed + b"more") == "DA506"
    assert code(packed[:12] + b"\xff" * 30) == "DA506"
    assert code(packed[:12]) == "DA506"


def test_a_frame_that_unpacks_to_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compression, "MAX_BLOB_BYTES", 10_000)
    assert code(compressed(bytes(10_001))) == "DA505"
    assert decompressed(compressed(bytes(10_000))) == bytes(10_000)
