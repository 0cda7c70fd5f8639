"""Which files of a folder are policy: for `include <folder>` and for a folder that is named as an argument."""

import os

#: what editors and package managers leave beside a file (apparmor.d(5), #include mechanism)
SKIPPED_ENDINGS = (
    *(b".dpkg-new", b".dpkg-old", b".dpkg-dist", b".dpkg-bak", b".dpkg-remove", b".pacsave", b".pacnew"),
    *(b".rpmnew", b".rpmsave", b".orig", b".rej", b"~"),
)


def is_left_behind(name: bytes) -> bool:
    """Is a file of this name in a folder no policy?"""
    return name.startswith(b".") or name == b"README" or name.endswith(SKIPPED_ENDINGS)


def policy_files(folder: bytes) -> list[bytes]:
    """The paths of a folder's policy files, in order of their names. Raises OSError."""
    found = []
    for name in sorted(os.listdir(folder)):
        path = folder.rstrip(b"/") + b"/" + name
        if not is_left_behind(name) and os.path.isfile(path):
            found.append(path)
    return found


#: folders below a policy folder that hold something else: feature sets, and what apparmor_parser compiled
OTHER_FOLDERS = (b"abi", b"cache", b"cache.d")


def policy_tree(folder: bytes) -> list[bytes]:
    """The paths of the policy files in a folder and all folders below it. Links to folders are not followed."""
    found = []
    for place, folders, _ in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith(b".") and name not in OTHER_FOLDERS)
        found += policy_files(place)
    return found
