"""Profile flags: words to values, and which do not go together (apparmor.d(5), PROFILE FLAGS)."""

from collections.abc import Callable

from dockarmor.policy.profile import Flags
from dockarmor.policy.variables import Variables
from dockarmor.rules.aare import filter_slashes
from dockarmor.rules.signal_names import NAMES, canonical
from dockarmor.syntax.cursor import Word
from dockarmor.text.diagnostic import Diagnostic, DiagnosticError, Label

_MODES = ("enforce", "complain", "kill", "unconfined", "prompt", "default_allow")
_OPPOSITES = (
    ("chroot_relative", "namespace_relative"),
    ("mediate_deleted", "delegate_deleted"),
    ("attach_disconnected", "no_attach_disconnected"),
    ("attach_disconnected.path", "no_attach_disconnected"),
    ("attach_disconnected.ipc", "no_attach_disconnected"),
    ("chroot_attach", "chroot_no_attach"),
)


def read_flags(words: tuple[Word, ...], variables: Variables) -> Flags:
    """The flags that the words say. Raises DiagnosticError (DA130 to DA132)."""
    seen: dict[str, Word] = {}
    values: dict[str, str] = {}
    for word in words:
        name, _, value = word.text.partition("=")
        name = "mode" if name in _MODES else name
        text = word.text if name == "mode" else value
        if name in seen and values[name] != text:
            if name != "attach_disconnected.ipc" or (text and values[name]):
                raise _conflict(word, seen[name])
            word = word if text else seen[name]  # once with its path, once without
            text = text or values[name]
        seen[name] = word
        values[name] = text
    for one, other in _OPPOSITES:
        if one in seen and other in seen:
            raise _conflict(seen[other], seen[one])
    _check_value(seen.get("kill.signal"), "signal", lambda value: canonical(value) is not None)
    _check_value(seen.get("error"), "error", _is_errno)
    return Flags(
        mode=values.get("mode", "enforce"),
        audit="audit" in seen,
        attach_disconnected="attach_disconnected" in seen or "attach_disconnected.path" in seen,
        disconnected_path=_path(seen.get("attach_disconnected.path"), variables),
        disconnected_ipc=_path(seen.get("attach_disconnected.ipc"), variables),
        mediate_deleted="mediate_deleted" in seen,
        chroot_relative="chroot_relative" in seen,
        chroot_attach="chroot_attach" in seen,
        interruptible="interruptible" in seen,
        debug="debug" in seen,
        kill_signal=values.get("kill.signal"),
        error=values.get("error"),
        words=tuple(word.text for word in words),
    )


def _check_value(word: Word | None, what: str, known: Callable[[str], bool]) -> None:
    if word is None:
        return
    name, _, value = word.text.partition("=")
    if not known(value):
        near = _near(what, value)
        example = "`kill.signal=term`" if what == "signal" else "`error=EACCES`"
        help = (f"did you mean `{name}={near}`?" if near else f"write the name of one, as in {example}",)
        raise DiagnosticError([Diagnostic("DA132", f"`{name}=` names no {what}", word.span, help=help)])


def _near(what: str, value: str) -> str | None:
    """The name that may be meant; people write SIGTERM where the language says `term`."""
    import difflib
    import errno

    if what == "signal":
        near = difflib.get_close_matches(value[:64].lower().removeprefix("sig"), NAMES, 1)
    else:
        near = difflib.get_close_matches(value[:64].upper(), errno.errorcode.values(), 1)
    return near[0] if near else None


def _is_errno(value: str) -> bool:
    """errno(3) names, in any case."""
    import errno

    return value.isascii() and value[:1] in "eE" and isinstance(getattr(errno, value.upper(), None), int)


def _path(word: Word | None, variables: Variables) -> str | None:
    """The path of a disconnected flag: absolute once variables are expanded; no slash doubled or at the end."""
    if word is None or "=" not in word.text:
        return None
    text = variables.expand(word.text.partition("=")[2].strip('"'), word.span)
    if not text.startswith("/"):
        raise DiagnosticError([Diagnostic("DA131", "the path of this flag begins with `/`", word.span)])
    return filter_slashes(text).rstrip("/")  # `/` is empty: the kernel writes it before a path that begins with one


def _conflict(word: Word, other: Word) -> DiagnosticError:
    return DiagnosticError(
        [
            Diagnostic(
                "DA130",
                f"the flags `{other}` and `{word}` contradict each other",
                word.span,
                others=(Label(other.span, "the other is here"),),
            )
        ]
    )
