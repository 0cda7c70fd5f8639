"""Compressed blobs: what goes in comes out, and what is no whole frame is refused."""

import shutil
import subprocess
import sys

import pytest

from dockarmor.compile import BLOB_MAGIC, compression, is_compressed
from dockarmor.compile.compression import compressed, decompressed
from dockarmor.compile.reader import MAX_BLOB_BYTES
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
    assert code(compressed(BLOB_MAGIC.ljust(10_001, b"\0"))) == "DA505"
    blob = BLOB_MAGIC.ljust(10_000, b"\0")
    assert decompressed(compressed(blob)) == blob


@pytest.mark.parametrize("size", [(1 << 20) - 1, 1 << 20, (1 << 20) + 1, 3 << 20, (40 << 20) + 1])
def test_what_is_unpacked_in_several_steps_is_whole(size: int) -> None:
    blob = (BLOB_MAGIC + bytes(range(251)) * (size // 251 + 1))[:size]
    packed = compressed(blob)
    assert decompressed(packed) == blob
    assert code(packed[:-5]) == "DA506"


@pytest.mark.parametrize(
    "held", [b"", b"profile t { }\n", compressed(BLOB), bytes(1 << 20)], ids=["nothing", "text", "another", "zeros"]
)
def test_a_frame_that_holds_no_blob_is_refused(held: bytes) -> None:
    assert code(compressed(held)) == "DA506"


def test_a_frame_that_does_not_end_takes_no_more_memory_than_the_largest_blob() -> None:
    program = f"""
import resource
from dockarmor.compile.compression import _zstd
from dockarmor.compile import BLOB_MAGIC
from dockarmor.compile.compression import decompressed
from dockarmor.text.diagnostic import DiagnosticError
maker = _zstd().ZstdCompressor(level=1)
parts = [maker.compress(BLOB_MAGIC), *(maker.compress(bytes(1 << 24)) for _ in range(20))]
bomb = b"".join(parts)
resource.setrlimit(resource.RLIMIT_AS, ({MAX_BLOB_BYTES} + (150 << 20),) * 2)
try:
    decompressed(bomb)
except DiagnosticError as error:
    print(error.diagnostics[0].code)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("DA505\n", "")
