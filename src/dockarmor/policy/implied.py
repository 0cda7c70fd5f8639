"""File rules that hats and change_profile imply: a task must be able to ask for the change in /proc.

Source: upstream parser_policy.c and parser_yacc.y; apparmor.d(5), Change Profile rules.
"""

from functools import lru_cache

from dockarmor.rules.file import FileRule
from dockarmor.rules.file_mode import parse_mode
from dockarmor.syntax.cursor import Word
from dockarmor.syntax.qualifiers import Qualifiers
from dockarmor.text.source import Span

_READ = ("/proc/*/attr/apparmor/", "/sys/module/apparmor/parameters/enabled")
_HAT_WRITES = "/proc/[0-9]*/attr/{apparmor/,}current"
_CHANGE_WRITES = "/proc/*/attr/{apparmor/,}{current,exec}"


def implied_rules(at: Span, *, hats: bool, change_profile: bool) -> list[FileRule]:
    """The rules, placed at the profile's head. They hold for the owner only: /proc/PID belongs to its task."""
    owner = Qualifiers(subject="owner")
    # The bare write bit, without the append that a `w` in a policy brings along.
    write = _letters("w") & ~_letters("a")
    found: list[FileRule] = []
    if hats or change_profile:
        found += [_rule(path, _letters("r"), owner, at) for path in _READ]
    if hats:
        found.append(_rule(_HAT_WRITES, write, owner, at))
    if change_profile:
        found.append(_rule(_CHANGE_WRITES, write, owner, at))
    return found


@lru_cache
def _letters(text: str) -> int:
    return parse_mode(text).letters


def _rule(path: str, letters: int, qualifiers: Qualifiers, at: Span) -> FileRule:
    return FileRule(Word(path, at), letters, None, None, None, False, qualifiers, at)
