"""What a program calls: the functions of the rooms, with what a program means when it says nothing.

Text goes in as `str` or as the `bytes` of a file, and comes out as `str`; bytes that are no UTF-8 survive the way (as
`surrogateescape` does it). Inside of nodes and rules text is latin-1: one character is one byte. Nothing here reads
the environment, prints, or looks at the host unless it is told where.
"""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from dockarmor.policy import written
from dockarmor.policy.builtin import KERNEL, builtin_base
from dockarmor.policy.features import FeatureSet
from dockarmor.policy.features import builtin as builtin_features
from dockarmor.policy.includes import Library
from dockarmor.policy.profile import Policy
from dockarmor.policy.read import grammar, library, read_text, require
from dockarmor.syntax import structure
from dockarmor.syntax.printer import print_file
from dockarmor.syntax.structure import Parsed
from dockarmor.syntax.tree import File, Node
from dockarmor.text.diagnostic import Diagnostic
from dockarmor.text.latin import byte_text, people_text
from dockarmor.text.source import Source

if TYPE_CHECKING:
    from dockarmor.access.request import Request
    from dockarmor.ask.explain import Explanation
    from dockarmor.ask.subject import Subject
    from dockarmor.compile.pipeline import Built

Text = str | bytes


# -- text and trees ---------------------------------------------------------------------------------------


def parse(text: Text, name: str = "<text>") -> Parsed:
    """The tree of a policy text, and all mistakes in it. Never raises for what the text says.

    >>> parsed = parse("profile p { /etc/hosts r, }")
    >>> parsed.diagnostics, parsed.file.body[0].name
    ((), Word(text='p'))
    """
    return structure.parse(Source(name, byte_text(text)), grammar())


def print_tree(node: File | Node) -> str:
    """The text that a tree was read from, byte for byte; of a node or rule the text at its place.

    Raises ValueError for a file that was not read as it is, but put together or changed: `write` is for that.

    >>> print_tree(parse("profile  p {}# mine").file)
    'profile  p {}# mine'
    """
    if not isinstance(node, File):
        return people_text(node.span.text)
    if not _as_read(node):
        raise ValueError("the tree was put together, or changed since it was read: it is written, not printed")
    return people_text(print_file(node))


def write(node: Any) -> str:
    """A file, a node or a rule as text in canonical style, from its values alone; comments are not among them.

    What is written has been read again and says the same. Raises DiagnosticError where no text can say it.

    >>> from dockarmor import make
    >>> write(make.deny(make.file("/srv/my files/**", "wk")))
    'deny "/srv/my files/**" wk,'
    """
    return people_text(written.write(node))


def rewrite(file: File, change: Callable[[Node], Any]) -> str:
    """The text of a file with changes. All that is not changed keeps its bytes, with comments and blanks.

    `change` is asked about every node, those inside of one before itself. It gives the node back (it stays), None
    (it goes), or what shall stand there: a node, a rule, text, or a sequence of these.

    >>> from dockarmor.syntax.tree import RuleNode
    >>> file = parse("profile p {\\n  /a r,  # one\\n  /b r,\\n}\\n").file
    >>> print(rewrite(file, lambda node: None if print_tree(node) == "/b r," else node), end="")
    profile p {
      /a r,  # one
    }
    """
    return people_text(written.rewrite(file, change))


def format_text(text: Text, *, base: str | None = None, include: Iterable[str] = (), name: str = "<text>") -> str:
    """The text in canonical style, comments kept. Raises DiagnosticError for a text with mistakes.

    >>> format_text("profile p { /a   wr,}")
    'profile p {\\n  /a rw,\\n}\\n'
    """
    from dockarmor.policy.formatted import formatted

    return people_text(formatted(Source(name, byte_text(text)), _library(base, include)))


# -- policy -----------------------------------------------------------------------------------------------


def read_policy(
    policy: Text | File, *, base: str | None = None, include: Iterable[str] = (), name: str = "<text>"
) -> Policy:
    """What a text, or a tree that was put together, says with its includes: profiles with all their rules.

    `base` is the folder of `<…>` includes, searched after those of `include`; None: the one that dockarmor brings
    along. Raises DiagnosticError for mistakes.

    >>> profile = read_policy("profile p { include <abstractions/base> }").profiles[0]
    >>> profile.name, len(profile.rules) > 20
    ('p', True)
    """
    return require(read_text(_source(policy, name), _library(base, include))).policy


def check(
    policy: Text | File,
    features: FeatureSet | str = KERNEL,
    *,
    base: str | None = None,
    include: Iterable[str] = (),
    name: str = "<text>",
) -> tuple[Diagnostic, ...]:
    """All that `dockarmor check` finds: mistakes, what this kernel drops, lints. Never raises for what a text says.

    >>> check("profile p { capability chmown, }")[0].message
    'unknown capability `chmown`'
    """
    from dockarmor.lint.examine import examine

    return examine(_source(policy, name), _library(base, include), features_of(features))


def features_of(features: FeatureSet | str) -> FeatureSet:
    """A feature set, or the one of this name that dockarmor brings along (DiagnosticError DA192).

    >>> features_of("kernel-6.12").has("signal")
    True
    """
    return builtin_features(features) if isinstance(features, str) else features


def compile_policy(policy: Policy, features: FeatureSet | str = KERNEL) -> "Built":
    """The blob that a kernel of these features loads, and warnings on what it cannot express.

    Raises DiagnosticError with the mistakes that only compiling finds, such as two exec transitions for one path.

    >>> built = compile_policy(read_policy("profile p { /a r, }"))
    >>> built.blob[3:10], [size.name for size in built.sizes]
    (b'version', ['p'])
    """
    from dockarmor.compile import pipeline

    return pipeline.compile_policy(policy, features_of(features))


# -- questions --------------------------------------------------------------------------------------------


def ask_about(policy: Policy | bytes, features: FeatureSet | str = KERNEL, *, name: str = "<policy>") -> "Subject":
    """A policy that `explain` can be asked about many times: it is compiled once. Bytes are a compiled blob."""
    from dockarmor.ask.subject import from_blob, from_policy

    if isinstance(policy, bytes):
        return from_blob(name, policy)
    return from_policy(name, policy, features_of(features))


def explain(subject: "Subject", request: "Request | str", profile: str | None = None) -> "Explanation":
    """Would a kernel allow this, and which rules decide? A request is a line, as on the command line.

    `profile` names one of several. Raises DiagnosticError for a line that is none, or a profile that is not there.

    >>> subject = ask_about(read_policy("profile p { /etc/** r, deny /etc/shadow r, }"))
    >>> explain(subject, "file r /etc/hosts").decision.allowed
    True
    >>> [print_tree(rule.placed.rule) for rule in explain(subject, "file r /etc/shadow").decided_by]
    ['deny /etc/shadow r,']
    """
    from dockarmor.access.grammar import parse_request
    from dockarmor.ask import explain as asking

    asked = parse_request(byte_text(request)) if isinstance(request, str) else request
    return asking.explain(subject, asked, profile)


def _source(policy: Text | File, name: str) -> Source:
    if not isinstance(policy, File):
        return Source(name, byte_text(policy))
    return policy.source if _as_read(policy) else Source(name, written.write(policy))


def _as_read(file: File) -> bool:
    """Does the file's source say what its tree does? Nodes of a changed tree may still point into the old text."""
    return structure.parse(file.source, grammar()).file.body == file.body


def _library(base: str | None, include: Iterable[str]) -> Library:
    folders = tuple(map(byte_text, include))
    return library(byte_text(builtin_base() if base is None else base), folders)
