"""Which file of a policy folder holds the profile that somebody means: by file, by name, or by program."""

import os
import re
import shutil
from collections.abc import Callable, Iterator

from dockarmor.policy.folder import policy_files
from dockarmor.policy.includes import Library
from dockarmor.policy.profile import Profile
from dockarmor.policy.read import library, read_file
from dockarmor.rules.aare import to_pattern
from dockarmor.text.diagnostic import DiagnosticError
from dockarmor.text.latin import path_text
from dockarmor.value import frozen


@frozen
class Meant:
    """A policy file, and the profiles in it that are meant: None for all of them."""

    path: str
    profiles: tuple[Profile, ...] | None = None


def find(argument: str, folder: str) -> list[Meant]:
    """What an argument means: a file of the folder, a profile's name, or a program that a profile attaches to.

    Files that cannot be read are passed over: one bad file must not hide the others.
    """
    real = os.path.realpath(argument)
    if os.path.isfile(real) and os.path.dirname(real) == os.path.realpath(folder):
        return [Meant(real)]
    wanted = path_text(argument)
    named = list(_holding(folder, lambda profile: profile.name == wanted))
    program = argument if "/" in argument else shutil.which(argument)
    if named or program is None:
        beside = os.path.join(folder, argument)
        return named or ([Meant(beside)] if os.path.isfile(beside) else [])
    path = os.fsencode(os.path.realpath(program))
    return list(_holding(folder, lambda profile: _attaches(profile, path)))


def profiles_of(path: str, includes: Library) -> list[Profile]:
    """The profiles that stand in this very file, none of its includes; none where it cannot be read."""
    name = path_text(path)
    policy = read_file(name, includes).policy
    return [profile for profile in policy.profiles if profile.span.source.name == name]


def reading(folder: str) -> Library:
    """Includes of a policy folder are found in it."""
    return library(path_text(folder))


def _holding(folder: str, meant: Callable[[Profile], bool]) -> Iterator[Meant]:
    includes = reading(folder)
    for path in map(os.fsdecode, policy_files(os.fsencode(folder))):
        if found := tuple(filter(meant, profiles_of(path, includes))):
            yield Meant(path, found)


def _attaches(profile: Profile, path: bytes) -> bool:
    patterns = (profile.attachment, *profile.alternates)
    return any(pattern is not None and _matches(pattern, path) for pattern in patterns)


def _matches(pattern: str, path: bytes) -> bool:
    """The dialect of compiled patterns is one that `re` reads as it is meant."""
    try:
        return re.compile(to_pattern(pattern), re.DOTALL).fullmatch(path) is not None
    except (DiagnosticError, re.error):
        return False
