"""What a resolved profile says in words that need no other line: every variable replaced by its values."""

from typing import Any

from dockarmor.policy.profile import Profile
from dockarmor.policy.variables import Variables
from dockarmor.rules.spelling import spell
from dockarmor.syntax.cursor import Word
from dockarmor.syntax.qualifiers import Qualifiers
from dockarmor.text.regex import regex
from dockarmor.text.source import Span
from dockarmor.value import fields, replace

#: what tells the branches of an alternation apart; in a class, and behind a backslash, it is text
_SYNTAX = regex(r"[{},]|\\[\s\S]|\[(?:[^\]\\]|\\[\s\S])*\]")
_FLAG = regex(r"[A-Za-z0-9_./=@{}*-]+")
_SLASH = regex(r"/(?![*/])")


def expanded_rule(rule: Any, variables: Variables) -> Any:
    """The same rule with the values of sets in place of their names. Raises DiagnosticError as `Variables` does.

    >>> from dockarmor.rules.make import file
    >>> from dockarmor.rules.registry import write
    >>> write(expanded_rule(file("@{HOME}/.ssh/**", "r"), Variables({"HOME": ("/root", "/home/*")})))
    '/{home/*,root}/.ssh/** r,'
    """
    changes: dict[str, Any] = {}
    for one in fields(rule):
        before = getattr(rule, one.name)
        after = _expanded(before, variables)
        if after is not before:
            changes[one.name] = after
    return replace(rule, **changes) if changes else rule


def _expanded(value: Any, variables: Variables) -> Any:
    """The value itself where no variable is in it."""
    if isinstance(value, Word):
        text = variables.expand(value.text, value.span)
        return value if text == value.text else Word(_rooted(text), value.span)
    if isinstance(value, tuple):
        inner = tuple(_expanded(one, variables) for one in value)
        return value if all(new is old for new, old in zip(inner, value, strict=True)) else inner
    if hasattr(value, "_fields_") and not isinstance(value, Span | Qualifiers):
        return expanded_rule(value, variables)
    return value


def _rooted(text: str) -> str:
    """The same paths written to begin with a slash, where that can be: no rule can be written that begins with `{`.

    The slash that begins every branch of the alternation comes before it; an empty branch needs the one that follows.
    A star beside a slash that moves would mean something else then: so that text stays as it is.

    >>> _rooted("{/etc,/usr/{a,b}}/x"), _rooted("{,/b}/c"), _rooted("{/*,/b}"), _rooted("{,/b}/*")
    ('/{etc,usr/{a,b}}/x', '/{,b/}c', '{/*,/b}', '{,/b}/*')
    """
    found = _branches(text) if text.startswith("{") else None
    if found is None:
        return text
    branches, rest = found
    if "" in branches and rest.startswith("/"):
        if rest.startswith("/*") or any(branch.endswith(("/*", "/**")) for branch in branches):
            return text
        branches = ["/" if not branch else branch + "/" for branch in branches]
        rest = rest[1:]
    if not all(_SLASH.match(branch) for branch in branches):
        return text
    return f"/{{{','.join(branch[1:] for branch in branches)}}}{rest}"


def _branches(text: str) -> tuple[list[str], str] | None:
    """The branches of the alternation that a text begins with, and what follows; None where it has no end."""
    depth, start = 0, 1
    branches: list[str] = []
    for piece in _SYNTAX.finditer(text):
        depth += {"{": 1, "}": -1}.get(piece[0], 0)
        if not depth or (depth == 1 and piece[0] == ","):
            branches.append(text[start : piece.start()])
            start = piece.end()
        if not depth:
            return branches, text[start:]
    return None


def head(profile: Profile, own: str) -> str:
    """The profile's head up to its brace, under the name `own`."""
    words = ["hat" if profile.hat else "profile", spell(f":{profile.namespace}:{own}" if profile.namespace else own)]
    if profile.attachment is not None:
        words.append(spell(_rooted(profile.attachment)))
    if profile.xattrs:
        words.append(f"xattrs=({' '.join(f'{name}={spell(value)}' for name, value in profile.xattrs)})")
    if profile.flags.words:
        expand = profile.variables.expand
        words.append(f"flags=({','.join(_flag(expand(word, profile.span)) for word in profile.flags.words)})")
    return " ".join(words)


def _flag(word: str) -> str:
    return word if _FLAG.fullmatch(word) else spell(word)
