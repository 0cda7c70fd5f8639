"""Feature sets: what a kernel can mediate, and what a policy's ABI file says its author knew of.

A set is the tree under /sys/kernel/security/apparmor/features, or the same as one text, `name {value}` with
blocks nested (libapparmor features.c; apparmor.d(5), FEATURE ABI). A value counts as the last element of a
path: `policy/permstable32_version/0x000003`.
"""

import os
import re
from collections.abc import Iterable, Mapping

from dockarmor.policy import MAX_FEATURES
from dockarmor.text.diagnostic import Diagnostic, DiagnosticError
from dockarmor.text.regex import regex
from dockarmor.text.source import Source, Span
from dockarmor.value import field, frozen

#: how deep a set nests; real ones have four levels
MAX_DEPTH = 16

#: Feature paths that say how the kernel reads a blob, not what it mediates: no policy ABI has a say in them.
KERNEL_ONLY = ("policy", "mount/move_mount")

_BELOW_KERNEL_ONLY = tuple(name + "/" for name in KERNEL_ONLY)

_TOKEN = regex(r"[{}]|[^\s{}]+")


@frozen
class Feature:
    """A node of the tree: its name, its value's words, and what is below it."""

    name: str
    words: tuple[str, ...] = ()
    children: "tuple[Feature, ...]" = ()

    def text(self) -> str:
        inner = "".join(child.text() for child in self.children)
        return f"{self.name} {{{' '.join(self.words)}\n{inner}}}\n"


@frozen
class FeatureSet:
    """A tree of features; two sets with equal trees are equal, whatever they are called.

    >>> made = FeatureSet.parse("mine", "signal {mask {hup int\\n}\\n}\\n")
    >>> made.has("signal/mask/int"), made.has("signal/mask/kill")
    (True, False)
    """

    name: str = field(compare=False)
    features: tuple[Feature, ...] = ()
    _paths: set[str] = field(default_factory=set, compare=False, repr=False)

    @classmethod
    def parse(cls, name: str, text: str) -> "FeatureSet":
        """Read the text form. Raises DiagnosticError: DA190 (malformed), DA191 (too large or too deep)."""
        source = Source(name, text)
        if len(text) > MAX_FEATURES:
            raise _too_large(f"{name} has more than {MAX_FEATURES} bytes, no feature set is that large")
        return cls(name, _Reader(source).read())

    @classmethod
    def from_tree(cls, name: str, tree: Mapping[str, object]) -> "FeatureSet":
        """From nested mappings whose leaves are file contents (kernel.protocol, `Kernel.features`)."""
        return cls(name, _from_mapping(tree, 0))

    def has(self, feature: str) -> bool:
        """Is this path, or this value below a path, in the set?"""
        if not self._paths:
            self._paths.update(_paths("", self.features))
        return feature in self._paths

    def words(self, feature: str) -> tuple[str, ...]:
        """The words of a value in the order in which they stand; empty where there is none.

        >>> builtin("kernel-6.1").words("caps/mask")[:2]
        ('chown', 'dac_override')
        """
        nodes: Iterable[Feature] = self.features
        found = None
        for part in feature.split("/"):
            found = next((node for node in nodes if node.name == part), None)
            if found is None:
                return ()
            nodes = found.children
        return found.words if found else ()

    def text(self) -> str:
        """The canonical text: names in order. Equal sets have equal text, so it can be a cache key."""
        return "".join(feature.text() for feature in self.features)


@frozen
class Negotiated:
    """What a policy's ABI and a kernel agree on.

    A class of rules is used where both have it; how blobs are written is the kernel's alone.

    >>> agreed = Negotiated(policy=builtin("default"), kernel=builtin("kernel-7.2"))
    >>> agreed.has("network_v9"), agreed.kernel_has("network_v9"), agreed.has("policy/state32")
    (False, True, True)
    """

    kernel: FeatureSet
    policy: FeatureSet

    def has(self, feature: str) -> bool:
        if not self.kernel.has(feature):
            return False
        return feature in KERNEL_ONLY or feature.startswith(_BELOW_KERNEL_ONLY) or self.policy.has(feature)

    def kernel_has(self, feature: str) -> bool:
        return self.kernel.has(feature)


