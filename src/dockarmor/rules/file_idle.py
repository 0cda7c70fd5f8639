"""Parts of file rules that mean nothing, or not what they seem to, and why."""

from collections.abc import Iterator

from dockarmor.rules.conditions import shown
from dockarmor.rules.file_mode import LINK
from dockarmor.rules.kind import Dropped
from dockarmor.rules.link import untested
from dockarmor.rules.policy_entry import idle, weakened
from dockarmor.syntax.cursor import Word
from dockarmor.text.diagnostic import Diagnostic, Severity
from dockarmor.text.regex import regex

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dockarmor.rules.file import FileRule

# Linear where a `]` follows: nothing is scanned twice.
_GLOB_IN_CLASS = regex(r"\\[\s\S]|\[(?:[^\]\\*?]++|\\[\s\S])*+(?:([*?])[^\]]*+\])?")
#: exec permissions that lead to no profile of their own, and which ones they are with a target
_NOWHERE = {"ix": "Pix", "ux": "px", "Ux": "Px"}


def idle_parts(rule: "FileRule") -> Iterator[Dropped]:
    """A target that nothing leads to, `safe` where no environment is ever scrubbed, `subset` without its test."""
    denied = rule.qualifiers.effect == "deny"
    if rule.target is not None and rule.exec is None and not rule.letters & LINK:
        help = "a target goes with an exec permission (`Px -> profile`) or with a link (`l -> /file`)"
        yield idle(f"`-> {shown(rule.target.text)}`", "this rule allows neither exec nor links", rule.span, help)
    elif rule.target is not None and rule.exec is not None and denied:
        why = "a deny rule denies every exec, whatever profile it leads to"
        yield idle(f"`-> {shown(rule.target.text)}`", why, rule.span)
    elif rule.target is not None and rule.exec in _NOWHERE:
        yield _led(rule, rule.exec, shown(rule.target.text))
    if rule.subset:
        yield from untested(rule.qualifiers, rule.span)
    if rule.environment == "safe" and denied:
        why = "a deny rule denies exec with any environment"
        yield idle("`safe`", why, rule.span)
    elif rule.environment == "safe" and rule.exec == "ix":
        why = "where a program runs under the same profile (`ix`) no environment is scrubbed"
        yield idle("`safe`", why, rule.span, "`Px`, `Cx` and `Ux` scrub it; remove `safe` where `ix` is meant")


def globs_in_classes(path: Word) -> Iterator[Dropped]:
    """The rule is compiled, but it does not say what it seems to say. Of several in a path the first is told."""
    classes = _GLOB_IN_CLASS.finditer(path.text, 0, path.text.rfind("]") + 1)
    glob = next((found for found in classes if found[1]), None)
    if glob is not None:
        yield Dropped(
            Diagnostic(
                "DA310",
                f"`{glob[1]}` inside of `[…]` is neither the character nor a glob: the class ends there",
                path.span.part(glob.group()),
                Severity.WARNING,
                label="no path that you mean matches this part",
                help=(f"write `\\{glob[1]}` for the character; a glob stands outside of the class",),
            )
        )


def _led(rule: "FileRule", exec: str, target: str) -> Dropped:
    """The target decides under which profile the program runs; the letter only what happens where it is not there."""
    meant = _NOWHERE[exec]
    other = "under this one" if exec == "ix" else "not at all"
    helps = [f"write `{meant} -> {target}` where that is meant, `{exec}` alone where not"]
    if rule.letters & LINK:
        helps.append("what `l` may link to is said in a rule of its own: `link /new -> /existing,`")
    message = f"`{exec} -> {target}` runs the program under `{target}`, or, where that is not loaded, {other}"
    return weakened("DA430", message, rule.span, *helps)
