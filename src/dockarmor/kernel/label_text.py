"""Labels as the kernel prints them: `LABEL (MODE)`, or `unconfined` alone; names are bytes, kept as latin-1 text."""

from collections.abc import Iterator

UNCONFINED = "unconfined"


def split_label(text: str) -> tuple[str, str | None] | None:
    """The label and its mode; None for text that is no such line.

    A name may hold blanks and brackets of its own, so the last ` (` before the closing bracket divides
    (libapparmor, aa_splitcon).

    >>> split_label("odd (name) (enforce)\\n"), split_label("unconfined\\n"), split_label("nothing")
    (('odd (name)', 'enforce'), ('unconfined', None), None)
    """
    line = text.removesuffix("\n")
    if line == UNCONFINED:
        return line, None
    name, bracket, mode = line.removesuffix(")").rpartition(" (")
    return (name, mode) if name and bracket and line.endswith(")") else None


def full_name(namespace: str | None, name: str) -> str:
    """A profile's name as the kernel lists it.

    >>> full_name("inner", "a//b"), full_name(None, "a"), full_name("", "a")
    (':inner:a//b', 'a', 'a')
    """
    return f":{namespace}:{name}" if namespace else name


def divided(name: str) -> tuple[str, str]:
    """A full name's namespace with its colons, empty where it has none, and the rest.

    >>> divided(":inner:a//b"), divided("a")
    ((':inner:', 'a//b'), ('', 'a'))
    """
    end = name.find(":", 1) + 1 if name.startswith(":") else 0
    return name[:end], name[end:].removeprefix("//") if end else name


def ancestors(name: str) -> Iterator[str]:
    """The full names of those whose child a profile is, its parent first.

    >>> list(ancestors(":x//y:a//b//c"))
    [':x//y:a//b', ':x//y:a']
    """
    namespace, own = divided(name)
    while (cut := own.rfind("//")) > 0:
        own = own[:cut]
        yield namespace + own


def characters(text: str) -> str:
    """The text that a name's bytes are in UTF-8, for JSON, which has no bytes.

    >>> characters("caf\xc3\xa9")
    'café'
    """
    return text.encode("latin-1").decode("utf-8", "replace")


def mode_word(mode: str) -> str:
    """The language's word for a mode: the kernel says `user` where profiles say `prompt`."""
    return "prompt" if mode == "user" else mode