def intersect(policy: FeatureSet | None, kernel: FeatureSet) -> Negotiated:
    """Negotiate; without an ABI the policy knows what the kernel knows (docs/decisions/0001)."""
    return Negotiated(kernel=kernel, policy=kernel if policy is None else policy)


def names() -> tuple[str, ...]:
    """The sets that the package brings along: `default` and one per kernel generation."""
    return tuple(sorted(entry for entry in os.listdir(_folder()) if not entry.startswith(("_", "."))))


def builtin(name: str) -> FeatureSet:
    """A set that the package brings along. Raises DiagnosticError (DA192) for another name."""
    known = names()
    if name not in known:
        raise DiagnosticError(
            [
                Diagnostic(
                    "DA192",
                    f"there is no built-in feature set `{name}`",
                    help=(f"built in are {', '.join(known)}",),
                )
            ]
        )
    with open(os.path.join(_folder(), name), encoding="latin-1") as file:
        return FeatureSet.parse(name, file.read())


def _folder() -> str:
    from dockarmor import data

    return os.path.join(os.path.dirname(data.__file__), "features")


def _paths(prefix: str, features: Iterable[Feature]) -> Iterable[str]:
    for feature in features:
        path = prefix + feature.name
        yield path
        for word in feature.words:
            yield f"{path}/{word}"
        yield from _paths(path + "/", feature.children)


def _from_mapping(tree: Mapping[str, object], depth: int) -> tuple[Feature, ...]:
    if depth > MAX_DEPTH:
        raise _too_large(f"features are nested more than {MAX_DEPTH} levels deep")
    made = []
    for name in sorted(tree):
        if name.startswith("."):
            continue
        value = tree[name]
        if isinstance(value, Mapping):
            made.append(Feature(name, (), _from_mapping(value, depth + 1)))
        else:
            made.append(Feature(name, tuple(str(value).split())))
    return tuple(made)


class _Reader:
    """Reads the text form, one token after the other."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.tokens = list(_TOKEN.finditer(source.text))
        self.at = 0

    def read(self) -> tuple[Feature, ...]:
        words, features = self.block(0)
        if self.at < len(self.tokens) and not features:
            raise self.malformed("this `}` closes nothing", self.tokens[self.at])
        # Debian's abi/kernel-5.4-vanilla has a brace too many in its midst: libapparmor finds nothing behind it.
        if words:
            raise self.malformed(f"`{words[0]}` is not followed by a block `{{…}}`", self.tokens[0])
        return features

    def block(self, depth: int) -> tuple[tuple[str, ...], tuple[Feature, ...]]:
        """block = { word | name "{" block "}" }"""
        if depth > MAX_DEPTH:
            raise _too_large(f"{self.source.name} nests features more than {MAX_DEPTH} levels deep")
        words: list[str] = []
        features: list[Feature] = []
        while self.at < len(self.tokens) and self.tokens[self.at].group() != "}":
            token = self.tokens[self.at]
            if token.group() == "{":
                raise self.malformed("a block has no name", token)
            self.at += 1
            if self.at < len(self.tokens) and self.tokens[self.at].group() == "{":
                self.at += 1
                inside = self.block(depth + 1)
                if self.at == len(self.tokens):
                    raise self.malformed(f"the block `{token.group()}` is not closed", token)
                self.at += 1
                features.append(Feature(token.group(), *inside))
            else:
                words.append(token.group())
        return tuple(words), tuple(sorted(features, key=lambda feature: feature.name))

    def malformed(self, message: str, token: re.Match[str]) -> DiagnosticError:
        span = Span(self.source, token.start(), token.end())
        return DiagnosticError(
            [Diagnostic("DA190", message, span, help=("a feature set is written `name {value}`, nested",))]
        )


def _too_large(message: str) -> DiagnosticError:
    return DiagnosticError([Diagnostic("DA191", message)])
