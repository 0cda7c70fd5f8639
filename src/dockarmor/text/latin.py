"""Text as people hold it (`str` of characters) and as policy is held here (latin-1: one character is one byte)."""

import os

from dockarmor.text.diagnostic import Diagnostic, DiagnosticError


def byte_text(text: str | bytes) -> str:
    """Policy text: the bytes themselves, or the UTF-8 bytes of a `str`. Undoes `people_text`.

    Raises DiagnosticError (DA091) for half of a surrogate pair, which is no character.

    >>> byte_text("é") == byte_text(b"\\xc3\\xa9") == "\\xc3\\xa9"
    True
    """
    if isinstance(text, str):
        try:
            text = text.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError:
            raise DiagnosticError([Diagnostic("DA091", f"{text[:40]!a} is no text")]) from None
    return text.decode("latin-1")


def people_text(text: str) -> str:
    """The characters of policy text; bytes that are no UTF-8 become what `surrogateescape` makes of them.

    >>> people_text("caf\\xc3\\xa9"), people_text("\\xff")
    ('café', '\\udcff')
    """
    return text.encode("latin-1").decode("utf-8", "surrogateescape")


def path_text(path: str) -> str:
    """A path, or another word of the system's, as policy text: the bytes behind it.

    >>> path_text("/caf\\udcc3\\udca9") == path_text("/café")
    True
    """
    return os.fsencode(path).decode("latin-1")
