"""cpio `newc`, the archive that the kernel unpacks as its first root (buffer-format.rst in its documentation)."""

import stat
from typing import BinaryIO


class CpioWriter:
    """Writes members one after the other, parent folders first and once; every file belongs to root.

    >>> import io
    >>> out = io.BytesIO()
    >>> archive = CpioWriter(out)
    >>> archive.file("etc/motd", b"hello")
    >>> archive.close()
    >>> out.getvalue()[:6], len(out.getvalue()) % 512
    (b'070701', 0)
    """

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._inode = 0
        self._written = 0
        self._seen: set[str] = set()

    def folder(self, name: str, permissions: int = 0o755) -> None:
        """A folder and its parents."""
        if not name or name in self._seen:
            return
        self._parents(name)
        self._member(name, stat.S_IFDIR | permissions)

    def file(self, name: str, content: bytes, permissions: int = 0o644) -> None:
        """A regular file."""
        self._parents(name)
        self._member(name, stat.S_IFREG | permissions, content)

    def link(self, name: str, target: str) -> None:
        """A symbolic link."""
        self._parents(name)
        self._member(name, stat.S_IFLNK | 0o777, target.encode())

    def character_device(self, name: str, major: int, minor: int, permissions: int = 0o600) -> None:
        """A character device node."""
        self._parents(name)
        self._member(name, stat.S_IFCHR | permissions, device=(major, minor))

    def close(self) -> None:
        """End the archive; another may follow it in the same file."""
        self._member("TRAILER!!!", 0)
        self._put(b"\0" * (-self._written % 512))

    def _parents(self, name: str) -> None:
        self.folder(name.rpartition("/")[0])

    def _member(self, name: str, mode: int, content: bytes = b"", device: tuple[int, int] = (0, 0)) -> None:
        if name in self._seen:
            raise ValueError(f"{name} is already in the archive")
        if name.startswith("/") or ".." in name.split("/"):
            raise ValueError(f"{name} is not a path below the root")
        self._seen.add(name)
        self._inode += 1
        raw = name.encode() + b"\0"
        # ino mode uid gid nlink mtime filesize devmajor devminor rdevmajor rdevminor namesize check
        fields = (self._inode, mode, 0, 0, 1, 0, len(content), 0, 0, *device, len(raw), 0)
        self._put(b"070701" + b"".join(b"%08X" % field for field in fields) + raw)
        self._put(b"\0" * (-self._written % 4))
        self._put(content)
        self._put(b"\0" * (-self._written % 4))

    def _put(self, data: bytes) -> None:
        self._out.write(data)
        self._written += len(data)
