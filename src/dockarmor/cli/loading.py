"""From policy arguments to what is written to a kernel: compiled for what that kernel can do, blobs as they are.

As apparmor_parser does, a file is left out whose name stands in the folder `disable` beside it, and is loaded in
complain mode where it stands in `force-complain`.
"""

import os
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Iterable, Sequence
from errno import EEXIST, ENAMETOOLONG, ENOENT

from dockarmor.cli.compiling import Built, Road, built, is_blob, open_cache, policy_names, strings
from dockarmor.cli.kernel import feature_set
from dockarmor.cli.output import count_words, note, words
from dockarmor.cli.places import base_folder
from dockarmor.cli.policy import shown
from dockarmor.cli.policy_features import Pin, add_compiling, is_pinned, pin, tell
from dockarmor.compile.records import by_namespace, namespaces
from dockarmor.kernel.label_text import full_name
from dockarmor.kernel.protocol import Kernel, KernelError, KernelUnavailable
from dockarmor.kernel.refusal import meaning
from dockarmor.kernel.unloadable import is_too_long, orphans
from dockarmor.policy.features import FeatureSet
from dockarmor.text.diagnostic import Diagnostic, DiagnosticError
from dockarmor.text.latin import path_text
from dockarmor.text.render import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dockarmor.compile.batch import Settings
    from dockarmor.compile.cache import Output


def add_loading(parser: ArgumentParser) -> None:
    """Options on how policy is compiled for loading."""
    parser.add_argument("--complain", action="store_true", help="in complain mode, whatever the profiles say")
    parser.add_argument(
        "--namespace", type=_namespace, metavar="NAME", help="into this policy namespace; it is made if need be"
    )
    add_compiling(parser)
    parser.add_argument("--dry-run", action="store_true", help="compile and say what would be done")


def _namespace(name: str) -> str:
    """What a kernel can make by loading: it would make `:a:` as well, and never find it again."""
    if not name or ":" in name or "/" in name:
        raise ArgumentTypeError("a namespace has a name without colons and slashes")
    return name


def compiled(options: Namespace, arguments: Sequence[str], target: Kernel, *, told: bool = True) -> list[Built]:
    """Each file's policy, in order. Raises DiagnosticError with the errors of all files, OSError.

    `told`: that a host's pin decided is said.
    """
    results = compiled_or_not(options, arguments, target, told=told)
    if errors := _findings(results):
        raise DiagnosticError(errors)
    return results


def compiled_or_not(
    options: Namespace, arguments: Sequence[str], target: Kernel, *, told: bool = True
) -> list[Built]:
    """The same, with the errors of a file in its place. Raises DiagnosticError for what concerns all, OSError."""
    names = list(dict.fromkeys(_enabled(policy_names(arguments))))
    if options.complain or options.namespace:
        _refuse_blobs(names)
    pinned = {name for name in names if is_pinned(name, options.policy_features)}
    asked = pin(options.policy_features, target.name) if pinned else None
    roads: dict[tuple[bool, bool], list[str]] = {}
    for name in names:
        complain = options.complain or _listed(name, "force-complain")
        roads.setdefault((complain, asked is not None and name in pinned), []).append(name)
    features, found = feature_set(target), dict[str, Built]()
    for (complain, heeds), those in roads.items():
        road = _road(options, features, asked if heeds else None, complain=complain)
        found |= zip(those, built(those, road), strict=True)
    if asked is not None and told:
        tell(asked, [found[name] for name in names if name in pinned])
    return [found[name] for name in names]


def refuse_missing(arguments: Iterable[str]) -> None:
    """Raise FileNotFoundError for a path that is not there: a mistake of the command line, not of one file."""
    from dockarmor.containers.default import PAGE_NAME, TODAY_NAME

    for argument in arguments:
        if argument not in ("-", PAGE_NAME, TODAY_NAME) and not os.path.exists(argument):
            raise FileNotFoundError(ENOENT, os.strerror(ENOENT), argument)


def refuse_twice(results: Iterable[Built]) -> None:
    """Raise DiagnosticError where two files bring a profile of one name: only one of them can be loaded."""
    if errors := _findings(without_twice(results)):
        raise DiagnosticError(errors)


def without_twice(results: Iterable[Built]) -> list[Built]:
    """The same, where files that bring a profile of one name have that for their error."""
    results = list(results)
    errors: dict[str, list[Diagnostic]] = {}
    for name, files in _twice(results).items():
        message = f"there are two profiles `{name}`: in {' and in '.join(map(shown, files))}"
        found = Diagnostic("DA029", message, help=("name one of them, or link the other's name into `disable`",))
        for file in files:
            errors.setdefault(file, []).append(found)
    return [
        Built(one.name, one.output, DiagnosticError(errors[one.name])) if one.name in errors else one
        for one in results
    ]


def _twice(results: Iterable[Built]) -> dict[str, list[str]]:
    """The profiles that two files or more bring, and those files."""
    found: dict[str, list[str]] = {}
    for one in results:
        for name in profile_names([one]):
            found.setdefault(name, []).append(one.name)
    return {name: files for name, files in found.items() if len(files) > 1}


def say_errors(results: Iterable[Built]) -> None:
    """What is wrong with files, each once."""
    from dockarmor.cli.failure import report

    if errors := _findings(results):
        report(DiagnosticError(errors))


def _findings(results: Iterable[Built]) -> list[Diagnostic]:
    """All errors; one of two files is one error."""
    found = {id(one): one for each in results if each.error for one in each.error.diagnostics}
    return list(found.values())


