"""The archive is what the kernel's unpacker expects, member for member."""

import io
import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dockarmor.kernel.lab.cpio import CpioWriter


def members(data: bytes) -> dict[str, tuple[int, bytes]]:
    """Read newc as the format's description says: name -> (mode, content)."""
    found = {}
    place = 0
    while True:
        assert data[place : place + 6] == b"070701"
        fields = [int(data[place + 6 + 8 * n : place + 14 + 8 * n], 16) for n in range(13)]
        name_end = place + 110 + fields[11]
        name = data[place + 110 : name_end - 1].decode()
        content = name_end + -name_end % 4
        if name == "TRAILER!!!":
            return found
        found[name] = (fields[1], data[content : content + fields[6]])
        place = content + fields[6]
        place += -place % 4


@given(st.dictionaries(st.text("abc", min_size=1, max_size=9), st.binary(max_size=40), max_size=8))
def test_what_is_written_is_read_back(files: dict[str, bytes]) -> None:
    out = io.BytesIO()
    archive = CpioWriter(out)
    for name, content in files.items():
        archive.file(f"deep/er/{name}", content, 0o755)
    archive.close()
    found = members(out.getvalue())
    regular = {name: content for name, (mode, content) in found.items() if stat.S_ISREG(mode)}
    assert regular == {f"deep/er/{name}": content for name, content in files.items()}
    assert len(out.getvalue()) % 512 == 0


def test_folders_come_before_what_is_in_them_and_once() -> None:
    out = io.BytesIO()
    archive = CpioWriter(out)
    archive.file("a/b/x", b"1")
    archive.link("a/b/y", "x")
    archive.folder("a/b")
    archive.close()
    assert list(members(out.getvalue())) == ["a", "a/b", "a/b/x", "a/b/y"]
    assert stat.S_ISLNK(members(out.getvalue())["a/b/y"][0])


@pytest.mark.parametrize("name", ["/etc/passwd", "a/../../x", ".."])
def test_a_path_outside_the_root_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="below the root"):
        CpioWriter(io.BytesIO()).file(name, b"")
