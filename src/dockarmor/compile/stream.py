"""The stream of typed elements that a blob is: a type code, then the value, each optionally under a name.

Source: security/apparmor/policy_unpack.c (enum aa_code, aa_unpack_nameX and the readers around it).
"""

from collections.abc import Sequence
from struct import Struct
from typing import NoReturn

from dockarmor.text.diagnostic import Diagnostic, DiagnosticError

U8, U16, U32, U64, NAME, STRING, BLOB = range(7)
STRUCT, STRUCT_END, LIST, LIST_END, ARRAY, ARRAY_END = range(7, 13)

#: Strings and names count their bytes (final NUL included) in 16 bits, arrays their elements.
MAX_STRING = 0xFFFF
MAX_ARRAY = 0xFFFF

_U16 = Struct("<H")
_U32 = Struct("<I")
_U64 = Struct("<Q")
_U32_ELEMENT = Struct("<BI")
_FIXED = {
    U8: 1,
    U16: 2,
    U32: 4,
    U64: 8,
    STRUCT: 0,
    STRUCT_END: 0,
    LIST: 0,
    LIST_END: 0,
    ARRAY: 2,
    ARRAY_END: 0,
}


def broken(code: str, message: str, offset: int, *help: str) -> DiagnosticError:
    """A finding about bytes: there is no text to point into, so the sentence names the offset."""
    return DiagnosticError([Diagnostic(code, f"{message} (at byte {offset})", help=help)])


class Stream:
    """A read head. Readers that find something else next give None and do not move, like the kernel's."""

    __slots__ = ("data", "pos")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.pos = 0

    def at_end(self) -> bool:
        return self.pos >= len(self.data)

    def fail(self, message: str, code: str = "DA500") -> NoReturn:
        if self.pos >= len(self.data):
            raise broken(code, f"the blob ends where {message}", self.pos, "the file was cut short")
        raise broken(code, f"here {message}", self.pos)

    def enter(self, code: int, name: str | None = None) -> bool:
        """Move past a type code, under this name or under any (`aa_unpack_nameX`)."""
        start = self.pos
        tag = self._tag()
        if name is not None and tag != name.encode("ascii"):
            self.pos = start
            return False
        if self.pos < len(self.data) and self.data[self.pos] == code:
            self.pos += 1
            return True
        self.pos = start
        return False

    def u8(self, name: str | None = None) -> int | None:
        start = self.pos
        if self.enter(U8, name) and self.pos < len(self.data):
            self.pos += 1
            return self.data[self.pos - 1]
        self.pos = start
        return None

    def u16(self, name: str | None = None) -> int | None:
        return self._number(U16, _U16, name)

    def u32(self, name: str | None = None) -> int | None:
        return self._number(U32, _U32, name)

    def u64(self, name: str | None = None) -> int | None:
        return self._number(U64, _U64, name)

    def array(self, name: str | None = None) -> int | None:
        """The head of an array: how many elements follow."""
        return self._number(ARRAY, _U16, name)

    def string(self, name: str | None = None) -> bytes | None:
        """A string without its final NUL."""
        start = self.pos
        if self.enter(STRING, name):
            text = self._counted()
            if text is not None:
                return text
        self.pos = start
        return None

    def blob(self, name: str | None = None) -> bytes | None:
        start = self.pos
        if self.enter(BLOB, name) and self.pos + 4 <= len(self.data):
            (size,) = _U32.unpack_from(self.data, self.pos)
            at = self.pos + 4
            if at + size <= len(self.data):
                self.pos = at + size
                return self.data[at : self.pos]
        self.pos = start
        return None

    def skip_struct(self) -> None:
        """Move past the rest of a struct whose meaning nobody needs, however it is nested."""
        depth = 1
        while depth:
            self._tag()
            if self.pos >= len(self.data):
                self.fail("a struct should go on")
            code = self.data[self.pos]
            if code == STRING:
                if self.string() is None:
                    self.fail("a string should stand")
                continue
            if code == BLOB:
                if self.blob() is None:
                    self.fail("a blob should stand")
                continue
            if code not in _FIXED:
                self.fail(f"{code} is no type of an element")
            self.pos += 1 + _FIXED[code]
            depth += (code == STRUCT) - (code == STRUCT_END)

    def _number(self, code: int, form: Struct, name: str | None) -> int | None:
        start = self.pos
        if self.enter(code, name) and self.pos + form.size <= len(self.data):
            (value,) = form.unpack_from(self.data, self.pos)
            self.pos += form.size
            return int(value)
        self.pos = start
        return None

    def _tag(self) -> bytes | None:
        start = self.pos
        if start < len(self.data) and self.data[start] == NAME:
            self.pos += 1
            tag = self._counted()
            if tag is not None:
                return tag
            self.pos = start
        return None

    def _counted(self) -> bytes | None:
        if self.pos + 2 > len(self.data):
            return None
        (size,) = _U16.unpack_from(self.data, self.pos)
        end = self.pos + 2 + size
        if not size or end > len(self.data) or self.data[end - 1]:
            return None
        text = self.data[self.pos + 2 : end - 1]
        self.pos = end
        return text


class Packer:
    """Writes elements one after the other."""

    __slots__ = ("data",)

    def __init__(self) -> None:
        self.data = bytearray()

    def name(self, name: str) -> None:
        self.data += bytes((NAME,)) + _U16.pack(len(name) + 1) + name.encode("ascii") + b"\0"

    def u32(self, value: int, name: str | None = None) -> None:
        self._code(U32, name)
        self.data += _U32.pack(value)

    def u32s(self, values: Sequence[int]) -> None:
        """Several elements, none under a name."""
        self.data += b"".join([_U32_ELEMENT.pack(U32, value) for value in values])

    def u64(self, value: int) -> None:
        self._code(U64, None)
        self.data += _U64.pack(value)

    def string(self, value: bytes, name: str | None = None) -> None:
        """Raises ValueError where the string is longer than MAX_STRING - 1 bytes."""
        if len(value) >= MAX_STRING:
            raise ValueError("a string of a blob has at most 65534 bytes")
        self._code(STRING, name)
        self.data += _U16.pack(len(value) + 1) + value + b"\0"

    def array(self, count: int) -> None:
        """Raises ValueError where there are more than MAX_ARRAY elements."""
        if count > MAX_ARRAY:
            raise ValueError("an array of a blob has at most 65535 elements")
        self._code(ARRAY, None)
        self.data += _U16.pack(count)

    def array_end(self) -> None:
        self._code(ARRAY_END, None)

    def struct(self, name: str) -> None:
        self._code(STRUCT, name)

    def struct_end(self) -> None:
        self._code(STRUCT_END, None)

    def aligned_blob(self, value: bytes, name: str) -> None:
        """A blob with zeros before it, so that `value` starts on a multiple of eight in this stream."""
        self._code(BLOB, name)
        pad = -(len(self.data) + 4) % 8
        self.data += _U32.pack(pad + len(value)) + bytes(pad) + value

    def _code(self, code: int, name: str | None) -> None:
        if name is not None:
            self.name(name)
        self.data.append(code)
