"""aa-complain, aa-enforce, aa-disable: the mode of a profile, changed in its file, then in the kernel.

What is not there is said and passed over, exit 0, as by the originals. A file is written whole or not at all, and
only if this host's kernel can be reached, unless --no-reload is given.
"""

import os
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Iterator

from dockarmor.cli.faces.places import Places
from dockarmor.cli.faces.profile_files import Meant, find, profiles_of, reading
from dockarmor.cli.output import note
from dockarmor.cli.places import replace_file
from dockarmor.kernel.label_text import full_name
from dockarmor.kernel.protocol import Kernel, KernelError
from dockarmor.kernel.removal import users
from dockarmor.policy.profile import Profile
from dockarmor.policy.read import grammar
from dockarmor.syntax.flag_edit import flag_edit
from dockarmor.syntax.structure import parse
from dockarmor.syntax.tree import ProfileNode, walk
from dockarmor.text.diagnostic import DiagnosticError
from dockarmor.text.edit import apply
from dockarmor.text.latin import path_text
from dockarmor.text.render import printable
from dockarmor.text.source import Source, Span

#: flags that say a mode: one of them holds
MODES = ("enforce", "complain", "kill", "unconfined", "prompt", "default_allow")
_WHAT = {"aa-complain": "complain", "aa-enforce": "enforce", "aa-disable": "disable"}
_SUMMARY = {
    "complain": "Let profiles only log what they would deny.",
    "enforce": "Let profiles deny what they do not allow.",
    "disable": "Unload profiles, and load them no more at boot.",
}


def run(name: str, arguments: list[str]) -> int:
    return change(name, arguments, Places())


def change(name: str, arguments: list[str], places: Places) -> int:
    """Answer one command line about the host at these places."""
    options = _options(name, arguments, places)
    if isinstance(options, int):
        return options
    kernel = None if options.no_reload else _kernel()
    mode = _WHAT[name]
    for words, meant in _meant(options):
        if mode == "disable":
            print(*(f"Disabling {word}." for word in words), sep="\n")
            _disable(meant, options, kernel)
        elif options.force or not _unconfined(words[0], meant, mode):
            print(*(f"Setting {word} to {mode} mode." for word in words), sep="\n")
            _set(meant, mode, options, kernel)
    return 0


def _kernel() -> Kernel:
    from dockarmor.cli.kernel import host

    return host()


def _options(name: str, arguments: list[str], places: Places) -> Namespace | int:
    parser = ArgumentParser(prog=name, description=_SUMMARY[_WHAT[name]])
    parser.add_argument("program", nargs="*", metavar="PROGRAM|PROFILE|FILE")
    parser.add_argument("-d", "--dir", default=places.policy, metavar="DIR", help="where profiles are kept")
    parser.add_argument("--no-reload", action="store_true", help="change the file only, not the kernel")
    parser.add_argument("--profile", metavar="NAME", help="a profile, by its name")
    parser.add_argument("--profile-file", metavar="FILE", help="all profiles of a file")
    parser.add_argument("--executable-file", metavar="PROGRAM", help="the profile that attaches to a program")
    parser.add_argument("--force", action="store_true", help="even for a profile that confines nothing")
    try:
        options = parser.parse_args(arguments)
        if not (options.program or options.profile or options.profile_file or options.executable_file):
            parser.error("name a program, a profile or a file")
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 2
    options.dir = os.path.realpath(options.dir)
    return options


def _meant(options: Namespace) -> Iterator[tuple[list[str], Meant]]:
    """What the arguments mean, each by the words that it is told by."""
    if options.profile_file:
        for meant in _found(options.profile_file, options.dir):
            profiles = sorted(meant.profiles or _all(meant.path), key=lambda profile: profile.span.start)
            yield [profile.name for profile in profiles], meant
    for argument in filter(None, [options.profile, options.executable_file, *options.program]):
        for meant in _found(argument, options.dir):
            yield [meant.path if meant.profiles is None else argument], meant


def _found(argument: str, folder: str) -> list[Meant]:
    found = find(argument, folder)
    if not found:
        print(f"Profile for {printable(os.fsencode(argument).decode('latin-1'))} not found, skipping")
    return found


def _unconfined(argument: str, meant: Meant, mode: str) -> bool:
    """A profile that only gives a program its name (runc, podman, …) confined nobody before, and must not now."""
    profiles = meant.profiles or _all(meant.path)
    free = any(not profile.flags.mediates for profile in profiles)
    if free:
        print(f"Profile {argument} is in unconfined mode. Use --force to switch it to {mode} mode.")
    return free


def _all(path: str) -> list[Profile]:
    return profiles_of(path, reading(os.path.dirname(path)))


def _set(meant: Meant, mode: str, options: Namespace, kernel: Kernel | None) -> None:
    for folder in ("disable", *(("force-complain",) if mode == "enforce" else ())):
        _unlink(_link(options.dir, folder, meant.path))
    with open(meant.path, "rb") as file:
        source = Source.from_bytes(path_text(meant.path), file.read())
    text = _edited(source, meant, mode)
    if text != source.text:
        replace_file(meant.path, [text.encode("latin-1")])
    if kernel is not None:
        _reload(meant.path, options, kernel)


def _edited(source: Source, meant: Meant, mode: str) -> str:
    """The text with the mode in its headers: of the profiles that are meant, with their hats, or of all."""
    parsed = parse(source, grammar())
    if parsed.diagnostics:
        raise DiagnosticError(parsed.diagnostics)
    starts = None if meant.profiles is None else {span.start for span in _headers(meant.profiles)}
    edits = []
    for node in walk(parsed.file.body):
        if isinstance(node, ProfileNode) and (starts is None or node.span.start in starts):
            kept = [word.text for word in node.flags if word.text not in MODES]
            edit = flag_edit(node, kept if mode == "enforce" else [*kept, mode])
            edits += [edit] if edit else []
    return apply(source, edits)


def _headers(profiles: Iterable[Profile]) -> Iterator[Span]:
    """Of profiles and their hats, which run the same program; children run others."""
    for profile in profiles:
        yield profile.span
        yield from (child.span for child in profile.children if child.hat)


def _disable(meant: Meant, options: Namespace, kernel: Kernel | None) -> None:
    link = _link(options.dir, "disable", meant.path)
    os.makedirs(os.path.dirname(link), exist_ok=True)
    if not os.path.lexists(link):
        os.symlink(meant.path, link)
    if kernel is None:
        return
    loaded, processes = {profile.name for profile in kernel.profiles()}, kernel.processes()
    for profile in _all(meant.path):
        name = full_name(profile.namespace, profile.name)
        for task in users(name, processes):
            note(f"unconfined from now on: {printable(task.executable)} ({task.pid})")
        if name in loaded:
            kernel.remove(name)


def _reload(path: str, options: Namespace, kernel: Kernel) -> None:
    from dockarmor.cli import loading

    reading = Namespace(complain=False, namespace=None, base=options.dir, include=[], jobs=1, no_cache=False)
    reading.policy_features = None
    try:
        loading.load(kernel, loading.compiled(reading, [path], kernel, told=False))
    except (DiagnosticError, KernelError):
        note(f"{printable(path_text(path))} is changed, but not loaded: what the kernel has is as before")
        raise


def _link(folder: str, below: str, path: str) -> str:
    return os.path.join(folder, below, os.path.basename(path))


def _unlink(link: str) -> None:
    if os.path.islink(link):
        os.unlink(link)