def load_most(options: Namespace, target: Kernel, results: Sequence[Built]) -> list[Built]:
    """Load all but what is broken or refused, and tell; the files that are not loaded. Raises KernelUnavailable.

    Of those the kernel keeps what it had. With --dry-run nothing is loaded.
    """
    say_errors(results)
    good = [one for one in results if one.error is None]
    doubled = _twice(good)
    for name, files in doubled.items():
        places = " and in ".join(printable(shown(file)) for file in files)
        note(f"there are two profiles `{printable(name)}`: in {places}; the last one is loaded")
    refused = [] if options.dry_run else _load_each(target, good, together=not doubled)
    names = count_words(profile_names(one for one in good if one not in refused)) or "nothing"
    note(f"{'would load' if options.dry_run else 'loaded'} into {target.name}: {names}")
    bad = [one for one in results if one.error is not None or one in refused]
    if bad:
        which = count_words([shown(one.name) for one in bad], "files")
        note(f"not loaded: {len(bad)} of {len(results)} files, of which the kernel keeps what it had: {which}")
    return bad


def _load_each(target: Kernel, good: Sequence[Built], *, together: bool) -> list[Built]:
    """All at once; where the kernel refuses that, one by one. Gives those that it refused.

    Kernels take two profiles of one name in one write, and then have both: files that bring such go one by one.
    """
    if together:
        try:
            load(target, good)
            return []
        except KernelUnavailable:
            raise
        except KernelError:
            pass
    return [one for one in good if not _loaded(target, one)]


def _loaded(target: Kernel, one: Built) -> bool:
    try:
        load(target, [one])
    except KernelUnavailable:
        raise
    except KernelError as error:
        note(f"{printable(shown(one.name))}: {words(error)}")
        return False
    return True


def load(target: Kernel, results: Iterable[Built], *, replace: bool = True) -> None:
    """Write policy to a kernel: one write for all of a namespace, so all of it or nothing. Raises KernelError."""
    results = list(results)
    names = profile_names(results)
    _with_parents(target, names)
    _refuse_long(names)
    if not replace:
        _refuse_loaded(target, names)
    together: dict[bytes, list[bytes]] = {}
    for one in results:
        if one.output is not None and one.output.blob:
            for namespace, blob in by_namespace(one.output.blob).items():
                together.setdefault(namespace, []).append(blob)
    at_once = feature_set(target).has("policy/set_load")
    for blobs in together.values():
        if at_once:
            target.load(b"".join(blobs), replace=replace)
        else:
            for blob in blobs:
                target.load(blob, replace=replace)


def _refuse_loaded(target: Kernel, names: Sequence[str]) -> None:
    """Kernels say only that something is loaded, and from 6.17 on keep what they refused half in mind."""
    there = {one.name for one in target.profiles()}
    if found := [name for name in names if name in there]:
        help = "`--add` refuses to replace it, without `--add` it is replaced"
        raise KernelError(f"loaded already: {count_words(found)}; {help}", EEXIST)


def _refuse_long(names: Sequence[str]) -> None:
    """Refuse what has no room in the kernel's files before the kernel does."""
    for name in filter(is_too_long, names):
        raise KernelError(f"profile {printable(name[:80])}…: {meaning('load', ENAMETOOLONG)}", ENAMETOOLONG)


def _with_parents(target: Kernel, names: Sequence[str]) -> None:
    """Refuse a child whose parent is neither loaded nor among these, before the kernel does."""
    alone = orphans(names)
    if not alone:
        return
    there = {one.name for one in target.profiles()}
    for name, parent in alone.items():
        if parent not in there:
            raise KernelError(f"profile {printable(name)}: {meaning('load', ENOENT)}", ENOENT)


def profile_names(results: Iterable[Built]) -> list[str]:
    """The full names of what is loaded, children too."""
    return list(dict.fromkeys(name for one in results if one.output for name in _full_names(one.output)))


def _full_names(output: "Output") -> list[str]:
    names = [figures.name for figures in output.profiles]
    places = [place.decode("latin-1") for place in namespaces(output.blob)] or [""] * len(names)
    return [full_name(*pair) for pair in zip(places, names, strict=True)]


def _road(options: Namespace, features: FeatureSet, asked: Pin | None, *, complain: bool) -> Road:
    namespace = None if options.namespace is None else path_text(options.namespace)
    asked = asked or Pin()
    features = asked.kernel or features

    def settings(key: bytes) -> "Settings":
        from dockarmor.compile.batch import Settings
        from dockarmor.compile.pipeline import Options

        how = Options(complain=complain, namespace=namespace)
        return Settings(features, key, how, asked.policy, asked.override)

    says = (features.text(), "complain" if complain else "", namespace or "", *asked.key())
    key = strings((b"kernel", *(text.encode("latin-1") for text in says)))
    cache = None if options.no_cache else open_cache()
    return Road((*options.include, base_folder(options.base)), key, settings, cache, jobs=max(1, options.jobs))


def _enabled(names: Iterable[str]) -> Iterable[str]:
    for name in names:
        if _listed(name, "disable"):
            note(f"{printable(shown(name))} is left out: it stands in `disable`")
        else:
            yield name


def _listed(name: str, folder: str) -> bool:
    place, own = os.path.split(name)
    return os.path.lexists(os.path.join(place, folder, own)) and os.path.isfile(name)


def _refuse_blobs(names: Iterable[str]) -> None:
    for name in names:
        if _is_blob(name):
            message = f"{shown(name)} is compiled already: mode and namespace are part of what was compiled"
            help = ("name the policy text, or load it without --complain and --namespace",)
            raise DiagnosticError([Diagnostic("DA601", message, help=help)])


def _is_blob(name: str) -> bool:
    try:
        return os.path.isfile(name) and is_blob(name)
    except OSError:  # said of the file when it is read
        return False
