"""When did a policy file, or anything that it includes, last change? Found without reading it as policy.

A blob in libapparmor's cache is good while nothing that went into it is newer. Whatever looks like an include counts,
in a comment, too: one file too many only means that policy is compiled once more.
"""

import os
import stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_MAX_BYTES = 16 << 20
_MAX_FILES = 20_000
_BLANK = b" \t\r\n"


class Sources:
    """Files of a run, each read once. `search`: where `<…>` is looked for, in order."""

    def __init__(self, search: "Sequence[str]") -> None:
        self._search = [os.fsencode(folder) for folder in search]
        self._known: dict[bytes, tuple[int, int, list[bytes]]] = {}

    def newest(self, path: str) -> tuple[int, int] | None:
        """The latest time of change in nanoseconds since 1970, of policy and of feature sets (`abi <…>`).

        None where that cannot be told.
        """
        latest = features = 0
        todo = [os.fsencode(path)]
        seen = set(todo)
        while todo:
            try:
                changed, abi, more = self._file(todo.pop())
            except OSError:
                return None
            latest, features = max(latest, changed), max(features, abi)
            todo += [file for file in more if file not in seen]
            seen.update(more)
            if len(seen) > _MAX_FILES:
                return None
        return latest, features

    def _file(self, path: bytes) -> tuple[int, int, list[bytes]]:
        """When a place changed last, and the feature sets that it names; the places that it includes."""
        known = self._known.get(path)
        if known is None:
            state = os.stat(path)
            abi, more = 0, []
            if stat.S_ISDIR(state.st_mode):
                from dockarmor.policy.folder import policy_files

                more = policy_files(path)
            elif stat.S_ISREG(state.st_mode):
                with open(path, "rb", buffering=0) as file:
                    text = file.read(min(state.st_size, _MAX_BYTES) + 1)
                if len(text) > _MAX_BYTES:
                    raise OSError(path)
                more = list(self._named(text, b"include"))
                abi = max((os.stat(file).st_mtime_ns for file in self._named(text, b"abi")), default=0)
            else:
                raise OSError(path)
            known = self._known[path] = (state.st_mtime_ns, abi, more)
        return known

    def _named(self, text: bytes, word: bytes) -> "Iterator[bytes]":
        """The places that stand behind a word, as far as they are there. Raises OSError where one must be there."""
        at = text.find(word)
        while at >= 0:
            rest = text[at + len(word) : at + 4200].lstrip(_BLANK)
            place, magic = _place(rest)
            # A comment may say that something "includes" anything: no file of that name in this folder is meant.
            line = text[text.rfind(b"\n", 0, at) + 1 : at]
            said = not magic and not place.startswith(b"/") and b"#" in line[:-1]
            if place and not said and b"\0" not in place:
                for folder in self._search if magic else (b"",):
                    path = os.path.join(folder, place)
                    if os.path.exists(path):
                        yield path
                        break
                else:
                    if word == b"include" and rest.startswith((b"<", b'"')) and _is_rule(line):
                        raise OSError(path)
            at = text.find(word, at + len(word))


def _is_rule(line: bytes) -> bool:
    """Can `include` behind this start of a line be the word that includes?

    >>> _is_rule(b"  "), _is_rule(b"profile x { #"), _is_rule(b"# "), _is_rule(b"/usr/")
    (True, True, False, False)
    """
    line = line.removesuffix(b"#")
    return b"#" not in line and b'"' not in line and (not line or line[-1:] in b" \t\r{},")


def _place(rest: bytes) -> tuple[bytes, bool]:
    """The path behind the word, and whether it stands in `<…>`.

    >>> _place(b"if exists <local/x> ..."), _place(b'"/a b" x'), _place(b"/x, y")
    ((b'local/x', True), (b'/a b', False), (b'/x', False))
    """
    if rest.startswith(b"if"):
        behind = rest[2:].lstrip(_BLANK)
        if behind.startswith(b"exists"):
            rest = behind[6:].lstrip(_BLANK)
    if rest.startswith(b"<"):
        return rest[1:].partition(b">")[0].strip(b' \t"'), True
    if rest.startswith(b'"'):
        return rest[1:].partition(b'"')[0], False
    end = min((at for at in map(rest.find, (b" ", b"\t", b"\n", b"\r", b",")) if at >= 0), default=len(rest))
    return rest[:end], False
